"""The last and the best checkpoint of a run."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytorch_lightning as pl
from pytorch_lightning.callbacks import Checkpoint

from gan_lab.callbacks.evaluation import Evaluation
from gan_lab.callbacks.recording import Recorder
from gan_lab.callbacks.schedule import is_due

LAST = "last.ckpt"
BEST = "best.ckpt"


class Checkpoints(Checkpoint):
    """Keeps `last.ckpt`, saved every `every` iterations and at the end, and `best.ckpt`, of the lowest FID so far.

    `WholeCheckpoints` writes them, so that one of these names is always a whole file.
    """

    def __init__(self, folder: Path, every: int, evaluation: Evaluation | None, recorder: Recorder) -> None:
        self.folder = folder
        self.every = every
        self.evaluation = evaluation
        self.recorder = recorder

    def on_train_batch_end(
        self, trainer: pl.Trainer, pl_module: pl.LightningModule, outputs: Any, batch: Any, batch_idx: int
    ) -> None:
        """Save what is due; Lightning calls this after all other callbacks."""
        if self._is_best(trainer.global_step):
            self._save(trainer, BEST)
        if is_due(trainer, self.every):
            self._save(trainer, LAST)

    def _is_best(self, iteration: int) -> bool:
        measured = {} if self.evaluation is None else self.evaluation.measured
        if iteration not in measured:
            return False
        earlier = [fid for at, fid in measured.items() if at < iteration]
        return measured[iteration] < min(earlier, default=float("inf"))

    def _save(self, trainer: pl.Trainer, name: str) -> None:
        with self.recorder.stopwatch.paused():
            trainer.save_checkpoint(self.folder / name)  # all processes call it, the first writes
