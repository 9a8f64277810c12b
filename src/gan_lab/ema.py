"""Exponential moving average of a network's weights."""

from __future__ import annotations

import copy

import torch
from torch import Tensor, nn


class ExponentialMovingAverage(nn.Module):
    """Averages a network's weights and float buffers: average = d * average + (1 - d) * weights.

    The decay d starts small and rises to `decay`, as min(decay, (1 + updates) / (10 + updates)), so that the first,
    untrained weights are soon forgotten. torch's `AveragedModel` has no such warm-up, and reads its counter back from
    the device at every update.
    """

    def __init__(self, network: nn.Module, decay: float) -> None:
        super().__init__()
        self.decay = decay
        self.average = copy.deepcopy(network).eval().requires_grad_(False)

    def train(self, mode: bool = True) -> ExponentialMovingAverage:
        """Stay in evaluation mode whatever `mode` says: an average is only ever sampled from."""
        return super().train(False)

    @torch.no_grad()
    def update(self, network: nn.Module, updates: int) -> None:
        """Move the average towards `network`, whose weights have been updated `updates` times before."""
        decay = min(self.decay, (1 + updates) / (10 + updates))
        averages, currents = _floats(self.average), _floats(network)
        torch._foreach_lerp_(averages, currents, 1 - decay)

    def forward(self, *inputs: Tensor) -> Tensor:
        """What the averaged network makes of `inputs`."""
        return self.average(*inputs)


def _floats(network: nn.Module) -> list[Tensor]:
    return [*network.parameters(), *(buffer for buffer in network.buffers() if buffer.is_floating_point())]
