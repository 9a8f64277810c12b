"""What optimizers remember of their weights, where a checkpoint has brought it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import torch
from torch import Tensor, nn
from torch.optim import Optimizer

from gan_lab.errors import UserError


def fit_states(optimizers: Iterable[Optimizer]) -> None:
    """Give what fused optimizers remember the memory order of its weight, or refuse it.

    They walk through a weight and what belongs to it side by side without a look at the sizes, so that a smaller tensor
    out of a checkpoint would let them write past its end. The others check it themselves.

    Raises:
        UserError: for a tensor of another shape.
    """
    for optimizer in optimizers:
        fused = [group for group in optimizer.param_groups if group.get("fused")]
        for weight in (weight for group in fused for weight in group["params"] if weight in optimizer.state):
            state = optimizer.state[weight]
            state.update({name: _fitted(name, value, weight) for name, value in state.items()})


def _fitted(name: str, value: Any, weight: nn.Parameter) -> Any:
    if not isinstance(value, Tensor):
        return value
    shape = torch.Size([]) if name == "step" else weight.shape
    if value.layout != torch.strided or value.shape != shape:
        raise UserError(
            f"the checkpoint's optimizer remembers {name!r} of shape {[*value.shape]} for a weight of shape "
            f"{[*weight.shape]}; name a checkpoint that this run has written"
        )
    if name == "step":
        return value.float()
    return value if value.stride() == weight.stride() else torch.empty_like(weight).copy_(value).detach()
