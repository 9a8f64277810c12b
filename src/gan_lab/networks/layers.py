"""What the networks share: the types of injected factories, and weight initialization."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from torch import nn

from gan_lab.checks import check_number

Activation = Callable[[], nn.Module]
"""Makes a new activation layer; called once per layer."""

ImageShape = Sequence[int]
"""(channels, height, width)."""


def initialize_normal(module: nn.Module, std: float | None) -> None:
    """Draw all weights from N(0, std), batch norm's scales from N(1, std), and zero the biases (Radford et al. 2016).

    `std=None` keeps PyTorch's own initialization.
    """
    if std is None:
        return
    check_number("init_std", std, above=0)
    for layer in module.modules():
        weight = getattr(layer, "weight", None)
        if weight is None:
            continue
        is_norm = isinstance(layer, nn.BatchNorm1d | nn.BatchNorm2d)
        nn.init.normal_(weight, mean=1.0 if is_norm else 0.0, std=std)
        bias = getattr(layer, "bias", None)
        if bias is not None:
            nn.init.zeros_(bias)
