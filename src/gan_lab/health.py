"""A watch for NaN and infinity that costs no look at the device in most iterations."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from gan_lab.errors import UserError

WINDOW = 100
"""Updates of a player after which they are looked at, if no point of the curves comes before."""

REMEDY = "a lower optimizer.lr, model.gradient_clip=1 or precision=fp32 may help"


@dataclass(frozen=True, eq=False)
class Update:
    """One update of a player: its loss terms and what tells of its gradient, on the device."""

    iteration: int
    player: str
    names: list[str]
    values: Tensor


class Health:
    """Keeps the loss terms of the latest updates, and finds the first that is no finite number.

    Beside the terms stand the norms of the gradients of all biases and of all normalizations' scales: a NaN that
    comes back through a layer reaches them, and they are a thousand times fewer than the weights.

    Under fp16 (`scaled`) a single update with an infinite loss or gradient is no failure, for the loss scaling skips
    it; `WINDOW` of them in a row are.
    """

    def __init__(self) -> None:
        self.scaled = False
        self.iteration = 0  # the one under way, counted from 1
        self._updates: list[Update] = []

    def note(self, player: str, terms: Mapping[str, Tensor], network: nn.Module) -> None:
        """Keep an update, after its backward pass."""
        slopes = [p.grad for p in network.parameters() if p.grad is not None and p.grad.dim() == 1]
        norms = torch._foreach_norm(slopes) if slopes else []
        values = torch.stack([value.detach().float() for value in (*terms.values(), *norms)])
        self._updates.append(Update(self.iteration, player, [*terms], values))

    @property
    def is_full(self) -> bool:
        """Whether it is time to look."""
        return len(self._updates) >= WINDOW

    def check(self) -> None:
        """Look at what has been kept, and start anew.

        Raises:
            UserError: where a term or a gradient is NaN or infinite; it names the term and the iteration.
        """
        if self.scaled and not self.is_full:
            return
        updates, self._updates = self._updates, []
        if not updates or bool(torch.cat([update.values for update in updates]).isfinite().all()):
            return
        failed = [update for update in updates if not bool(update.values.isfinite().all())]
        if self.scaled:
            going_on = {update.player for update in updates if update not in failed}
            failed = [update for update in failed if update.player not in going_on]
        if failed:
            raise UserError(describe(failed[0]))


def describe(update: Update) -> str:
    """What is wrong with an update, in one line."""
    for name, value in zip(update.names, update.values.tolist(), strict=False):
        if not math.isfinite(value):
            return f"the {update.player}'s loss term {name} is {value} at iteration {update.iteration}; {REMEDY}"
    return f"the {update.player}'s gradient is not finite at iteration {update.iteration}; {REMEDY}"


def check_weights(module: nn.Module, iteration: int) -> None:
    """Raise a `UserError` where a weight or buffer of `module` is NaN or infinite; it names the first."""
    named = [(name, value) for name, value in module.state_dict().items() if value.is_floating_point()]
    sums = torch.stack([value.float().mean() for _, value in named])  # not finite if one value is not
    if bool(sums.isfinite().all()):
        return
    for name, value in named:
        if not bool(value.isfinite().all()):
            raise UserError(f"the weight {name} is not finite at iteration {iteration}; {REMEDY}")
