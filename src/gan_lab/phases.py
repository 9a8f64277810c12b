"""What the two phases of an iteration do to the players and to Lightning's counter."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from pytorch_lightning.core.optimizer import LightningOptimizer
from torch import nn


@contextmanager
def frozen(network: nn.Module) -> Iterator[None]:
    """Within the block no weight of `network` gathers a gradient; gradients still flow through it."""
    trained = [parameter for parameter in network.parameters() if parameter.requires_grad]
    for parameter in trained:
        parameter.requires_grad_(False)
    try:
        yield
    finally:
        for parameter in trained:
            parameter.requires_grad_(True)


def leave_uncounted(optimizer: LightningOptimizer) -> None:
    """Keep the optimizer's steps out of Lightning's `global_step`, from here to the end of the iteration.

    Lightning counts every `optimizer.step()` of manual optimization through two hooks that it installs anew before
    each `training_step`; without this, `global_step` is the sum over both players.
    """
    optimizer._on_before_step = optimizer._on_after_step = lambda: None
