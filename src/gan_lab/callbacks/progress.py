"""One progress bar over the whole budget."""

from __future__ import annotations

import sys
from typing import Any

import pytorch_lightning as pl
from pytorch_lightning.callbacks import ProgressBar
from tqdm.auto import tqdm

from gan_lab.callbacks.recording import Recorder

SHOWN = {"loss/discriminator": "D", "loss/generator": "G", "fid/classifier": "FID", "fid/inception": "FID"}


class IterationBar(ProgressBar):
    """Iterations of the budget, both losses and the last FID; quiet on all processes but the first."""

    def __init__(self, recorder: Recorder) -> None:
        super().__init__()
        self.recorder = recorder
        self.enabled = True
        self.bar: tqdm | None = None

    def disable(self) -> None:
        """Lightning calls this on all processes but the first."""
        self.enabled = False

    def enable(self) -> None:
        """Show the bar."""
        self.enabled = True

    def on_train_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Open the bar at the iteration that training starts from."""
        if self.enabled:
            interactive = sys.stderr.isatty()
            self.bar = tqdm(
                initial=trainer.global_step,
                total=trainer.max_steps,
                unit="it",
                dynamic_ncols=interactive,
                mininterval=0.2 if interactive else 15.0,  # seconds; a log file wants fewer lines
                maxinterval=30.0,
            )

    def on_train_batch_end(
        self, trainer: pl.Trainer, pl_module: pl.LightningModule, outputs: Any, batch: Any, batch_idx: int
    ) -> None:
        """Count the iteration; renew the numbers where the recorder has new ones."""
        if self.bar is None:
            return
        iteration = trainer.global_step
        if iteration % self.recorder.every == 0 or iteration == trainer.max_steps:
            latest = self.recorder.latest
            shown = {label: f"{latest[key]:.3g}" for key, label in SHOWN.items() if key in latest}
            self.bar.set_postfix(shown, refresh=False)
        self.bar.update()

    def on_exception(self, trainer: pl.Trainer, pl_module: pl.LightningModule, exception: BaseException) -> None:
        """Close the bar, so that the message stands on a line of its own."""
        self.teardown(trainer, pl_module, "fit")

    def teardown(self, trainer: pl.Trainer, pl_module: pl.LightningModule, stage: str) -> None:
        """Close the bar."""
        if self.bar is not None:
            self.bar.close()
            self.bar = None
