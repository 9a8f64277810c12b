"""A watch over a game that has come to a stand."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import astuple, dataclass
from typing import Any

import pytorch_lightning as pl
import torch
from pytorch_lightning.loggers import TensorBoardLogger
from torch import Tensor

from gan_lab.callbacks.recording import Recorder
from gan_lab.callbacks.stopping import StopSignals

log = logging.getLogger(__name__)

DIVERSITY = "samples/diversity"
ACCURACY = "D/accuracy"
SPARED = 0.1  # part of the budget, at its start, in which G has not found its feet yet
SPAN = 500  # iterations that are spared at least, and that a limit must be passed for
ACTIONS = ("none", "warn", "stop")


@dataclass
class Passed:
    """A limit that is passed: since which iteration, how often in a row, and whether it has been told."""

    since: int
    times: int = 0
    told: bool = False


@dataclass(frozen=True)
class Limit:
    """What is wrong when a scalar has been out of its bound so many times in a row."""

    is_passed: Callable[[float], bool]
    times: int
    meaning: str


LIMITS = {
    DIVERSITY: Limit(
        lambda value: value < 0.25,
        times=3,  # grids
        meaning=f"the samples are all alike ({DIVERSITY} below 0.25): G has collapsed; a lower optimizer.lr, "
        "model.r1_weight=0.5 with batchnorm=generator, or model=pacgan may help",
    ),
    ACCURACY: Limit(
        lambda value: value >= 1,
        times=20,  # points of the curves
        meaning=f"D has made no mistake for long ({ACCURACY} is 1): G has little to learn from; a lower "
        "optimizer.discriminator.lr, model.real_label=0.9 or model.instance_noise=0.1 may help",
    ),
}


def diversity(pictures: Tensor) -> float:
    """The mean Euclidean distance between two pictures of uint8 `[N, C, H, W]`, in grey levels; 0 if all are alike."""
    return float(torch.pdist(pictures.flatten(1).float()).mean())


class CollapseWatch(pl.Callback):
    """Warns when samples are all alike, or when D has made no mistake for long, and can end the run.

    `samples/diversity` is the mean distance between the samples of the fixed grid, as a part of that between real
    images; below 0.25 in three grids in a row G has collapsed. `D/accuracy` is the share of the images that D puts on
    the right side of 0; 1 at 20 points in a row leaves G without a gradient to learn from, where the loss saturates.
    Both must last for 500 iterations, and as many, or the first tenth of the budget, are spared at the start. A warning
    stands in the log and in TensorBoard's texts, once until what it warns of has passed. `action` is "warn", or "stop",
    which ends the run. Of several processes the first one watches.
    """

    def __init__(self, action: str, recorder: Recorder, stop: StopSignals) -> None:
        self.action = action
        self.recorder = recorder
        self.stop = stop
        self._passed: dict[str, Passed] = {}

    def on_train_batch_end(
        self, trainer: pl.Trainer, pl_module: pl.LightningModule, outputs: object, batch: object, batch_idx: int
    ) -> None:
        """Judge what has been recorded in this iteration."""
        if not trainer.is_global_zero or trainer.global_step < max(SPAN, SPARED * trainer.max_steps):
            return
        for name, limit in LIMITS.items():
            value = self.recorder.recorded(trainer, name)
            if value is None:
                continue
            if not limit.is_passed(value):
                self._passed.pop(name, None)
                continue
            passed = self._passed.setdefault(name, Passed(trainer.global_step))
            passed.times += 1
            lasts = trainer.global_step - passed.since >= SPAN and passed.times >= limit.times
            if lasts and not passed.told:
                passed.told = True
                self._tell(trainer, limit.meaning)

    def _tell(self, trainer: pl.Trainer, meaning: str) -> None:
        message = f"iteration {trainer.global_step}: {meaning}"
        log.warning("%s", message)
        for logger in trainer.loggers:
            if isinstance(logger, TensorBoardLogger):
                logger.experiment.add_text("warnings", message, trainer.global_step)
        if self.action == "stop":
            self.stop.ask(meaning)

    def state_dict(self) -> dict[str, Any]:
        """Since when, and how often, each limit has been passed."""
        return {"passed": {name: astuple(passed) for name, passed in self._passed.items()}}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Go on from it."""
        self._passed = {str(name): Passed(*values) for name, values in state_dict["passed"].items()}
