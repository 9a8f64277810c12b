"""A well-known Keras DCGAN (jacobgil/keras-dcgan), which keeps few of DCGAN's rules.

Dense layers, up-sampling and max-pooling instead of strides, one batch norm in G; tanh everywhere in the original,
which is the injected `activation` here. Keras' initialization and batch norm. The sides must be divisible by 4.
"""

from __future__ import annotations

from torch import nn

from gan_lab.networks.heads import HeadFactory
from gan_lab.networks.keras import initialize_glorot, keras_batch_norm
from gan_lab.networks.layers import (
    Activation,
    Discriminator,
    Generator,
    ImageShape,
    LabelPlanes,
    check_batchnorm_classes,
    check_noise_dimension,
    quarter,
)

HIDDEN = 1024


class KerasDCGANGenerator(Generator):
    """Noise `[N, noise_dimension]` to images `[N, C, H, W]` in (-1, 1); `batchnorm` is the second layer's."""

    def __init__(
        self,
        image_shape: ImageShape,
        noise_dimension: int,
        activation: Activation,
        batchnorm: bool,
        classes: int = 0,
        batchnorm_classes: int = 0,
    ) -> None:
        check_noise_dimension(noise_dimension)
        check_batchnorm_classes("keras_dcgan", batchnorm, batchnorm_classes)
        base = quarter("keras_dcgan", image_shape)
        size = 128 * base * base
        layers: list[nn.Module] = [
            nn.Linear(noise_dimension + classes, HIDDEN),
            activation(),
            nn.Linear(HIDDEN, size),
            *([keras_batch_norm(size, batchnorm_classes, flat=True)] if batchnorm else []),
            activation(),
            nn.Unflatten(1, (128, base, base)),
            nn.Upsample(scale_factor=2),
            nn.Conv2d(128, 64, 5, padding=2),
            activation(),
            nn.Upsample(scale_factor=2),
            nn.Conv2d(64, image_shape[0], 5, padding=2),
            nn.Tanh(),
        ]
        super().__init__(layers, classes)
        initialize_glorot(self)


class KerasDCGANDiscriminator(Discriminator):
    """Images `[N, C, H, W]` to logits `[N]`; the original has no batch norm, here all layers but the first can have it.

    With `classes` each label is appended as planes; `extra_channels` are taken beside those of `image_shape`.
    """

    def __init__(
        self,
        image_shape: ImageShape,
        activation: Activation,
        batchnorm: bool,
        classes: int = 0,
        extra_channels: int = 0,
        head: HeadFactory | None = None,
    ) -> None:
        last = (
            quarter("keras_dcgan", image_shape) - 2
        )  # halved, minus the border of an unpadded 5x5 convolution, halved
        if last < 1:
            quarter("keras_dcgan", image_shape, least=12)

        def normalized(size: int, flat: bool = False) -> list[nn.Module]:
            return [keras_batch_norm(size, flat=flat), activation()] if batchnorm else [activation()]

        features: list[nn.Module] = [
            nn.Conv2d(image_shape[0] + extra_channels + classes, 64, 5, padding=2),
            activation(),
            nn.MaxPool2d(2),
            nn.Conv2d(64, 128, 5),
            *normalized(128),
            nn.MaxPool2d(2),
            nn.Flatten(),
            nn.Linear(128 * last * last, HIDDEN),
            *normalized(HIDDEN, flat=True),
        ]
        super().__init__(features, HIDDEN, head, LabelPlanes(classes) if classes else None)
        initialize_glorot(self)
