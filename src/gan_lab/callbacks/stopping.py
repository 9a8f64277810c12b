"""Signals that ask a run to end, answered between two iterations."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable
from types import FrameType

import pytorch_lightning as pl
import torch

from gan_lab.callbacks.schedule import is_due

OTHER = 1000  # beyond the numbers of signals
TOGETHER_EVERY = 10  # iterations between two times that several processes agree on whether to stop


class StopSignals(pl.Callback):
    """SIGINT and SIGTERM end the run with the iteration under way, when both players' weights belong together.

    Left alone, SIGINT would break an iteration off, and Lightning's answer to SIGTERM, which talks to the other
    processes from within the handler, may wait for them for ever. A second SIGINT still interrupts at once. Where
    Lightning requeues a SLURM job, its handler is called after the iteration too, so that what it saves is whole.
    """

    def __init__(self) -> None:
        self.requested = 0  # the number of the signal, OTHER for another reason, 0 for none
        self.reason = ""
        self._requeue: Callable[[], None] | None = None

    def on_train_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Take the place of Lightning's handlers; it puts the earlier ones back when it is done."""
        if threading.current_thread() is not threading.main_thread():
            return  # Python lets no other thread set handlers
        signal.signal(signal.SIGINT, self._request)
        signal.signal(signal.SIGTERM, self._request)
        requeue = signal.getsignal(signal.SIGUSR1) if hasattr(signal, "SIGUSR1") else None
        if callable(requeue):

            def defer(number: int, frame: FrameType | None) -> None:
                self._requeue = lambda: requeue(number, frame)

            signal.signal(signal.SIGUSR1, defer)

    def is_requested(self, trainer: pl.Trainer) -> bool:
        """Whether to stop after the iteration just done; all processes get the same answer, at the same iteration."""
        if trainer.world_size > 1:
            if not is_due(trainer, TOGETHER_EVERY):
                return False
            number = torch.tensor(self.requested, device=trainer.strategy.root_device)
            torch.distributed.all_reduce(number, torch.distributed.ReduceOp.MAX)
            self.requested = max(self.requested, int(number))  # a signal may have come while the processes agreed
            return int(number) != 0
        return self.requested != 0

    def ask(self, reason: str) -> None:
        """Ask for the end for another reason than a signal."""
        self.requested, self.reason = OTHER, reason

    def take_requeue(self) -> Callable[[], None] | None:
        """What SLURM's signal has asked for, once: Lightning saves, and hands the job back to the queue."""
        ask, self._requeue = self._requeue, None
        return ask

    def _request(self, number: int, frame: FrameType | None) -> None:
        if self.requested and number == signal.SIGINT:
            raise KeyboardInterrupt
        self.requested = number
