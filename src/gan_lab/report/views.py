"""A section as the text, pictures and positions that the templates put in place."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from gan_lab.report.analysis import COSTS, Analysis, Row
from gan_lab.report.curves import Band, read_band
from gan_lab.report.grids import MOST_GRIDS, Grid, read_grids
from gan_lab.report.plots import COLOURS, draw_curves, is_logarithmic
from gan_lab.report.stamps import Stamp, other_protocols
from gan_lab.report.statistics import judged_level
from gan_lab.report.wording import (
    NONE,
    decimals,
    fixed,
    interval,
    mean_and_std,
    percent,
    runs_of,
    signed,
    verdict_lines,
)

MOST_NUMBERS = 60  # columns of the second table
MOST_KEYS = 60  # rows of the table of configurations
BAR = 120  # units of width of the small picture of an interval


@dataclass(frozen=True)
class View:
    """What a template needs of a section; texts are not yet escaped."""

    analysis: Analysis
    rows: list[dict[str, Any]]
    numbers: list[str]
    number_rows: list[tuple[str, list[str]]]
    short_numbers: list[str]
    short_number_rows: list[tuple[str, list[str]]]
    configuration: list[tuple[str, list[str]]]
    stamp: Stamp
    other_stamp: Stamp
    verdicts: list[str]
    kinds: list[str]
    better: str
    level: str
    has_bars: bool
    curves: str
    legend: list[tuple[str, str, int]]
    is_logarithmic: bool
    curves_left_out: int
    grids: list[Grid]
    grid_seeds: list[int]
    grids_left_out: int
    warnings: list[str]


def view_of(analysis: Analysis, with_grids: bool) -> View:
    """Put a section into words and pictures; curves and grids are read now, of the runs that they show."""
    rows = main_rows(analysis)
    names = further_numbers(analysis)
    short_names = [name for name in names if ": " not in name or name == f"{analysis.metric}: times floor"]
    bands, warnings = read_bands(analysis)
    grids, told = read_grids(analysis.section) if with_grids else ([], ["sample grids are left out: too many"])
    drawn = zip(bands, COLOURS, strict=False)
    finished = sum(1 for row in analysis.rows if row.choice.counted)
    return View(
        analysis=analysis,
        rows=rows,
        numbers=names,
        number_rows=number_rows(analysis.rows, names),
        short_numbers=short_names,
        short_number_rows=number_rows(analysis.rows, short_names),
        configuration=configuration(analysis),
        stamp=analysis.stamp,
        other_stamp=other_protocols(analysis.section, analysis.metric),
        verdicts=verdict_lines(analysis),
        kinds=[row.verdict for row in analysis.rows if not row.is_baseline] or [""],
        better=analysis.better.get(analysis.metric or "", "neither"),
        level=percent(judged_level(analysis.comparisons)),
        has_bars=any(row["bar"] for row in rows),
        curves=data_uri("image/svg+xml", draw_curves(bands, analysis.metric or "")) if bands else "",
        legend=[(band.label, colour, band.runs) for band, colour in drawn],
        is_logarithmic=bool(bands) and is_logarithmic(bands),
        curves_left_out=finished - len(curve_rows(analysis)),
        grids=grids,
        grid_seeds=sorted({grid.seed for grid in grids}),
        grids_left_out=max(0, finished - MOST_GRIDS) if grids else 0,
        warnings=[*analysis.warnings, *warnings, *told],
    )


def read_bands(analysis: Analysis) -> tuple[list[Band], list[str]]:
    """The curves to draw, none where all would be points; and warnings."""
    bands, warnings = [], []
    for row in curve_rows(analysis):
        band, told = read_band(row.choice, analysis.metric or "")
        warnings += told
        bands += [] if band is None else [band]
    return (bands if any(len(band.iterations) > 1 for band in bands) else []), warnings


def data_uri(kind: str, content: bytes) -> str:
    """A file as an address that holds it."""
    return f"data:{kind};base64,{base64.b64encode(content).decode()}"


def further_numbers(analysis: Analysis) -> list[str]:
    """The names of the second table's columns: other numbers of the metrics, then what the runs cost."""
    names = dict.fromkeys(name for row in analysis.rows for name in row.numbers if name != analysis.metric)
    measured = [name for name in names if name not in COSTS]
    return [*measured[:MOST_NUMBERS], *(name for name in COSTS if name in names)]


