"""Fully connected networks of any widths (Goodfellow et al. 2014)."""

from __future__ import annotations

import math
from collections.abc import Sequence

from torch import Tensor, nn

from gan_lab.checks import check_whole
from gan_lab.errors import UserError
from gan_lab.networks.layers import Activation, ImageShape, initialize_normal


def hidden_layers(
    inputs: int,
    widths: Sequence[int],
    activation: Activation,
    batchnorm: Sequence[bool],
    dropout: float,
) -> list[nn.Module]:
    """Linear, batch norm where asked for, activation, dropout where greater than 0, once for each of `widths`."""
    if not 0 <= dropout < 1:
        raise UserError(f"dropout={dropout} must be at least 0 and below 1")
    layers: list[nn.Module] = []
    for width, normalize in zip(widths, batchnorm, strict=True):
        check_whole("widths", width, 1)
        layers.append(nn.Linear(inputs, width, bias=not normalize))  # batch norm has a bias of its own
        if normalize:
            layers.append(nn.BatchNorm1d(width))
        layers.append(activation())
        if dropout:
            layers.append(nn.Dropout(dropout))
        inputs = width
    return layers


class MLPGenerator(nn.Module):
    """Noise `[N, noise_dimension]` to images `[N, C, H, W]` in (-1, 1) through fully connected layers.

    `batchnorm` normalizes every hidden layer; the output is never normalized.
    """

    def __init__(
        self,
        image_shape: ImageShape,
        noise_dimension: int,
        widths: Sequence[int],
        activation: Activation,
        batchnorm: bool,
        dropout: float = 0.0,
        init_std: float | None = None,
    ) -> None:
        super().__init__()
        check_whole("noise.dimension", noise_dimension, 1)
        hidden = hidden_layers(noise_dimension, widths, activation, [batchnorm] * len(widths), dropout)
        last = widths[-1] if widths else noise_dimension
        self.layers = nn.Sequential(
            *hidden, nn.Linear(last, math.prod(image_shape)), nn.Tanh(), nn.Unflatten(1, tuple(image_shape))
        )
        initialize_normal(self, init_std)

    def forward(self, z: Tensor) -> Tensor:
        """Noise `[N, noise_dimension]` to images `[N, C, H, W]` in (-1, 1)."""
        return self.layers(z)


class MLPDiscriminator(nn.Module):
    """Images `[N, C, H, W]` to logits `[N]` through fully connected layers.

    `batchnorm` normalizes every hidden layer but the first, DCGAN's rule.
    """

    def __init__(
        self,
        image_shape: ImageShape,
        widths: Sequence[int],
        activation: Activation,
        batchnorm: bool,
        dropout: float = 0.0,
        init_std: float | None = None,
    ) -> None:
        super().__init__()
        inputs = math.prod(image_shape)
        normalized = [batchnorm and index > 0 for index in range(len(widths))]
        hidden = hidden_layers(inputs, widths, activation, normalized, dropout)
        last = widths[-1] if widths else inputs
        self.layers = nn.Sequential(nn.Flatten(), *hidden, nn.Linear(last, 1), nn.Flatten(0))
        initialize_normal(self, init_std)

    def forward(self, images: Tensor) -> Tensor:
        """Images `[N, C, H, W]` to logits `[N]`."""
        return self.layers(images)
