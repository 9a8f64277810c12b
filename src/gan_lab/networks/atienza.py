"""DCGAN and CGAN of Atienza's "Advanced Deep Learning with Keras" (2018, chapter 4).

Batch norm and activation stand before each convolution; D applies its activation to the image itself and has no batch
norm in the original. The book's images are in [0, 1]: G's sigmoid is stretched to (-1, 1) here, and D squeezes its
input back, so that both compute what they do in the book. Keras' padding, batch norm and initialization. The sides must
be divisible by 4.
"""

from __future__ import annotations

from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from gan_lab.networks.heads import HeadFactory
from gan_lab.networks.keras import (
    initialize_glorot,
    keras_batch_norm,
    same_convolution,
    same_transposed_convolution,
)
from gan_lab.networks.layers import (
    Activation,
    Discriminator,
    Generator,
    ImageShape,
    check_batchnorm_classes,
    check_noise_dimension,
    quarter,
)

KERNEL = 5


class Scale(nn.Module):
    """factor * x + offset."""

    def __init__(self, factor: float, offset: float) -> None:
        super().__init__()
        self.factor = factor
        self.offset = offset

    def forward(self, inputs: Tensor) -> Tensor:
        """Scale and shift every value."""
        return self.factor * inputs + self.offset


class AtienzaGenerator(Generator):
    """Noise `[N, noise_dimension]` to images `[N, C, H, W]` in (-1, 1): a dense layer, four transposed convolutions."""

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
        check_batchnorm_classes("atienza", batchnorm, batchnorm_classes)
        size = quarter("atienza", image_shape)
        layers: list[nn.Module] = [
            nn.Linear(noise_dimension + classes, 128 * size * size),
            nn.Unflatten(1, (128, size, size)),
        ]
        for (inputs, outputs), stride in zip(pairwise((128, 128, 64, 32, image_shape[0])), (2, 2, 1, 1), strict=True):
            if batchnorm:
                layers.append(keras_batch_norm(inputs, batchnorm_classes))
            layers += [activation(), *same_transposed_convolution(inputs, outputs, size, KERNEL, stride)]
            size *= stride
        super().__init__([*layers, nn.Sigmoid(), Scale(2, -1)], classes)
        initialize_glorot(self)


class LabelDense(nn.Module):
    """Appends one plane to images: a dense layer's view of the one-hot label."""

    def __init__(self, classes: int, image_shape: ImageShape) -> None:
        super().__init__()
        _, height, width = image_shape
        self.classes = classes
        self.plane = nn.Sequential(nn.Linear(classes, height * width), nn.Unflatten(1, (1, height, width)))

    def forward(self, images: Tensor, labels: Tensor) -> Tensor:
        """Images `[N, C, H, W]` and labels `[N]` to `[N, C + 1, H, W]`.

        The plane is stretched as the images are, since the network's first layer squeezes both.
        """
        plane = self.plane(F.one_hot(labels, self.classes).to(images.dtype))
        return torch.cat([images, 2 * plane.to(images.dtype) - 1], 1)


class AtienzaDiscriminator(Discriminator):
    """Images `[N, C, H, W]` to logits `[N]`: four convolutions, each after an activation."""

    def __init__(
        self,
        image_shape: ImageShape,
        activation: Activation,
        batchnorm: bool,
        classes: int = 0,
        extra_channels: int = 0,
        head: HeadFactory | None = None,
    ) -> None:
        size = 4 * quarter("atienza", image_shape)
        features: list[nn.Module] = [Scale(0.5, 0.5)]
        planes = image_shape[0] + extra_channels + (1 if classes else 0)
        for (inputs, outputs), stride in zip(pairwise((planes, 32, 64, 128, 256)), (2, 2, 2, 1), strict=True):
            if batchnorm and inputs != planes:
                features.append(keras_batch_norm(inputs))
            features += [activation(), *same_convolution(inputs, outputs, size, KERNEL, stride)]
            size = -(-size // stride)
        label_input = LabelDense(classes, image_shape) if classes else None
        super().__init__([*features, nn.Flatten()], 256 * size * size, head, label_input)
        initialize_glorot(self)
