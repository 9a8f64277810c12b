"""Fully connected networks of any widths (Goodfellow et al. 2014)."""

from __future__ import annotations

import math
from collections.abc import Sequence

from torch import nn

from gan_lab.checks import check_whole
from gan_lab.errors import UserError
from gan_lab.networks.heads import HeadFactory
from gan_lab.networks.layers import (
    Activation,
    Discriminator,
    Generator,
    ImageShape,
    LabelVector,
    batch_norm,
    check_batchnorm_classes,
    check_noise_dimension,
    initialize_normal,
)


def hidden_layers(
    inputs: int,
    widths: Sequence[int],
    activation: Activation,
    batchnorm: Sequence[bool],
    dropout: float,
    classes: int = 0,
) -> list[nn.Module]:
    """Linear, batch norm where asked for, activation, dropout where greater than 0, once for each of `widths`.

    With `classes` the batch norm is conditional on the class.
    """
    if not 0 <= dropout < 1:
        raise UserError(f"dropout={dropout} must be at least 0 and below 1")
    layers: list[nn.Module] = []
    for width, normalize in zip(widths, batchnorm, strict=True):
        check_whole("widths", width, 1)
        layers.append(nn.Linear(inputs, width, bias=not normalize))  # batch norm has a bias of its own
        if normalize:
            layers.append(batch_norm(width, classes, flat=True))
        layers.append(activation())
        if dropout:
            layers.append(nn.Dropout(dropout))
        inputs = width
    return layers


class MLPGenerator(Generator):
    """Noise `[N, noise_dimension]` to images `[N, C, H, W]` in (-1, 1) through fully connected layers.

    `batchnorm` normalizes every hidden layer; the output is never normalized. Labels enter as a one-hot vector beside
    the noise (`classes`), or through batch norm (`batchnorm_classes`).
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
        classes: int = 0,
        batchnorm_classes: int = 0,
    ) -> None:
        check_noise_dimension(noise_dimension)
        check_batchnorm_classes("mlp", batchnorm and bool(widths), batchnorm_classes)
        inputs = noise_dimension + classes
        hidden = hidden_layers(inputs, widths, activation, [batchnorm] * len(widths), dropout, batchnorm_classes)
        last = widths[-1] if widths else inputs
        output = [nn.Linear(last, math.prod(image_shape)), nn.Tanh(), nn.Unflatten(1, tuple(image_shape))]
        super().__init__([*hidden, *output], classes)
        initialize_normal(self, init_std)


class MLPDiscriminator(Discriminator):
    """Images `[N, C, H, W]` to logits `[N]` through fully connected layers.

    `batchnorm` normalizes every hidden layer but the first, DCGAN's rule. With `classes` the one-hot label stands
    beside the pixels; `extra_channels` are taken beside those of `image_shape`.
    """

    def __init__(
        self,
        image_shape: ImageShape,
        widths: Sequence[int],
        activation: Activation,
        batchnorm: bool,
        dropout: float = 0.0,
        init_std: float | None = None,
        classes: int = 0,
        extra_channels: int = 0,
        head: HeadFactory | None = None,
    ) -> None:
        channels, height, width = image_shape
        inputs = (channels + extra_channels) * height * width + classes
        normalized = [batchnorm and index > 0 for index in range(len(widths))]
        hidden = hidden_layers(inputs, widths, activation, normalized, dropout)
        last = widths[-1] if widths else inputs
        super().__init__([nn.Flatten(), *hidden], last, head, LabelVector(classes) if classes else None)
        initialize_normal(self, init_std)
