"""Numbers of a trained generator, measured again."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch

from gan_lab import atomic
from gan_lab.building import build
from gan_lab.checkpoint import find_checkpoint, load_model, read_checkpoint
from gan_lab.errors import UserError
from gan_lab.grids import save_png
from gan_lab.metrics.battery import refuse_empty
from gan_lab.overrides import compose, quoted, with_resumed_choices
from gan_lab.process import ready_process
from gan_lab.settings import find_devices


def evaluate_checkpoint(path: Path, overrides: Sequence[str], out: Path | None = None) -> dict[str, Any]:
    """Measure a checkpoint as its run did, or as `overrides` say otherwise: `metrics=inception data.root=PATH`.

    The numbers, by their names, come back with their protocols; with `out` they also go to `evaluation.json` in that
    folder, and what measures have drawn to PNG files beside it.

    Raises:
        UserError: where the checkpoint, an override or the data set cannot be used, or no metric is chosen.
    """
    ready_process()
    file = find_checkpoint(path)
    content = read_checkpoint(file)
    arguments = with_resumed_choices([*overrides, f"resume={quoted(file)}"])
    config = compose([argument for argument in arguments if not argument.startswith("hydra.")])
    refuse_empty(config)
    accelerator, _ = find_devices(config["trainer"]["accelerator"], 1)
    device = torch.device("cuda" if accelerator == "gpu" else "cpu")
    model = load_model(content).to(device)
    data = build("data", config["data"])
    shape = tuple(next(iter(model.sample(1, seed=0))).images.shape[1:])
    if shape != data.image_shape:
        made, real = ("x".join(map(str, sizes)) for sizes in (shape, data.image_shape))
        raise UserError(
            f"the checkpoint's images are {made} (channels, height, width), and those of data={data.name} {real}; "
            "choose data=NAME and data.image_size as in its run"
        )
    battery = build("metrics", config["metrics"])
    battery.prepare(data, device)
    measured = battery.measure(model, config["seed"], at_end=True)
    if not measured:
        raise UserError(f"{', '.join(battery.measures)}: no number of this model; it may need labels, as cgan has")
    found = {
        "checkpoint": str(path),
        "iterations": content["global_step"],
        **{name: number.entry() for name, number in measured.items()},
    }
    if out is not None:
        for name, number in measured.items():
            if number.score.picture is not None:
                save_png(number.score.picture, out / f"{name}.png")
        atomic.write(out / "evaluation.json", (json.dumps(found, indent=2) + "\n").encode())
    return found
