"""Runs that belong together, grouped by the overrides in which they differ."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from gan_lab.report.ablation import Ablation, read_ablation
from gan_lab.report.files import text
from gan_lab.report.runs import Run

IGNORED = ("seed", "ablation.seeds", "resume", "data.root")
"""Overrides that make no other experiment: repetitions, and where things lie."""


@dataclass
class Choice:
    """Runs with the same overrides, their seeds aside. `counted` are those that finished, one for each seed."""

    label: str
    parts: dict[str, str]
    runs: list[Run] = field(default_factory=list)
    counted: dict[int, Run] = field(default_factory=dict)

    @property
    def planned(self) -> int:
        """How many seeds there are, finished or not."""
        return len({run.folder if run.seed is None else run.seed for run in self.runs})


@dataclass
class Section:
    """The runs of one folder: a sweep's jobs, or single runs. `keys` are the overrides in which they differ."""

    title: str
    folder: Path
    runs: list[Run]
    choices: list[Choice]
    keys: list[str]
    common: dict[str, str]
    ablation: Ablation | None
    warnings: list[str] = field(default_factory=list)

    @property
    def failed(self) -> list[Run]:
        """The runs that did not finish, or whose files are damaged."""
        return [run for run in self.runs if run.result is None]


def group(root: Path, runs: Sequence[Run]) -> list[Section]:
    """One section for each folder that holds runs, in the order of the runs."""
    parents: dict[Path, list[Run]] = {}
    for run in runs:
        parents.setdefault(run.folder.parent, []).append(run)
    return [make_section(root, parent, members) for parent, members in parents.items()]


def make_section(root: Path, parent: Path, runs: list[Run]) -> Section:
    """Group the runs of one folder."""
    ablation = next((read_ablation(run.folder) for run in runs if _has_config(run)), None)
    warnings = []
    known = [run for run in runs if run.overrides is not None]
    if not known:
        known = [Run(run.folder, {}, run.seed, run.result, run.problem) for run in runs if run.problem is None]
    else:
        unknown = [run for run in runs if run.overrides is None and run.result is not None]
        warnings += [f"{run.name}: no .hydra/overrides.yaml, so that its choice is unknown" for run in unknown]
    keys = differing_keys(known)
    choices: dict[tuple[str, ...], Choice] = {}
    for run in known:
        parts = {key: (run.overrides or {}).get(key, "default") for key in keys}
        choices.setdefault(tuple(parts.values()), Choice(_label(parts), parts)).runs.append(run)
    for choice in choices.values():
        warnings += _count(choice)
    first = (known[0].overrides or {}) if known else {}
    common = {key: value for key, value in first.items() if key not in keys and not _is_ignored(key)}
    if len(choices) == 1:
        (only,) = choices.values()
        only.label = _label({key: value for key, value in common.items() if key != "ablation"}) or "default choices"
    title = _title(root, parent, runs)
    warnings += _missing_seeds(list(choices.values()))
    return Section(title, parent, runs, list(choices.values()), keys, common, ablation, warnings)


def differing_keys(runs: Sequence[Run]) -> list[str]:
    """The overrides that are not the same in all of these runs, in the order of the command lines."""
    keys = dict.fromkeys(key for run in runs for key in (run.overrides or {}) if not _is_ignored(key))
    return [key for key in keys if len({(run.overrides or {}).get(key) for run in runs}) > 1]


def _has_config(run: Run) -> bool:
    return os.path.isfile(run.folder / ".hydra" / "config.yaml")  # raises nothing where it may not look


def _is_ignored(key: str) -> bool:
    return key in IGNORED or key.startswith(("hydra.", "hydra/"))


def _label(parts: dict[str, str]) -> str:
    return " ".join(f"{key}={value}" if value else key for key, value in parts.items())


def _title(root: Path, parent: Path, runs: list[Run]) -> str:
    if root == runs[0].folder or root == parent:
        return text(root.resolve().name)
    return text(parent.relative_to(root).as_posix())


def _count(choice: Choice) -> list[str]:
    """Take the finished runs by their seeds; a seed that was run twice is one observation, not two."""
    warnings = []
    for position, run in enumerate(choice.runs):
        if run.result is None:
            continue
        seed = position if run.seed is None else run.seed
        earlier = choice.counted.get(seed)
        if earlier is not None:
            warnings.append(f"{earlier.name}: seed {seed} of {choice.label} was run again in {run.name}, which counts")
        choice.counted[seed] = run
    return warnings


def _missing_seeds(choices: list[Choice]) -> list[str]:
    """The choices that were run with fewer seeds than others, as where a sweep was cut short."""
    most = max((choice.planned for choice in choices), default=0)
    return [
        f"{choice.label}: runs of {choice.planned} seeds, where others have {most}"
        for choice in choices
        if choice.planned < most
    ]
