"""The DCGAN of Udacity's SVHN exercise: strided convolutions with kernel 4, and no rule of DCGAN's about the first
layer.

G's dense layer is neither normalized nor activated, its last convolution has no bias, and the weights start as PyTorch
has them. The sides must be divisible by 8.
"""

from __future__ import annotations

from torch import nn

from gan_lab.checks import check_whole
from gan_lab.networks.heads import HeadFactory
from gan_lab.networks.layers import (
    Activation,
    Discriminator,
    Generator,
    ImageShape,
    LabelPlanes,
    batch_norm,
    check_batchnorm_classes,
    check_noise_dimension,
    part_of_side,
)


class UdacityGenerator(Generator):
    """Noise `[N, noise_dimension]` to images `[N, C, H, W]` in (-1, 1)."""

    def __init__(
        self,
        image_shape: ImageShape,
        noise_dimension: int,
        width: int,
        activation: Activation,
        batchnorm: bool,
        classes: int = 0,
        batchnorm_classes: int = 0,
    ) -> None:
        check_noise_dimension(noise_dimension)
        check_whole("network.width", width, 1)
        check_batchnorm_classes("udacity_dcgan", batchnorm, batchnorm_classes)
        base = part_of_side("udacity_dcgan", image_shape, 8)

        def stage(inputs: int, outputs: int) -> list[nn.Module]:
            convolution = nn.ConvTranspose2d(inputs, outputs, 4, 2, 1, bias=False)
            return [convolution, *([batch_norm(outputs, batchnorm_classes)] if batchnorm else []), activation()]

        layers: list[nn.Module] = [
            nn.Linear(noise_dimension + classes, 4 * width * base * base),
            nn.Unflatten(1, (4 * width, base, base)),
            *stage(4 * width, 2 * width),
            *stage(2 * width, width),
            nn.ConvTranspose2d(width, image_shape[0], 4, 2, 1, bias=False),
            nn.Tanh(),
        ]
        super().__init__(layers, classes)


class UdacityDiscriminator(Discriminator):
    """Images `[N, C, H, W]` to logits `[N]`; batch norm on all layers but the first.

    With `classes` each label is appended as planes; `extra_channels` are taken beside those of `image_shape`.
    """

    def __init__(
        self,
        image_shape: ImageShape,
        width: int,
        activation: Activation,
        batchnorm: bool,
        classes: int = 0,
        extra_channels: int = 0,
        head: HeadFactory | None = None,
    ) -> None:
        check_whole("network.width", width, 1)
        base = part_of_side("udacity_dcgan", image_shape, 8)

        def stage(inputs: int, outputs: int, normalize: bool) -> list[nn.Module]:
            convolution = nn.Conv2d(inputs, outputs, 4, 2, 1, bias=False)
            return [convolution, *([batch_norm(outputs)] if normalize else []), activation()]

        features: list[nn.Module] = [
            *stage(image_shape[0] + extra_channels + classes, width, normalize=False),
            *stage(width, 2 * width, batchnorm),
            *stage(2 * width, 4 * width, batchnorm),
            nn.Flatten(),
        ]
        super().__init__(features, 4 * width * base * base, head, LabelPlanes(classes) if classes else None)
