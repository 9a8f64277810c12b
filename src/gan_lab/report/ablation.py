"""What an ablation asks, as its runs' configuration says it."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gan_lab.report.files import DamagedError, number, read_yaml, section, text

MOST_COMBINATIONS = 1000


@dataclass(frozen=True)
class Ablation:
    """A question, how many seeds each choice gets, and the combinations of its choices, the baseline first."""

    question: str
    seeds: int | None
    combinations: list[dict[str, str]]


def read_ablation(folder: Path) -> Ablation | None:
    """The `ablation` of a run's configuration; `None` where it has none, or cannot be read.

    A run's folder may come from anyone: everything is taken as text.
    """
    try:
        config = read_yaml(folder / ".hydra" / "config.yaml")
    except (FileNotFoundError, DamagedError):
        return None
    found = section(config, "ablation") if isinstance(config, dict) else {}
    if not found:
        return None
    question, seeds = found.get("question"), number(found.get("seeds"))
    choices = {text(key): _options(values) for key, values in list(section(found, "choices").items())[:20]}
    products = itertools.islice(itertools.product(*choices.values()), MOST_COMBINATIONS)
    return Ablation(
        text(question, 500) if isinstance(question, str) else "",
        None if seeds is None else int(seeds),
        [dict(zip(choices, product, strict=True)) for product in products] if choices else [],
    )


def _options(values: Any) -> list[str]:
    """The options of one key; nothing nested, whose text might have no end."""
    listed = values if isinstance(values, list) else [values]
    return [as_override(value) for value in listed[:MOST_COMBINATIONS]]


def as_override(value: Any) -> str:
    """A value of YAML as it would be typed after `KEY=`."""
    if isinstance(value, list):
        return "[" + ",".join("..." if isinstance(one, (list, dict)) else as_override(one) for one in value[:50]) + "]"
    if isinstance(value, dict):
        return "{...}"
    return text(value)


def same(one: str, other: str) -> bool:
    """Whether two values of an override mean the same: quotes and spaces aside, 1e-3 as 0.001, True as true."""
    plain = ["".join(sign for sign in value if sign not in " '\"") for value in (one, other)]
    plain = [value.lower() if value.lower() in ("true", "false", "null") else value for value in plain]
    try:
        return float(plain[0]) == float(plain[1])
    except ValueError:
        return plain[0] == plain[1]
