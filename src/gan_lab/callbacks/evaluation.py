"""Measuring samples during training and at its end."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import pytorch_lightning as pl
import torch

from gan_lab.callbacks.recording import Recorder
from gan_lab.callbacks.samples import draw
from gan_lab.callbacks.schedule import is_due
from gan_lab.metrics.battery import Battery
from gan_lab.metrics.measure import HIGHER, LOWER, NEITHER
from gan_lab.models.noise_gan import NoiseGAN
from gan_lab.trust import plain_leaves


class Evaluation(pl.Callback):
    """Measures samples every `every` iterations and at the end, on all processes, always from the same noise.

    During training it measures what is cheap, at the end all; the curve `measuring_seconds` says how long each took.
    What a measure draws goes to `samples/<its name>.png`. `fid` holds the iterations and Frechet distances so far,
    `latest` the entries of the last measurement.
    """

    def __init__(self, battery: Battery, every: int, seed: int, folder: Path, recorder: Recorder) -> None:
        self.battery = battery
        self.every = every
        self.seed = seed
        self.folder = folder
        self.recorder = recorder
        self.fid: dict[int, float] = {}
        self.latest: dict[str, dict[str, Any]] = {}

    def on_train_batch_end(
        self, trainer: pl.Trainer, pl_module: pl.LightningModule, outputs: Any, batch: Any, batch_idx: int
    ) -> None:
        """Measure where it is due."""
        if not is_due(trainer, self.every):
            return
        assert isinstance(pl_module, NoiseGAN)
        pl_module.check_numbers()
        at_end = trainer.global_step == trainer.max_steps
        total = self.recorder.stopwatch.total
        with self.recorder.stopwatch.paused():
            if trainer.world_size > 1:
                _share_buffers(pl_module)
            measured = self.battery.measure(pl_module, self.seed, at_end)
        seconds = self.recorder.stopwatch.total - total
        self.latest = {name: found.entry() for name, found in measured.items()}
        if self.battery.headline in measured:
            self.fid[trainer.global_step] = measured[self.battery.headline].score.value
        scalars = {name: found.score.value for name, found in measured.items()}
        self.recorder.record(trainer, {**scalars, "measuring_seconds": seconds})
        if trainer.is_global_zero:
            for name, found in measured.items():
                if found.score.picture is not None:
                    draw(trainer, found.score.picture, name, self.folder / f"{name}.png")
            if at_end:
                self.battery.tell_times()

    def state_dict(self) -> dict[str, Any]:
        """What has been measured, and how FID was."""
        return {"fid": dict(self.fid), "measured_as": self.battery.how_fid_is_measured(), "latest": self.latest}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Go on from it; the state may come from a stranger. Distances that were measured otherwise do not compare."""
        if state_dict["measured_as"] == self.battery.how_fid_is_measured():
            self.fid = {int(iteration): _finite(fid) for iteration, fid in state_dict["fid"].items()}
        plain_leaves("latest", state_dict["latest"])
        self.latest = {name: _whole(name, entry) for name, entry in state_dict["latest"].items()}


def _whole(name: str, entry: dict[str, Any]) -> dict[str, Any]:
    """An entry of a checkpoint with the keys that it should have, and no others."""
    if not name.isprintable() or entry["better"] not in (LOWER, HIGHER, NEITHER):
        raise ValueError(f"{name!r} is no number of ours")
    known = {key: entry[key] for key in ("better", "floor", "details", "protocol")}
    known |= {key: _finite(entry[key]) for key in ("value", "seconds", "times_floor") if key in entry}
    if known["floor"] is not None:
        known["floor"] = _finite(known["floor"])
    return {key: known[key] for key in entry if key in known}


def _finite(value: Any) -> float:
    number = float(value)
    if not math.isfinite(number):
        raise ValueError(f"a measured value is {number}")
    return number


def _share_buffers(module: NoiseGAN) -> None:
    """Give all processes the first one's batch norm statistics: each has seen only its own part of the batches."""
    for buffer in module.sampler.buffers():
        torch.distributed.broadcast(buffer, src=0)
