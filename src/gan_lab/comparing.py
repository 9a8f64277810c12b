"""Two trained generators side by side: samples of the same noise, numbers, and what each was set up with."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional as F

from gan_lab.adversarial import CHECKPOINT_KEY
from gan_lab.checkpoint import find_checkpoint, load_model, read_checkpoint
from gan_lab.errors import UserError
from gan_lab.grids import image_grid, save_png
from gan_lab.models.noise_gan import SAMPLING_BATCH, NoiseGAN
from gan_lab.summary import choices, flat
from gan_lab.trust import plain_leaves, shown

GAP = 16  # pixels between the two grids
SECTIONS = ("model", "network", "noise", "optimizer", "data")


@dataclass(frozen=True)
class Side:
    """One of the two: its model, the values that it was set up with, and its metrics, or why it has none."""

    name: str
    model: NoiseGAN
    choices: dict[str, Any]
    metrics: dict[str, dict[str, Any]]
    missing: str = ""


def compare(left: Path, right: Path, out: Path, num: int, seed: int) -> list[str]:
    """Write the samples of both to `out`, the left ones left, and return what else there is to tell, line by line.

    `left` and `right` are run folders or checkpoints, `num` is 1 to 500 samples of each.

    Raises:
        UserError: where one of them cannot be used, `num` is beyond its range, or `out` is no name of a PNG file.
    """
    if not 1 <= num <= SAMPLING_BATCH:
        raise UserError(f"--num {num} must be from 1 to {SAMPLING_BATCH}")
    if out.suffix != ".png":
        raise UserError(f"--out {out}: choose FILE.png")
    sides = read_side(left), read_side(right)
    grids = [image_grid(next(iter(side.model.sample(num, seed))).images) for side in sides]
    save_png(side_by_side(*grids), out)
    lines = [f"{place:<6} {side.name}" for place, side in zip(("left", "right"), sides, strict=True)]
    lines += ["", noise_line(*sides, num, seed), "", *metric_lines(*sides), "", *choice_lines(*sides)]
    return [printable(line) for line in lines]


def read_side(path: Path) -> Side:
    """What a run folder or a checkpoint holds; the newest checkpoint of a folder, and the numbers of its summary.

    Raises:
        UserError: where it cannot be read.
    """
    content = read_checkpoint(find_checkpoint(path))
    config = content[CHECKPOINT_KEY]["config"]
    sections = {section: config.get(section, {}) for section in SECTIONS}
    for section, values in sections.items():
        plain_leaves(section, values)
    values = {**choices(sections), "seed": config["seed"], "iterations": content["global_step"]}
    metrics, missing = read_metrics(path)
    return Side(str(path), load_model(content), values, metrics, missing)


def read_metrics(path: Path) -> tuple[dict[str, dict[str, Any]], str]:
    """The metrics in the summary of a run folder; or none, and why there are none.

    Raises:
        UserError: where there is a summary, and it is not one that a run writes.
    """
    if not path.is_dir():
        return {}, "is a checkpoint, which has no numbers; name its run folder, or measure it by gan-lab evaluate"
    file = path / "summary.json"
    if not file.is_file():
        return {}, f"has no {file.name}, for it has not reached its end; gan-lab evaluate measures it"
    try:
        metrics = json.loads(file.read_text())["metrics"]
        numbers = {name: float(entry["value"]) for name, entry in metrics.items()}
        protocols = [dict(entry.get("protocol", {})) for entry in metrics.values()]
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise UserError(f"{file} is not a summary that this version writes; gan-lab evaluate measures again") from error
    return {
        name: {"value": numbers[name], "better": str(metrics[name].get("better")), "protocol": protocol}
        for name, protocol in zip(metrics, protocols, strict=True)
    }, ""


def side_by_side(left: Tensor, right: Tensor) -> Tensor:
    """Two pictures, uint8 `[3, H, W]` of any sizes, as one on white, their upper edges at one height."""
    height = max(left.shape[1], right.shape[1])
    padded = [F.pad(picture, (0, 0, 0, height - picture.shape[1]), value=255) for picture in (left, right)]
    gap = torch.full((3, height, GAP), 255, dtype=torch.uint8)
    return torch.cat([padded[0], gap, padded[1]], 2)


def noise_line(left: Side, right: Side, num: int, seed: int) -> str:
    """Whether both generators were given the same noise."""
    kinds = [f"{type(side.model.noise).__name__} of {side.model.noise.dimension}" for side in (left, right)]
    if left.model.noise == right.model.noise:
        return f"{num} samples each, of the same noise: {kinds[0]}, seed {seed}"
    difference = " and ".join(kinds) if kinds[0] != kinds[1] else f"{kinds[0]} with other parameters"
    return f"{num} samples each, which cannot be of the same noise ({difference}): each its own, from seed {seed}"


def metric_lines(left: Side, right: Side) -> list[str]:
    """A table of the metrics of both, and warnings where they were not measured in the same way."""
    lines = [f"{side.name} {side.missing}" for side in (left, right) if side.missing]
    names = [*left.metrics, *(name for name in right.metrics if name not in left.metrics)]
    if not names:
        return lines or ["neither run has measured anything"]
    table: list[tuple[str, ...]] = [("metric", "left", "right", "right - left", "better")]
    warnings = []
    for name in names:
        first, second = left.metrics.get(name), right.metrics.get(name)
        if first is None or second is None:
            values = [number(None if entry is None else entry["value"]) for entry in (first, second)]
            table.append((shown(name), *values, "-", "-"))
            continue
        otherwise = measured_otherwise(name, first["protocol"], second["protocol"])
        value, other, difference = numbers(first["value"], second["value"])
        table.append((shown(name), value, other, *(("-", "-") if otherwise else (difference, winner(first, second)))))
        warnings += otherwise
    return [*lines, *aligned(table), *warnings]


def number(value: float | None) -> str:
    """A value of a metric, to four digits."""
    return "-" if value is None else f"{value:.4g}"


def numbers(first: float, second: float) -> tuple[str, str, str]:
    """Two values and their difference."""
    return number(first), number(second), f"{second - first:+.4g}"


def winner(first: dict[str, Any], second: dict[str, Any]) -> str:
    """Which of two entries of one metric is the better; not said where their `better` is neither lower nor higher."""
    signs = {"lower": -1, "higher": 1}
    if first["better"] != second["better"] or first["better"] not in signs:
        return "-"
    gain = signs[first["better"]] * (second["value"] - first["value"])
    return "right" if gain > 0 else "left" if gain < 0 else "equal" if gain == 0 else "-"


def measured_otherwise(name: str, left: dict[str, Any], right: dict[str, Any]) -> list[str]:
    """A line for each part of the protocol by which two values of a metric do not compare.

    What is said of the generator and its noise tells what was measured, and not how.
    """
    return [
        f"warning: {shown(name)} was measured differently: {key} {before} on the left, {now} on the right"
        for key, before, now in differences(dict(flat("", left)), dict(flat("", right)))
        if not key.startswith(("generator", "noise"))
    ]


def choice_lines(left: Side, right: Side) -> list[str]:
    """A table of the values that the two were set up with, where they differ."""
    found = differences(left.choices, right.choices)
    return aligned([("choice", "left", "right"), *found]) if found else ["both were set up alike"]


def differences(left: dict[str, Any], right: dict[str, Any]) -> list[tuple[str, str, str]]:
    """The keys of two flat dictionaries that differ, in order, with both values; `-` where one lacks the key."""
    keys = [*left, *(key for key in right if key not in left)]
    return [
        (shown(key), *(shown(side[key]) if key in side else "-" for side in (left, right)))  # type: ignore[misc]
        for key in keys
        if key not in left or key not in right or left[key] != right[key]
    ]


def aligned(table: list[tuple[str, ...]]) -> list[str]:
    """The rows of a table as lines, in columns as wide as their widest entry."""
    widths = [max(len(printable(row[column])) for row in table) for column in range(len(table[0]))]
    return [
        "  ".join(f"{printable(cell):<{width}}" for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in table
    ]


def printable(line: str) -> str:
    """Text without the characters that steer a terminal: it may come out of a stranger's file."""
    return "".join(sign if sign.isprintable() else repr(sign)[1:-1] for sign in line)
