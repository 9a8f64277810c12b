"""The numbers of a report as one table for other programs."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from typing import Any

from gan_lab.report.analysis import Analysis, Row
from gan_lab.report.statistics import Estimate

COLUMNS = (
    "section", "choice", "metric", "better", "runs", "planned", "mean", "std", "low", "high", "baseline", "pairs",
    "unpaired", "difference", "difference_low", "difference_high", "level", "verdict_low", "verdict_high", "verdict",
    "reason",
)  # fmt: skip
"""`low` and `high` bound 95 % intervals, `verdict_low` and `verdict_high` the one of `level` that the verdict goes by;
only the main metric has a verdict."""


def as_csv(analyses: Sequence[Analysis]) -> str:
    """One row for each section, choice and number; full precision, empty where there is none."""
    file = io.StringIO()
    writer = csv.DictWriter(file, COLUMNS, lineterminator="\n")
    writer.writeheader()
    for analysis in analyses:
        for row in analysis.rows:
            for name, estimate in row.numbers.items():
                writer.writerow({key: _safe(value) for key, value in _cells(analysis, row, name, estimate).items()})
    return file.getvalue()


def _cells(analysis: Analysis, row: Row, name: str, estimate: Estimate) -> dict[str, Any]:
    cells: dict[str, Any] = {
        "section": analysis.section.title,
        "choice": row.choice.label,
        "metric": name,
        "better": analysis.better.get(name),
        "runs": estimate.n,
        "planned": row.choice.planned,
        "mean": estimate.mean,
        "std": estimate.std,
        "low": estimate.low,
        "high": estimate.high,
        "baseline": analysis.baseline.label if analysis.baseline else None,
    }
    difference = row.differences.get(name)
    if difference is None:
        return cells | ({"verdict": row.verdict, "reason": row.reason} if name == analysis.metric else {})
    cells |= {
        "pairs": difference.estimate.n,
        "unpaired": difference.unpaired,
        "difference": difference.estimate.mean,
        "difference_low": difference.estimate.low,
        "difference_high": difference.estimate.high,
    }
    if name == analysis.metric:
        cells |= {"level": difference.level, "verdict_low": difference.low, "verdict_high": difference.high}
        cells |= {"verdict": row.verdict, "reason": row.reason}
    return cells


def _safe(value: Any) -> Any:
    """A text that no spreadsheet takes for a formula."""
    return f"'{value}" if isinstance(value, str) and value.startswith(("=", "+", "-", "@")) else value
