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
from gan_lab.metrics.battery import Battery, tell_times
from gan_lab.models.noise_gan import NoiseGAN


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
        headline = self.battery.frechet_distance
        if headline is not None:
            self.fid[trainer.global_step] = measured[headline.name].score.value
        scalars = {name: found.score.value for name, found in measured.items()}
        self.recorder.record(trainer, {**scalars, "measuring_seconds": seconds})
        if trainer.is_global_zero:
            for name, found in measured.items():
                if found.score.picture is not None:
                    draw(trainer, found.score.picture, name, self.folder / f"{name}.png")
            if at_end:
                tell_times(measured)

    def state_dict(self) -> dict[str, Any]:
        """What has been measured."""
        return {"fid": dict(self.fid), "latest": self.latest}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Go on from it."""
        self.fid = {int(iteration): float(fid) for iteration, fid in state_dict["fid"].items()}
        self.latest = {str(name): _whole(entry) for name, entry in state_dict["latest"].items()}


def _whole(entry: dict[str, Any]) -> dict[str, Any]:
    """An entry of a checkpoint, its number a number and its protocol there."""
    value = float(entry["value"])
    if not math.isfinite(value):
        raise ValueError(f"a measured value is {value}")
    return {**entry, "value": value, "protocol": dict(entry["protocol"]), "details": dict(entry["details"])}


def _share_buffers(module: NoiseGAN) -> None:
    """Give all processes the first one's batch norm statistics: each has seen only its own part of the batches."""
    for buffer in module.sampler.buffers():
        torch.distributed.broadcast(buffer, src=0)
