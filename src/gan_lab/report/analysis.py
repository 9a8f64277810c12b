"""The tables of a section: means over seeds, differences from a baseline, verdicts."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from gan_lab.report.ablation import same
from gan_lab.report.runs import Measured, Run
from gan_lab.report.sections import Choice, Section
from gan_lab.report.stamps import Stamp, measured_otherwise, stamp_of, stamp_warnings
from gan_lab.report.statistics import Difference, Estimate, compare, estimate

FAVOURITE = "fid/classifier"
MOST_COMPARED = 8  # more choices than this have no baseline unless one is named
COSTS = ("minutes", "iterations", "images seen")


@dataclass
class Row:
    """A choice: the main metric, all further numbers, and each metric's difference from the baseline."""

    choice: Choice
    main: Estimate
    numbers: dict[str, Estimate]
    differences: dict[str, Difference] = field(default_factory=dict)
    is_baseline: bool = False
    is_best: bool = False
    verdict: str = ""
    reason: str = ""


@dataclass
class Analysis:
    """A section with its tables. `metric` is `None` where no run has one; `better` is the direction of each number."""

    section: Section
    metric: str | None
    better: dict[str, str]
    rows: list[Row]
    baseline: Choice | None
    comparisons: int
    stamp: Stamp
    is_leaderboard: bool
    warnings: list[str]


def metric_names(section: Section) -> list[str]:
    """The metrics that runs of the section have, in the order of their summaries."""
    return list(dict.fromkeys(name for run in counted_runs(section) if run.result for name in run.result.metrics))


def counted_runs(section: Section) -> list[Run]:
    """The runs that the tables rest on."""
    return [run for choice in section.choices for run in choice.counted.values()]


def main_metric(section: Section, wanted: str | None = None) -> str | None:
    """The metric of the first table: the wanted one, else one that all runs have, else the most common one."""
    names = metric_names(section)
    if wanted is not None:
        return wanted if wanted in names else None
    having = {
        name: sum(1 for run in counted_runs(section) if run.result and name in run.result.metrics) for name in names
    }
    most = max(having.values(), default=0)
    common = [name for name in names if having[name] == most]
    return FAVOURITE if FAVOURITE in common else next(iter(common), None)


def find_baseline(section: Section, wanted: str | None = None) -> Choice | None:
    """The choice that the others are compared with, or `None`.

    The wanted one, of which a part that means one choice alone is enough; else the first of the ablation's; else, where
    there are seeds to compare by and few choices, the first job's. Models make a leaderboard, which has none.
    """
    choices = section.choices
    if len(choices) < 2:
        return None
    if wanted is not None:
        found = matching(section, wanted)
        if len(found) == 1:
            return found[0]
    if section.ablation is not None and section.ablation.combinations:
        first = section.ablation.combinations[0]
        return next((choice for choice in choices if _is_combination(choice, first)), None)
    if is_leaderboard(section) or len(choices) > MOST_COMPARED:
        return None
    return choices[0] if any(len(choice.counted) > 1 for choice in choices) else None


def is_leaderboard(section: Section) -> bool:
    """Whether the section is a sweep over models that no ablation has asked for."""
    return section.ablation is None and "model" in section.keys


def matching(section: Section, wanted: str) -> list[Choice]:
    """The choices that have all the parts of `wanted`, `KEY=VALUE` each."""
    parts = dict(part.partition("=")[::2] for part in wanted.split())
    return [choice for choice in section.choices if _is_combination(choice, parts, partly=True)]


def _is_combination(choice: Choice, combination: dict[str, str], partly: bool = False) -> bool:
    """Whether the choice is this combination, of which keys that never vary in the section say nothing."""
    if partly and not combination.keys() <= choice.parts.keys():
        return False
    return all(same(value, combination[key]) for key, value in choice.parts.items() if key in combination)


