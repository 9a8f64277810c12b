"""FID during training."""

from __future__ import annotations

from dataclasses import astuple
from typing import Any

import pytorch_lightning as pl
import torch

from gan_lab.callbacks.recording import Recorder
from gan_lab.callbacks.schedule import is_due
from gan_lab.metrics.fid import FrechetDistance, Measurement
from gan_lab.models.noise_gan import NoiseGAN


def evaluate(module: NoiseGAN, metric: FrechetDistance, seed: int, rank: int = 0, world_size: int = 1) -> Measurement:
    """The metric on samples from the noise that `seed` gives; all processes take part."""
    return metric.measure(module.sample(metric.num_samples, seed, rank, world_size))


class Evaluation(pl.Callback):
    """Measures FID every `every` iterations and at the end, on all processes, always from the same noise.

    `measured` holds the iterations and distances so far; `latest` the last measurement.
    """

    def __init__(self, metric: FrechetDistance, every: int, seed: int, recorder: Recorder) -> None:
        self.metric = metric
        self.every = every
        self.seed = seed
        self.recorder = recorder
        self.measured: dict[int, float] = {}
        self.latest: Measurement | None = None

    def on_train_batch_end(
        self, trainer: pl.Trainer, pl_module: pl.LightningModule, outputs: Any, batch: Any, batch_idx: int
    ) -> None:
        """Measure where it is due."""
        if not is_due(trainer, self.every):
            return
        assert isinstance(pl_module, NoiseGAN)
        pl_module.check_numbers()
        with self.recorder.stopwatch.paused():
            if trainer.world_size > 1:
                _share_buffers(pl_module.sampler)
            self.latest = evaluate(pl_module, self.metric, self.seed, trainer.global_rank, trainer.world_size)
        self.measured[trainer.global_step] = self.latest.fid
        scalars = {self.metric.name: self.latest.fid}
        if self.latest.class_shares is not None:
            scalars["classes/rarest_share"] = min(self.latest.class_shares)
        if self.latest.label_agreement is not None:
            scalars["classes/label_agreement"] = self.latest.label_agreement
        self.recorder.record(trainer, scalars)

    def state_dict(self) -> dict[str, Any]:
        """What has been measured."""
        latest = None if self.latest is None else astuple(self.latest)
        return {"measured": dict(self.measured), "latest": latest}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Go on from it."""
        self.measured = {int(iteration): float(fid) for iteration, fid in state_dict["measured"].items()}
        if state_dict["latest"] is not None:
            fid, shares, agreement = state_dict["latest"]
            shares = None if shares is None else [float(share) for share in shares]
            self.latest = Measurement(float(fid), shares, None if agreement is None else float(agreement))


def _share_buffers(network: torch.nn.Module) -> None:
    """Give all processes the first one's batch norm statistics: each has seen only its own part of the batches."""
    for buffer in network.buffers():
        torch.distributed.broadcast(buffer, src=0)
