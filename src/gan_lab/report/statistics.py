"""Means over seeds, paired differences, and verdicts that chance does not make.

Intervals are Student's, `mean ± t(level, n - 1) * s / sqrt(n)` with `s` of n - 1 degrees of freedom; they hold exactly
for values of a normal distribution (Student 1908). A table in which several choices are compared with one baseline
judges each by an interval of level `1 - 0.05 / comparisons` (Bonferroni; Dunn 1961), so that of tables in which no
choice has an effect at most 5 % call one.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache

LEVEL = 0.95


@dataclass(frozen=True)
class Estimate:
    """A mean over `n` runs with the standard deviation of one run and an interval; `None` where n is too small."""

    n: int
    mean: float | None
    std: float | None = None
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True)
class Difference:
    """A choice less the baseline, over `estimate.n` seeds that both have; `unpaired` values had no partner.

    `low` and `high` bound the interval of `level` that the verdict goes by: "better", "worse", "no difference shown",
    or "higher" and "lower" where neither direction is better; `reason` says why nothing could be shown.
    """

    estimate: Estimate
    unpaired: int
    level: float
    low: float | None
    high: float | None
    verdict: str
    reason: str = ""


@cache
def t_quantile(level: float, n: int) -> float:
    """Half the width of a two-sided interval of `level`, 0 to 1, in standard errors of a mean of `n` values."""
    from scipy import stats

    return float(stats.t.ppf((1 + level) / 2, n - 1))


def estimate(values: Sequence[float], level: float = LEVEL) -> Estimate:
    """Mean, standard deviation and t-interval of some values; one value has neither of the latter."""
    n = len(values)
    if n == 0:
        return Estimate(0, None)
    mean = math.fsum(values) / n
    if n == 1:
        return Estimate(1, mean)
    std = math.sqrt(math.fsum((value - mean) ** 2 for value in values) / (n - 1))
    half = t_quantile(level, n) * std / math.sqrt(n)
    return Estimate(n, mean, std, mean - half, mean + half)


def judged_level(comparisons: int) -> float:
    """The level of each interval that a verdict goes by, where so many choices are compared with one baseline."""
    return 1 - (1 - LEVEL) / max(comparisons, 1)


def compare(
    values: Mapping[int, float], baseline: Mapping[int, float], better: str, comparisons: int = 1
) -> Difference:
    """Compare a choice with the baseline, seed by seed.

    Args:
        values: of the choice, by seed.
        baseline: the same of the baseline.
        better: "lower", "higher" or "neither".
        comparisons: how many choices the table compares with this baseline.
    """
    seeds = sorted(values.keys() & baseline.keys())
    unpaired = len(values) + len(baseline) - 2 * len(seeds)
    differences = [values[seed] - baseline[seed] for seed in seeds]
    level = judged_level(comparisons)
    plain, judged = estimate(differences), estimate(differences, level)
    if len(seeds) < 2:
        reason = "one seed" if seeds else "no seed that both have"
        return Difference(plain, unpaired, level, None, None, "no difference shown", reason)
    verdict, reason = _verdict(judged, better, level)
    return Difference(plain, unpaired, level, judged.low, judged.high, verdict, reason)


def _verdict(judged: Estimate, better: str, level: float) -> tuple[str, str]:
    """The verdict on a difference, and the reason where its spread is too small to judge by."""
    assert judged.mean is not None
    assert judged.low is not None
    assert judged.high is not None
    if judged.low <= 0 <= judged.high:
        return "no difference shown", ""
    # Counts may differ by the same amount in all pairs, by chance: n signs agree with a probability of 2 ** (1 - n).
    even = judged.std is not None and judged.std <= 1e-9 * abs(judged.mean)  # but for rounding
    if even and 2.0 ** (1 - judged.n) > 1 - level:
        return "no difference shown", "all pairs differ by the same amount, and are too few"
    direction = "lower" if judged.mean < 0 else "higher"
    if better == "neither":
        return direction, ""
    return ("better" if direction == better else "worse"), ""
