"""Sample grids of one fixed noise, and the film of their growth."""

from __future__ import annotations

import io
import logging
from pathlib import Path
from typing import Any

import pytorch_lightning as pl
from PIL import Image
from pytorch_lightning.loggers import TensorBoardLogger
from torch import Tensor

from gan_lab import atomic
from gan_lab.callbacks.collapse import DIVERSITY, diversity
from gan_lab.callbacks.recording import Recorder
from gan_lab.callbacks.schedule import is_due
from gan_lab.data.datamodule import ImageDataModule
from gan_lab.grids import image_grid, save_png
from gan_lab.models.noise_gan import Grid, NoiseGAN

log = logging.getLogger(__name__)

GIF = "growth.gif"
REAL = "real.png"


class SampleGrids(pl.Callback):
    """Writes `samples/<iteration>.png`, `samples/real.png` and, at the end, `samples/growth.gif`.

    A model with more grids than the fixed one gets each in a folder of its name, `samples/category/<iteration>.png`.
    The curve `samples/diversity` is the mean distance between the fixed ones, as a part of that between real images.
    TensorBoard shows them as `samples/fixed`, `samples/category` and so on, and `samples/real`.
    """

    def __init__(self, folder: Path, every: int, recorder: Recorder) -> None:
        self.folder = folder
        self.every = every
        self.recorder = recorder

    def on_train_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Draw real images and what the untrained generator makes."""
        assert isinstance(trainer.datamodule, ImageDataModule)  # type: ignore[attr-defined]
        real = trainer.datamodule.splits.train.pictures[:64]  # type: ignore[attr-defined]
        self._real_diversity = max(1e-9, diversity(real))
        if trainer.is_global_zero and trainer.global_step == 0:
            self._draw(trainer, Grid(real, 8), "samples/real", REAL)
            self._draw_samples(trainer, pl_module)

    def on_train_batch_end(
        self, trainer: pl.Trainer, pl_module: pl.LightningModule, outputs: Any, batch: Any, batch_idx: int
    ) -> None:
        """Draw samples where a grid is due."""
        if is_due(trainer, self.every) and trainer.is_global_zero:
            with self.recorder.stopwatch.paused():
                self._draw_samples(trainer, pl_module)

    def on_fit_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Join the grids to a film."""
        if trainer.is_global_zero:
            save_gif(sorted(self.folder.glob("[0-9]*.png")), self.folder / GIF)

    def _draw_samples(self, trainer: pl.Trainer, module: pl.LightningModule) -> None:
        assert isinstance(module, NoiseGAN)
        for name, grid in module.grids().items():
            if name == "fixed" and trainer.global_step:
                self.recorder.record(trainer, {DIVERSITY: diversity(grid.pictures) / self._real_diversity})
            file = f"{trainer.global_step:07d}.png"
            self._draw(trainer, grid, f"samples/{name}", file if name == "fixed" else f"{name}/{file}")

    def _draw(self, trainer: pl.Trainer, grid: Grid, tag: str, file: str) -> None:
        draw(trainer, image_grid(*grid), tag, self.folder / file)


def draw(trainer: pl.Trainer, picture: Tensor, tag: str, file: Path) -> None:
    """Write a picture, uint8 `[3, height, width]`, to a PNG file, and to TensorBoard under `tag`."""
    save_png(picture, file)
    for logger in trainer.loggers:
        if isinstance(logger, TensorBoardLogger):
            logger.experiment.add_image(tag, picture, trainer.global_step)


def save_gif(frames: list[Path], path: Path, seconds: float = 6.0) -> None:
    """An animation of PNG files that lasts about `seconds`, and rests on its last frame.

    A file that is no PNG, which only a folder out of other hands has, is left out, and told.
    """
    images = []
    for frame in frames:
        try:
            images.append(Image.open(frame, formats=["PNG"]).convert("P"))  # PIL would take EPS, and run Ghostscript
        except (OSError, SyntaxError, ValueError, Image.DecompressionBombError) as error:
            log.warning("%s is left out of the film: %s", frame, error)
    if not images:
        return
    duration = max(40, int(1000 * seconds / len(images)))
    durations = [*[duration] * (len(images) - 1), 2000]
    film = io.BytesIO()
    images[0].save(film, "GIF", save_all=True, append_images=images[1:], duration=durations, loop=0)
    atomic.write(path, film.getbuffer())
