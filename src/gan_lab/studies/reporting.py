"""What a study leaves in its run folder: `summary.json`, a picture, curves, and lines on the terminal."""

from __future__ import annotations

import io
import logging
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pytorch_lightning.loggers import Logger, TensorBoardLogger

from gan_lab import atomic
from gan_lab.experiment import build_loggers
from gan_lab.process import quiet_lightning
from gan_lab.run_folder import refuse_used_folder
from gan_lab.summary import git_revision, shown, versions, write_summary

if TYPE_CHECKING:
    from matplotlib.axes import Axes

log = logging.getLogger(__name__)


class Report:
    """Takes a study's numbers and pictures, and writes them where a GAN's run would have them.

    Raises:
        UserError: where the folder holds a run already.
    """

    def __init__(self, config: dict[str, Any], folder: Path) -> None:
        quiet_lightning()
        refuse_used_folder(folder)
        self.folder = folder
        self.config = config
        self.loggers: list[Logger] = build_loggers(config, folder, None)

    def point(self, values: dict[str, float], step: int) -> None:
        """One point of some curves."""
        for logger in self.loggers:
            logger.log_metrics(values, step)

    def picture(self, name: str, draw: Callable[[Axes], None], title: str) -> Path:
        """Write what `draw` draws as NAME.png, and show it in TensorBoard."""
        from matplotlib.backends.backend_agg import FigureCanvasAgg
        from matplotlib.figure import Figure

        figure = Figure(figsize=(8, 6), layout="constrained")  # no global state, no window
        FigureCanvasAgg(figure)
        axes = figure.add_subplot(title=title)
        draw(axes)
        path = self.folder / f"{name}.png"
        file = io.BytesIO()
        figure.savefig(file, format="png", dpi=120)
        atomic.write(path, file.getbuffer())
        for logger in self.loggers:
            if isinstance(logger, TensorBoardLogger):
                logger.experiment.add_figure(name, figure, close=False)
        return path

    def finish(self, results: dict[str, Any], lines: list[str]) -> None:
        """Write `summary.json` and tell the result."""
        for logger in self.loggers:
            logger.finalize("success")
        summary = {
            "task": self.config["task"],
            "seed": self.config["seed"],
            "study": self.config["study"],
            "results": results,
            "git_revision": git_revision(),
            "versions": versions(),
        }
        write_summary(summary, self.folder)
        for line in [
            *lines,
            f"run folder   {shown(self.folder)}",
            f"curves       tensorboard --logdir {shown(self.folder)}",
        ]:
            log.info("%s", line)
