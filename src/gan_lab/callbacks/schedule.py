"""When a callback acts."""

from __future__ import annotations

import pytorch_lightning as pl


def interval(every: int | None, iterations: int, times: int, least: int = 1) -> int:
    """`every`; where it is `None`, what makes the callback act `times` times in the budget, but `least` or more."""
    return every or max(least, iterations // times)


def is_due(trainer: pl.Trainer, every: int) -> bool:
    """Whether the iteration just done is a multiple of `every`, or the last of the budget."""
    return trainer.global_step % every == 0 or trainer.global_step == trainer.max_steps
