"""What the networks share: the types of injected factories, and weight initialization."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from torch import nn

from gan_lab.errors import UserError

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
    if std <= 0:
        raise UserError(f"init_std={std} must be greater than 0, or null for PyTorch's own initialization")
    for layer in module.modules():
        weight = getattr(layer, "weight", None)
        if weight is None:
            continue
        is_norm = isinstance(layer, nn.BatchNorm1d | nn.BatchNorm2d)
        nn.init.normal_(weight, mean=1.0 if is_norm else 0.0, std=std)
        bias = getattr(layer, "bias", None)
        if bias is not None:
            nn.init.zeros_(bias)


def check_width(name: str, width: int) -> None:
    """Raise a `UserError` unless `width`, a number of channels or units, is at least 1."""
    if width < 1:
        raise UserError(f"{name}={width} must be at least 1")
