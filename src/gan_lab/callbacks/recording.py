"""The curves of a run, and the clock that they share."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytorch_lightning as pl
import torch

from gan_lab.adversarial import AdversarialModule


class Stopwatch:
    """Seconds of a run: `total` since training started, and `training`, which leaves out what ran `paused`."""

    def __init__(self) -> None:
        self.earlier_total = 0.0  # seconds of the runs that this one resumes
        self.earlier_training = 0.0
        self._started: float | None = None
        self._paused = 0.0

    def start(self) -> None:
        """Start counting."""
        self._started = time.perf_counter()

    @contextmanager
    def paused(self) -> Iterator[None]:
        """Leave the block out of `training`; a GPU first finishes the iterations that it has been given."""
        if torch.cuda.is_initialized():
            torch.cuda.synchronize()
        begin = time.perf_counter()
        try:
            yield
        finally:
            self._paused += time.perf_counter() - begin

    @property
    def total(self) -> float:
        """Seconds since the start, resumed runs included."""
        return self.earlier_total + self._elapsed()

    @property
    def training(self) -> float:
        """Seconds spent on iterations alone, resumed runs included."""
        return self.earlier_training + self._elapsed() - (self._paused if self._started is not None else 0.0)

    def _elapsed(self) -> float:
        return 0.0 if self._started is None else time.perf_counter() - self._started


class Recorder(pl.Callback):
    """Writes scalars to all loggers over iterations, and keeps the latest of each in `latest`.

    The losses, their terms, gradient norms, D(x) and D(G(z)), the learning rates and the images per second are
    written every `every` iterations; nothing is read back from the device on the others.
    """

    def __init__(self, every: int, batch_size: int, batches_per_epoch: int) -> None:
        self.every = every
        self.batch_size = batch_size
        self.batches_per_epoch = batches_per_epoch
        self.stopwatch = Stopwatch()
        self.latest: dict[str, float] = {}
        self._now: tuple[int, dict[str, float]] = (-1, {})  # the latest iteration with scalars, and all of its
        self.started_at: int | None = None  # iteration; None before training
        self._mark = (0, 0.0)  # iteration and training seconds at the last point of the curves

    def images_seen(self, iterations: int) -> int:
        """Real images, over all devices, in so many iterations."""
        return iterations * self.batch_size

    def record(self, trainer: pl.Trainer, scalars: dict[str, float]) -> None:
        """Write scalars at the iteration that the trainer stands at."""
        if self._now[0] != trainer.global_step:
            self._now = (trainer.global_step, {})
        self._now[1].update(scalars)
        self.latest.update(scalars)
        for logger in trainer.loggers:
            logger.log_metrics(scalars, step=trainer.global_step)

    def recorded(self, trainer: pl.Trainer, name: str) -> float | None:
        """The scalar of that name if it was written at the iteration that the trainer stands at."""
        return self._now[1].get(name) if self._now[0] == trainer.global_step else None

    def on_train_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Start the clock."""
        self.stopwatch.start()
        self.started_at = trainer.global_step
        self._mark = (trainer.global_step, self.stopwatch.training)

    def on_train_batch_end(
        self, trainer: pl.Trainer, pl_module: pl.LightningModule, outputs: Any, batch: Any, batch_idx: int
    ) -> None:
        """Write a point of the curves where one is due."""
        iteration = trainer.global_step
        if iteration % self.every:
            return
        assert isinstance(pl_module, AdversarialModule)
        pl_module.health.check()
        scalars = pl_module.take_scalars()
        for player, optimizer in zip(("discriminator", "generator"), trainer.optimizers, strict=True):
            scalars[f"lr/{player}"] = float(optimizer.param_groups[0]["lr"])
        since, seconds = self._mark
        self._mark = (iteration, self.stopwatch.training)
        scalars["images_per_second"] = self.images_seen(iteration - since) / max(1e-9, self._mark[1] - seconds)
        scalars["images_seen"] = self.images_seen(iteration)
        scalars["epoch"] = iteration / self.batches_per_epoch
        scalars["seconds"] = self.stopwatch.total
        self.record(trainer, scalars)

    def state_dict(self) -> dict[str, Any]:
        """The clock and the latest values."""
        return {"total": self.stopwatch.total, "training": self.stopwatch.training, "latest": dict(self.latest)}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Go on from them."""
        self.stopwatch.earlier_total = float(state_dict["total"])
        self.stopwatch.earlier_training = float(state_dict["training"])
        self.latest = {str(name): float(value) for name, value in state_dict["latest"].items()}
