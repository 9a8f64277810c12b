"""The last and the best checkpoint of a run."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytorch_lightning as pl
from pytorch_lightning.callbacks import Checkpoint

from gan_lab.adversarial import AdversarialModule
from gan_lab.callbacks.evaluation import Evaluation
from gan_lab.callbacks.recording import Recorder
from gan_lab.callbacks.schedule import is_due
from gan_lab.callbacks.stopping import StopSignals

LAST = "last.ckpt"
BEST = "best.ckpt"


class Checkpoints(Checkpoint):
    """Keeps `last.ckpt`, saved every `every` iterations and at the end, and `best.ckpt`, of the lowest FID so far.

    `WholeCheckpoints` writes them, so that one of these names is always a whole file; it holds finite numbers alone,
    and the curves on the disk reach at least as far. When a signal asks for the end, `last.ckpt` is saved first.
    """

    def __init__(
        self, folder: Path, every: int, evaluation: Evaluation | None, recorder: Recorder, signals: StopSignals
    ) -> None:
        self.folder = folder
        self.every = every
        self.evaluation = evaluation
        self.recorder = recorder
        self.signals = signals

    def on_train_batch_end(
        self, trainer: pl.Trainer, pl_module: pl.LightningModule, outputs: Any, batch: Any, batch_idx: int
    ) -> None:
        """Save what is due; Lightning calls this after all other callbacks."""
        if self._is_best(trainer.global_step):
            self._save(trainer, BEST)
        stopping = self.signals.is_requested(trainer)
        if stopping or is_due(trainer, self.every):
            self._save(trainer, LAST)
        trainer.should_stop = stopping
        requeue = self.signals.take_requeue()
        if requeue is not None:
            self._save(trainer, LAST)  # Lightning would save bad numbers as well
            requeue()

    def _is_best(self, iteration: int) -> bool:
        measured = {} if self.evaluation is None else self.evaluation.fid
        if iteration not in measured:
            return False
        earlier = [fid for at, fid in measured.items() if at < iteration]
        return measured[iteration] < min(earlier, default=float("inf"))

    def _save(self, trainer: pl.Trainer, name: str) -> None:
        assert isinstance(trainer.lightning_module, AdversarialModule)
        with self.recorder.stopwatch.paused():
            trainer.lightning_module.check_numbers()
            for logger in trainer.loggers:
                logger.save()
            trainer.save_checkpoint(self.folder / name)  # all processes call it, the first writes
