from __future__ import annotations

import math

import numpy as np
import pytest

from gan_lab.report.statistics import compare, estimate, judged_level

NO_DIFFERENCE = "no difference shown"


def by_seed(*values: float) -> dict[int, float]:
    return dict(enumerate(values))


def test_the_interval_is_students() -> None:
    """t of 97.5 % and 3 degrees of freedom is 3.182446, from the tables."""
    made = estimate([1.0, 2.0, 3.0, 6.0])
    assert made.n == 4
    assert made.mean == 3
    assert made.std == pytest.approx(math.sqrt(14 / 3))
    half = 3.182446 * math.sqrt(14 / 3) / 2
    assert made.low == pytest.approx(3 - half, abs=1e-5)
    assert made.high == pytest.approx(3 + half, abs=1e-5)


def test_one_value_has_no_spread_and_none_no_mean() -> None:
    one, none = estimate([2.5]), estimate([])
    assert (one.mean, one.std, one.low, one.high) == (2.5, None, None, None)
    assert (none.n, none.mean) == (0, None)


def test_differences_are_paired_by_seed() -> None:
    """Differences 1, 2, 3 around a spread of seeds that is much larger; t of 2 degrees of freedom is 4.302653."""
    made = compare(by_seed(11, 102, 53), by_seed(10, 100, 50), "lower")
    half = 4.302653 / math.sqrt(3)
    assert made.estimate.mean == pytest.approx(2)
    assert made.low == pytest.approx(2 - half, abs=1e-5)
    assert made.high == pytest.approx(2 + half, abs=1e-5)
    assert made.verdict == NO_DIFFERENCE
    assert compare(by_seed(12.5, 102, 52.5), by_seed(10, 100, 50), "lower").verdict == "worse"


def test_unpaired_seeds_are_left_out_and_counted() -> None:
    made = compare({0: 5.0, 1: 6.0, 2: 900.0}, {0: 4.0, 1: 4.5, 7: -900.0, 8: 0.0}, "lower")
    assert (made.estimate.n, made.unpaired) == (2, 3)
    assert made.estimate.mean == pytest.approx(1.25)


@pytest.mark.parametrize(
    ("shift", "lower", "higher", "neither"), [(-1, "better", "worse", "lower"), (1, "worse", "better", "higher")]
)
def test_the_verdict_follows_the_direction(shift: float, lower: str, higher: str, neither: str) -> None:
    values, baseline = by_seed(5.1 + shift, 5.2 + shift, 4.9 + shift), by_seed(5, 5, 5)
    verdicts = [compare(values, baseline, better).verdict for better in ("lower", "higher", "neither")]
    assert verdicts == [lower, higher, neither]


def test_a_single_seed_shows_nothing() -> None:
    made = compare(by_seed(1.0), by_seed(9.0), "lower")
    assert (made.verdict, made.reason, made.low) == (NO_DIFFERENCE, "one seed", None)
    assert compare({0: 1.0, 1: 1.0}, {2: 9.0, 3: 9.0}, "lower").reason == "no seed that both have"


def test_the_interval_of_the_verdict_is_widened_by_the_number_of_comparisons() -> None:
    """Bonferroni: with 5 comparisons 99 %, for which t of 4 degrees of freedom is 4.604095."""
    values, baseline = by_seed(1, 2, 3, 4, 5), by_seed(0, 0, 0, 0, 0)
    one, five = compare(values, baseline, "lower"), compare(values, baseline, "lower", comparisons=5)
    assert judged_level(5) == pytest.approx(0.99)
    assert five.low == pytest.approx(3 - 4.604095 * math.sqrt(2.5 / 5), abs=1e-5)
    assert five.low < one.low == one.estimate.low == five.estimate.low
    barely = by_seed(0.4, 1.4, 2.4, 3.4, 4.4)
    assert compare(barely, baseline, "lower").verdict == "worse"
    assert compare(barely, baseline, "lower", comparisons=5).verdict == NO_DIFFERENCE


def test_equal_differences_count_as_signs() -> None:
    """Three equal signs of three come by chance once in 4, six of six once in 32."""
    few, many = compare(by_seed(1, 1, 1), by_seed(0, 0, 0), "lower"), by_seed(*[1] * 6)
    assert few.verdict == NO_DIFFERENCE
    assert "same amount" in few.reason
    assert compare(many, by_seed(*[0] * 6), "lower").verdict == "worse"
    assert compare(by_seed(3, 4), by_seed(3, 4), "lower").verdict == NO_DIFFERENCE


def sweep(random: np.random.Generator, effects: list[float], seeds: int) -> list[str]:
    """The verdicts of one table; runs of one seed have something in common."""
    common = random.normal(0, 0.5, seeds)
    runs = [by_seed(*(6 + effect + common + random.normal(0, 0.3, seeds))) for effect in [0.0, *effects]]
    return [compare(values, runs[0], "lower", len(effects)).verdict for values in runs[1:]]


def test_without_an_effect_at_most_one_table_in_twenty_calls_one() -> None:
    """400 tables of 4 comparisons; 5 % and three standard deviations of that count."""
    random = np.random.default_rng(0)
    called = sum(any(verdict != NO_DIFFERENCE for verdict in sweep(random, [0, 0, 0, 0], 5)) for _ in range(400))
    assert called <= 400 * 0.05 + 3 * math.sqrt(400 * 0.05 * 0.95)


def test_a_true_effect_is_found() -> None:
    """An effect of five standard deviations of one run, 100 times, beside three choices without one."""
    random = np.random.default_rng(1)
    found = [sweep(random, [1.5, 0, -1.5, 0], 5) for _ in range(100)]
    assert sum(verdicts[0] == "worse" for verdicts in found) >= 90
    assert sum(verdicts[2] == "better" for verdicts in found) >= 90