def curve_rows(analysis: Analysis) -> list[Row]:
    """The choices whose curves are drawn: all, or as many as there are colours, the baseline and the best."""
    having = [row for row in analysis.rows if row.main.mean is not None]
    if len(having) <= len(COLOURS):
        return having
    sign = -1 if analysis.better.get(analysis.metric or "") == "higher" else 1
    ranked = sorted(having, key=lambda row: (not row.is_baseline, sign * (row.main.mean or 0)))
    return ranked[: len(COLOURS)]


def main_rows(analysis: Analysis) -> list[dict[str, Any]]:
    """The cells of the first table, the baseline's first."""
    metric = analysis.metric or ""
    places = decimals([row.main for row in analysis.rows])
    differences = {row.choice.label: row.differences.get(metric) for row in analysis.rows}
    of_differences = decimals([one.estimate for one in differences.values() if one])
    cells = []
    for row in sorted(analysis.rows, key=lambda row: not row.is_baseline):
        one = differences[row.choice.label] if row.verdict != "not compared" else None
        plain = one.estimate if one else None
        cells.append(
            {
                "label": row.choice.label,
                "runs": runs_of(row),
                "mean": fixed(row.main.mean, places),
                "std": fixed(row.main.std, places),
                "interval": interval(row.main.low, row.main.high, places),
                "difference": signed(plain.mean if plain else None, of_differences),
                "difference_interval": interval(plain.low, plain.high, of_differences, True) if plain else NONE,
                "judged_interval": interval(one.low, one.high, of_differences, True) if one else NONE,
                "pairs": NONE if plain is None else str(plain.n),
                "unpaired": one.unpaired if one else 0,
                "verdict": "baseline" if row.is_baseline else row.verdict,
                "reason": row.reason,
                "is_best": row.is_best,
                "is_baseline": row.is_baseline,
                "kind": row.verdict.replace(" ", "-"),
                "bar": None,
            }
        )
    _add_bars(analysis, cells)
    return cells


def _add_bars(analysis: Analysis, cells: list[dict[str, Any]]) -> None:
    """Place each row's interval on an axis that all share: of the difference, or without a baseline of the mean."""
    spans: dict[str, tuple[float, float, float]] = {}
    for row in analysis.rows:
        one = row.differences.get(analysis.metric or "") if row.verdict != "not compared" else None
        if analysis.baseline is None and row.main.mean is not None:
            spans[row.choice.label] = _span(row.main.low, row.main.mean, row.main.high)
        elif one is not None and one.estimate.mean is not None:
            spans[row.choice.label] = _span(one.low, one.estimate.mean, one.high)
    if not spans or len(analysis.rows) < 2:
        return
    zero = 0.0 if analysis.baseline is not None else None
    edges = [edge for span in spans.values() for edge in span] + ([] if zero is None else [zero])
    low, width = min(edges), max(edges) - min(edges) or 1.0

    def place(value: float) -> float:
        return round(4 + (BAR - 8) * ((value - low) / width), 1)

    for cell in cells:
        if cell["label"] in spans:
            left, middle, right = (place(value) for value in spans[cell["label"]])
            cell["bar"] = {"low": left, "mean": middle, "high": right, "zero": None if zero is None else place(zero)}


def _span(low: float | None, mean: float, high: float | None) -> tuple[float, float, float]:
    return (mean if low is None else low, mean, mean if high is None else high)


def number_rows(rows: Sequence[Row], names: Sequence[str]) -> list[tuple[str, list[str]]]:
    """The cells of the second table."""
    places = {name: decimals([row.numbers[name] for row in rows if name in row.numbers]) for name in names}
    places |= {"iterations": 0, "images seen": 0, "minutes": min(places.get("minutes", 1), 1)}
    return [(row.choice.label, [mean_and_std(row.numbers.get(name), places[name]) for name in names]) for row in rows]


def configuration(analysis: Analysis) -> list[tuple[str, list[str]]]:
    """The keys of the configuration that are not the same in all runs, with each choice's values."""
    found: dict[str, list[dict[str, None]]] = {}
    for position, row in enumerate(analysis.rows):
        for run in row.choice.counted.values():
            for key, value in (run.result.choices if run.result else {}).items():
                columns = found.setdefault(key, [{} for _ in analysis.rows])
                columns[position][value] = None
    finished = [bool(row.choice.counted) for row in analysis.rows]
    table = []
    for key, columns in found.items():
        values = {value for column in columns for value in column}
        absent = any(not column for column, has in zip(columns, finished, strict=True) if has)
        if (len(values) > 1 or absent) and not key.endswith("seed"):
            table.append((key, [", ".join(list(column)[:4]) or NONE for column in columns]))
    return table[:MOST_KEYS]
