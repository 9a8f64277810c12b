"""The training of a run that has been put together, and how it ends."""

from __future__ import annotations

import shlex
import signal
from dataclasses import dataclass
from pathlib import Path

import pytorch_lightning as pl
import torch
from filelock import FileLock

from gan_lab import launch
from gan_lab.building import first_line
from gan_lab.callbacks.checkpoints import LAST
from gan_lab.callbacks.evaluation import Evaluation
from gan_lab.callbacks.recording import Recorder
from gan_lab.callbacks.stopping import OTHER, StopSignals
from gan_lab.data.datamodule import ImageDataModule
from gan_lab.disk import disk_error
from gan_lab.errors import StoppedError, UserError
from gan_lab.models.noise_gan import NoiseGAN
from gan_lab.resuming import Resumed


@dataclass
class Run:
    """The parts of one run, built and checked, ready to train."""

    model: NoiseGAN
    data: ImageDataModule
    trainer: pl.Trainer
    recorder: Recorder
    evaluation: Evaluation | None
    signals: StopSignals
    folder: Path
    lock: FileLock | None  # on the folder; None in all processes but the first


def fit(prepared: Run, resumed: Resumed | None) -> None:
    """Train from the start, or from a checkpoint, to the end of the budget.

    Raises:
        StoppedError: where a signal has ended it; it says how to go on.
        UserError: where a checkpoint's state does not fit, by which the first iteration at the latest fails.
    """
    trainer = prepared.trainer
    checkpoint = None if resumed is None else resumed.path
    try:
        trainer.fit(prepared.model, datamodule=prepared.data, ckpt_path=checkpoint, weights_only=True)
    except UserError:
        raise
    except (KeyboardInterrupt, SystemExit) as stop:  # Lightning makes an exit of the interrupt
        saved = (prepared.folder / "checkpoints" / LAST).exists()
        remedy = f"resume={prepared.folder} goes on from the last save" if saved else "nothing was saved yet"
        raise StoppedError(f"stopped at iteration {trainer.global_step}; {remedy}", signal.SIGINT) from stop
    except Exception as error:
        if launch.is_launched() and is_of_a_connection(error):
            raise UserError(f"lost the other processes at iteration {trainer.global_step}") from error
        if checkpoint is None or is_another_failure(error, prepared):
            raise
        raise UserError(
            f"resume={checkpoint}: its state does not fit this run ({type(error).__name__}: {first_line(error)}); "
            "name a checkpoint that this run has written"
        ) from error
    tell_the_end(prepared, resumed)


def is_of_a_connection(error: Exception) -> bool:
    """Whether an error comes of another process's end; gloo's are plain runtime errors that name its files."""
    is_gloo = isinstance(error, RuntimeError) and "gloo/transport" in str(error)
    return is_gloo or isinstance(error, torch.distributed.DistError)


def is_another_failure(error: Exception, prepared: Run) -> bool:
    """Whether an error after a resume has nothing to do with the checkpoint's state, or comes too late for that."""
    if isinstance(error, torch.OutOfMemoryError) or disk_error(error) is not None:
        return True
    started_at = prepared.recorder.started_at
    if started_at is None:  # the state is being restored, and may be of any kind
        return False
    is_of_an_optimizer = isinstance(error, RuntimeError | KeyError | ValueError | TypeError | IndexError)
    return prepared.trainer.global_step > started_at + 1 or not is_of_an_optimizer


def tell_the_end(prepared: Run, resumed: Resumed | None) -> None:
    """Raise where training has ended before its budget, or has not begun."""
    trainer, stop = prepared.trainer, prepared.signals
    if resumed is not None and prepared.recorder.started_at is None and resumed.iterations < trainer.max_steps:
        raise UserError(f"resume={resumed.path}: its counters disagree; name a checkpoint that this run has written")
    if stop.requested and trainer.global_step < trainer.max_steps:
        folder = shlex.quote(str(prepared.folder))
        place = f"stopped and saved at iteration {trainer.global_step}; resume={folder} goes on from there"
        if stop.requested == OTHER:
            raise UserError(f"{stop.reason or 'collapse=stop'}; {place}")
        # of several processes, the command that has started them knows what signal it was
        name = "" if launch.is_launched() else f"{signal.Signals(stop.requested).name}: "
        raise StoppedError(f"{name}{place}", stop.requested)


def how_to_go_on(folder: Path) -> str:
    """What to do after a disk that has stopped a run was mended."""
    if not (folder / "checkpoints" / LAST).exists():
        return "then start again, with resume=auto or in another folder; nothing was saved yet"
    return f"then resume={folder} goes on from the last save; gan-lab evaluate {folder} measures it"
