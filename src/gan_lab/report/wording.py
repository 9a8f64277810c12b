"""Numbers and results as text, the same on the page, in Markdown and on the terminal."""

from __future__ import annotations

import math
from collections.abc import Sequence

from gan_lab.report.analysis import Analysis, Row
from gan_lab.report.statistics import Estimate

NONE = "–"  # noqa: RUF001, where a table has no number


def decimals(estimates: Sequence[Estimate]) -> int:
    """Decimal places for a column: two digits of the typical spread, four of the typical mean where there is none."""
    spreads = sorted(one.std for one in estimates if one.std)
    if spreads:
        return min(8, max(0, 1 - math.floor(math.log10(spreads[len(spreads) // 2]))))
    means = sorted(abs(one.mean) for one in estimates if one.mean)
    places = min(8, max(0, 3 - math.floor(math.log10(means[len(means) // 2])))) if means else 0
    while places and all(round(mean, places - 1) == round(mean, places) for mean in means):
        places -= 1
    return places


def fixed(value: float | None, places: int) -> str:
    """A number with so many decimals; very large ones with an exponent."""
    if value is None:
        return NONE
    if abs(value) >= 1e15:
        return f"{value:.3g}"
    said = f"{value:,.{places}f}"
    return said[1:] if said.startswith("-") and not said.strip("-0.,") else said


def interval(low: float | None, high: float | None, places: int, signed: bool = False) -> str:
    """An interval in brackets, of a difference with signs."""
    if low is None or high is None:
        return NONE
    sign = _signed if signed else fixed
    return f"[{sign(low, places)}, {sign(high, places)}]"


def _signed(value: float | None, places: int) -> str:
    said = fixed(value, places)
    return f"+{said}" if value is not None and value > 0 and said.strip("0.,") else said


def signed(value: float | None, places: int) -> str:
    """A difference with its sign."""
    return _signed(value, places)


def mean_and_std(one: Estimate | None, places: int) -> str:
    """`mean ± std`, or the mean alone."""
    if one is None or one.mean is None:
        return NONE
    return fixed(one.mean, places) + ("" if not one.std else f" ± {fixed(one.std, places)}")


def percent(level: float) -> str:
    """A level such as 0.9833 as 98.3 %, whole ones without decimals, those near 1 with two."""
    return f"{100 * level:.{1 if level < 0.995 else 2}f}".rstrip("0").rstrip(".") + " %"


def runs_of(row: Row) -> str:
    """How many runs count, and of how many."""
    planned = row.choice.planned
    return str(row.main.n) if row.main.n == planned else f"{row.main.n} of {planned}"


def verdict_line(analysis: Analysis, row: Row) -> str:
    """One sentence with the verdict on a row, its difference and the interval that it goes by."""
    assert analysis.baseline is not None
    assert analysis.metric is not None
    label, baseline, metric = row.choice.label, analysis.baseline.label, analysis.metric
    difference = row.differences.get(metric)
    if row.verdict == "not compared" or difference is None:
        return f"{label}: not compared with {baseline}: {row.reason}"
    if row.verdict == "no difference shown":
        said = f"{label}: no difference shown from {baseline} in {metric}"
    else:
        said = f"{label}: {row.verdict} than {baseline} in {metric}"
    if row.reason:
        said += f": {row.reason}"
    if difference.low is None:
        return said
    places = decimals([difference.estimate])
    bounds = interval(difference.low, difference.high, places, signed=True)
    numbers = f"{signed(difference.estimate.mean, places)}, {percent(difference.level)} interval {bounds}"
    unpaired = f", {difference.unpaired} unpaired" if difference.unpaired else ""
    return f"{said} ({numbers}, {difference.estimate.n} pairs{unpaired})"


def verdict_lines(analysis: Analysis) -> list[str]:
    """A sentence for each choice that is compared with a baseline; for a leaderboard who leads it."""
    if analysis.baseline is not None:
        return [verdict_line(analysis, row) for row in analysis.rows if not row.is_baseline]
    best = next((row for row in analysis.rows if row.is_best), None)
    if best is None or best.main.mean is None:
        return []
    places = decimals([row.main for row in analysis.rows])
    return [f"{best.choice.label}: the best mean {analysis.metric}, {mean_and_std(best.main, places)}; not tested"]
