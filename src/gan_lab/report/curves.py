"""A metric over iterations: each run's curve, and the mean of a choice's."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from gan_lab.report.files import MEBIBYTE, DamagedError, number, read_bytes
from gan_lab.report.sections import Choice

LARGEST = 64 * MEBIBYTE
Curve = tuple[np.ndarray, np.ndarray]
"""Iterations and values, float64 `[N]` each; the iterations rise."""


@dataclass(frozen=True)
class Band:
    """The mean of several runs' curves, and the lowest and highest of them, float64 `[N]` each."""

    label: str
    runs: int
    iterations: np.ndarray
    mean: np.ndarray
    low: np.ndarray
    high: np.ndarray


def read_curve(folder: Path, metric: str) -> Curve:
    """The points of one metric in a run's `metrics.csv`; none where it has none.

    Raises:
        DamagedError: where the file is no table of curves.
    """
    try:
        content = read_bytes(folder / "metrics.csv", LARGEST)
    except FileNotFoundError:
        return np.empty(0), np.empty(0)
    points: dict[float, float] = {}
    try:
        rows = csv.reader(io.StringIO(content.decode()))
        header = next(rows, [])
        if "iteration" not in header:
            raise DamagedError("metrics.csv has no column of iterations")
        if metric not in header:
            return np.empty(0), np.empty(0)
        at, column = header.index("iteration"), header.index(metric)
        for row in rows:
            if len(row) > max(at, column) and row[column]:  # a killed run may have left half a row behind
                iteration, value = number(float(row[at])), number(float(row[column]))
                if iteration is not None and value is not None:
                    points[iteration] = value
    except (ValueError, csv.Error) as error:
        raise DamagedError("metrics.csv is no table of numbers") from error
    iterations = np.array(sorted(points))
    return iterations, np.array([points[iteration] for iteration in iterations])


def mean_curve(label: str, curves: Sequence[Curve]) -> Band | None:
    """The mean over the iterations that all curves reach, linear between their points; `None` where they share none."""
    curves = [curve for curve in curves if len(curve[0])]
    if not curves:
        return None
    first, last = max(curve[0][0] for curve in curves), min(curve[0][-1] for curve in curves)
    grid = np.unique(np.concatenate([iterations for iterations, _ in curves]))
    grid = grid[(grid >= first) & (grid <= last)]
    if not len(grid):
        return None
    values = np.stack([np.interp(grid, *curve) for curve in curves])
    return Band(label, len(curves), grid, values.mean(0), values.min(0), values.max(0))


def read_band(choice: Choice, metric: str) -> tuple[Band | None, list[str]]:
    """A choice's mean curve, and a warning for each damaged file."""
    curves, warnings = [], []
    for run in choice.counted.values():
        try:
            curves.append(read_curve(run.folder, metric))
        except DamagedError as error:
            warnings.append(f"{run.name}: {error}; its curve is left out")
    return mean_curve(choice.label, curves), warnings