def analyse(section: Section, metric: str | None = None, baseline: str | None = None) -> Analysis:
    """Make a section's tables.

    Args:
        section: the runs.
        metric: the main metric by its name; chosen where it is `None`.
        baseline: the label of a choice; chosen where it is `None`, or not in this section.
    """
    main = main_metric(section, metric)
    warnings = [*section.warnings]
    if metric is not None and main is None:
        warnings.append(f"no run here has {metric}")
    values = {choice.label: numbers_of(choice, main) for choice in section.choices}
    better, disagreement = _directions(section, main)
    warnings += disagreement
    runs = counted_runs(section)
    warnings += stamp_warnings(section, metric_names(section)) + _missing_values(runs, main)
    rows = [_row(choice, values[choice.label], main) for choice in section.choices]
    chosen = find_baseline(section, baseline) if main is not None else None
    compared = [row for row in rows if row.choice is not chosen]
    comparisons = 0
    if chosen is not None and main is not None:
        comparisons = len(compared)
        for row in rows:
            row.is_baseline = row.choice is chosen
        for row in compared:
            _judge(row, chosen, main, values, better, comparisons)
    if chosen is None and section.ablation is not None and len(section.choices) > 1:
        warnings.append("no run is of the choice that the ablation names first, its baseline")
    board = is_leaderboard(section) and chosen is None
    if main is not None and not measured_otherwise(section.choices, main):
        _mark_best(rows, better.get(main, "neither"))
    if board:
        rows.sort(key=_rank(better.get(main or "", "neither")))
    return Analysis(section, main, better, rows, chosen, comparisons, stamp_of(section, main), board, warnings)


def numbers_of(choice: Choice, main: str | None) -> dict[str, dict[int, float]]:
    """All numbers of a choice's runs, by their names and then by seed; the main metric's come first."""
    found: dict[str, dict[int, float]] = {main: {}} if main is not None else {}
    for seed, run in choice.counted.items():
        assert run.result is not None
        for name, measured in _in_order(run.result.metrics, main):
            if measured.value is not None:
                found.setdefault(name, {})[seed] = measured.value
            for further, value in measured.numbers.items():
                if further != "floor":
                    found.setdefault(f"{name}: {further}", {})[seed] = value
        for name, value in run.result.numbers.items():
            found.setdefault(name, {})[seed] = value
    return found


def _in_order(metrics: dict[str, Measured], main: str | None) -> list[tuple[str, Measured]]:
    return sorted(metrics.items(), key=lambda pair: pair[0] != main)


def _row(choice: Choice, values: dict[str, dict[int, float]], main: str | None) -> Row:
    estimates = {name: estimate(list(by_seed.values())) for name, by_seed in values.items()}
    return Row(choice, estimates[main] if main is not None else Estimate(0, None), estimates)


def _judge(
    row: Row,
    baseline: Choice,
    main: str,
    values: dict[str, dict[str, dict[int, float]]],
    better: dict[str, str],
    comparisons: int,
) -> None:
    """Add a row's differences from the baseline, and the verdict on the main metric's."""
    own, others = values[row.choice.label], values[baseline.label]
    otherwise = {name: measured_otherwise([row.choice, baseline], name.partition(": ")[0]) for name in own}
    row.differences = {
        name: compare(own[name], others[name], better.get(name, "neither"), comparisons)
        for name in own
        if name in others and not otherwise[name]
    }
    if otherwise[main]:
        row.verdict, row.reason = "not compared", f"measured otherwise ({otherwise[main]})"
        return
    judged = row.differences[main]
    row.verdict, row.reason = judged.verdict, judged.reason


def _directions(section: Section, main: str | None) -> tuple[dict[str, str], list[str]]:
    """The better direction of each number; "neither", with a warning, where runs disagree."""
    said: dict[str, set[str]] = {}
    for run in counted_runs(section):
        for name, measured in run.result.metrics.items() if run.result else ():
            said.setdefault(name, set()).add(measured.better)
    better = {name: next(iter(found)) if len(found) == 1 else "neither" for name, found in said.items()}
    for name, direction in [*better.items()]:
        better |= {f"{name}: best": direction, f"{name}: times floor": direction}
    warnings = [f"{name}: runs disagree about which direction is better" for name in said if len(said[name]) > 1]
    return {**better, "minutes": "lower"}, warnings


def _missing_values(runs: list[Run], main: str | None) -> list[str]:
    """Finished runs without the main metric."""
    if main is None:
        return []
    measured = [(run, run.result.metrics.get(main)) for run in runs if run.result]
    return [f"{run.name}: no finite {main}" for run, entry in measured if entry is None or entry.value is None]


def _mark_best(rows: list[Row], better: str) -> None:
    having = [row for row in rows if row.main.mean is not None]
    if better != "neither" and len(having) > 1:
        min(having, key=_rank(better)).is_best = True


def _rank(better: str) -> Callable[[Row], float]:
    """A key that puts better means first, and choices without one last."""
    sign = -1 if better == "higher" else 1
    return lambda row: float("inf") if row.main.mean is None else sign * row.main.mean
