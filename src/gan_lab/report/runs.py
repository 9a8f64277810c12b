"""Run folders: found in a tree, and read into what a report needs of them."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gan_lab.errors import UserError
from gan_lab.report.files import DamagedError, number, read_json, read_yaml, section, text

MOST_RUNS = 20_000
MOST_NAMES = 200  # of metrics in one summary, and of overrides; a stranger's file may hold a million
LONGEST_OVERRIDE = 2000  # characters; two choices may differ only at the end of a long list
DIRECTIONS = ("lower", "higher", "neither")


@dataclass(frozen=True)
class Measured:
    """One metric of one run: its value, which direction is better, further numbers, and how it was measured."""

    value: float | None
    better: str
    numbers: dict[str, float]
    protocol: dict[str, str]


@dataclass(frozen=True)
class Result:
    """What a finished run has come to. `facts` are versions, revision and device; `choices` its flat configuration."""

    metrics: dict[str, Measured]
    numbers: dict[str, float]
    facts: dict[str, str]
    choices: dict[str, str]


@dataclass(frozen=True)
class Run:
    """A run folder. `result` is `None` for a run that failed, as `problem` says; `overrides` where they are unknown."""

    folder: Path
    overrides: dict[str, str] | None
    seed: int | None
    result: Result | None
    problem: str | None = None

    @property
    def name(self) -> str:
        """The folder's name, as text that can be printed."""
        return text(self.folder.name)


def find_folders(root: Path) -> list[Path]:
    """The run folders in and below `root`, in the order of jobs: 2 before 10.

    Raises:
        UserError: where `root` is no folder, or holds no run.
    """
    if not root.is_dir():
        raise UserError(f"there is no folder {root}; name a run, a sweep, or a folder of them")
    found = sorted(_walk(root), key=lambda folder: [natural(part) for part in folder.parts])
    if not found:
        raise UserError(f"there is no run in {root}; a run's folder holds .hydra or summary.json")
    return found


def _walk(root: Path) -> Iterator[Path]:
    count = 0
    for folder, folders, files in os.walk(root):
        if ".hydra" in folders or "summary.json" in files:
            folders.clear()  # a run holds no other runs
            count += 1
            if count > MOST_RUNS:
                raise UserError(f"there are more than {MOST_RUNS:,} runs in {root}; name a smaller folder")
            yield Path(folder)
        else:
            folders[:] = [name for name in folders if not name.startswith(".")]


def natural(name: str) -> tuple[tuple[int, str], ...]:
    """A key that sorts numbers in names by their value."""
    parts = re.split(r"([0-9]{1,18})", name)
    return tuple((int(part), "") if re.fullmatch("[0-9]+", part) else (-1, part) for part in parts if part)


def read_run(folder: Path) -> Run:
    """Read a run's overrides and summary; what is missing or damaged makes it a failed run with the reason."""
    overrides: dict[str, str] | None = None
    try:
        overrides = read_overrides(folder / ".hydra" / "overrides.yaml")
    except FileNotFoundError:
        pass
    except DamagedError as error:
        return Run(folder, None, None, None, str(error))
    seed = _seed((overrides or {}).get("seed"))
    try:
        summary = read_json(folder / "summary.json")
        result = read_result(summary)
    except FileNotFoundError:
        return Run(folder, overrides, seed, None, "no summary.json: it failed, or did not finish")
    except DamagedError as error:
        return Run(folder, overrides, seed, None, str(error))
    overrides = own_overrides(summary) or overrides
    own = summary.get("seed")
    return Run(folder, overrides, own if isinstance(own, int) else seed, result)


def own_overrides(summary: dict[str, Any]) -> dict[str, str] | None:
    """What a finished run was started with; Hydra writes its own file anew at each start, a refused one's too."""
    listed = summary.get("overrides")
    if not isinstance(listed, list) or len(listed) > MOST_NAMES or not all(isinstance(one, str) for one in listed):
        return None
    return parsed(listed)


def read_overrides(path: Path) -> dict[str, str]:
    """The overrides of a job by their keys; of two of one key the last counts, as for Hydra.

    Raises:
        FileNotFoundError: where there is none.
        DamagedError: where it is no list of texts.
    """
    content = read_yaml(path)
    if not isinstance(content, list) or len(content) > MOST_NAMES or not all(isinstance(one, str) for one in content):
        raise DamagedError(f"{path.name} is no list of overrides")
    return parsed(content)


def parsed(listed: list[str]) -> dict[str, str]:
    """Overrides by their keys."""
    pairs = (text(one, LONGEST_OVERRIDE).lstrip("+").partition("=") for one in listed)
    return {key: value for key, _, value in pairs}


def _seed(value: str | None) -> int | None:
    return int(value) if value is not None and re.fullmatch(r"-?[0-9]{1,18}", value) else None


def read_result(summary: dict[str, Any]) -> Result:
    """What a report needs of `summary.json`.

    Raises:
        DamagedError: where it holds no metrics of the form that gan_lab writes.
    """
    metrics = summary.get("metrics")
    if not isinstance(metrics, dict) or not all(isinstance(entry, dict) for entry in metrics.values()):
        raise DamagedError('summary.json holds no "metrics"')
    if len(metrics) > MOST_NAMES:
        raise DamagedError(f"summary.json holds more than {MOST_NAMES} metrics")
    versions = section(summary, "versions")
    facts = {f"{name} version": versions.get(name) for name in ("gan_lab", "torch")}
    facts |= {"git revision": summary.get("git_revision"), "device": summary.get("device"), "task": summary.get("task")}
    seconds = number(summary.get("seconds"))
    numbers = {
        "minutes": None if seconds is None else seconds / 60,
        "iterations": number(summary.get("iterations")),
        "images seen": number(summary.get("images_seen")),
    }
    choices = section(summary, "choices")
    return Result(
        {text(name): read_measured(entry) for name, entry in metrics.items()},
        _numbers(numbers),
        {name: "unknown" if value is None else text(value) for name, value in facts.items()},
        {text(key): text(value, 60) for key, value in list(choices.items())[:2000]},
    )


def read_measured(entry: dict[str, Any]) -> Measured:
    """One entry of "metrics"."""
    better = entry.get("better")
    details = list(section(entry, "details").items())[:MOST_NAMES]
    numbers = {name.replace("_", " "): number(entry.get(name)) for name in ("times_floor", "best", "floor")}
    numbers |= {text(name).replace("_", " "): number(value) for name, value in details}
    protocol = list(section(entry, "protocol").items())[:MOST_NAMES]
    return Measured(
        number(entry.get("value")),
        better if isinstance(better, str) and better in DIRECTIONS else "neither",
        _numbers(numbers),
        {text(key): text(value) for key, value in protocol},
    )


def _numbers(values: dict[str, float | None]) -> dict[str, float]:
    return {name: value for name, value in values.items() if value is not None}
