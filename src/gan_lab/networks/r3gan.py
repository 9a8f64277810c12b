"""R3GAN's network without normalization (Huang et al. 2024, section 3.4), made small, for 28 and 32 pixels.

Every stage has residual blocks of a 1x1, a grouped 3x3 and a 1x1 convolution with more channels inside than outside;
the last starts at zero and the others are scaled down with the number of blocks, so that the signal keeps its size
without normalization (Fixup, Zhang et al. 2019). Between stages the maps are resampled bilinearly: 4, 7, 14, 28 or 4,
8, 16, 32 pixels. G starts from a learnt 4x4 pattern for each channel, whose strengths are linear in the noise; D ends
with a 4x4 convolution within each channel. Unlike the paper's, this G ends with tanh: images are in [-1, 1] in every
network here.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from gan_lab.checks import check_whole
from gan_lab.errors import UserError
from gan_lab.networks.heads import HeadFactory
from gan_lab.networks.layers import (
    Activation,
    Discriminator,
    Generator,
    ImageShape,
    LabelPlanes,
    check_noise_dimension,
    check_sizes,
)

STAGES = {28: (4, 7, 14, 28), 32: (4, 8, 16, 32)}  # sides of the feature maps
LEAKY_GAIN = math.sqrt(2 / (1 + 0.2**2))  # keeps the variance through a leaky ReLU of slope 0.2 (He et al. 2015)


def scaled(layer: nn.Conv2d | nn.Linear, gain: float) -> nn.Conv2d | nn.Linear:
    """The layer with weights from N(0, gain^2 / inputs)."""
    inputs = math.prod(layer.weight.shape[1:])
    nn.init.normal_(layer.weight, std=gain / math.sqrt(inputs))
    return layer


class Block(nn.Module):
    """x + 1x1(activation(grouped 3x3(activation(1x1(x))))), all maps of the same side."""

    def __init__(self, width: int, cardinality: int, expansion: int, activation: Activation, blocks: int) -> None:
        super().__init__()
        inner = width * expansion
        gain = LEAKY_GAIN * blocks**-0.25  # two layers share the scale 1 / sqrt(blocks) of the branch
        last = nn.Conv2d(inner, width, 1, bias=False)
        nn.init.zeros_(last.weight)
        self.branch = nn.Sequential(
            scaled(nn.Conv2d(width, inner, 1), gain),
            activation(),
            scaled(nn.Conv2d(inner, inner, 3, padding=1, groups=cardinality), gain),
            activation(),
            last,
        )

    def forward(self, inputs: Tensor) -> Tensor:
        """`[N, width, H, W]` to the same shape."""
        return inputs + self.branch(inputs)


class Resample(nn.Module):
    """Bilinear interpolation to another side, antialiased where that is smaller."""

    def __init__(self, side: int) -> None:
        super().__init__()
        self.side = side

    def forward(self, inputs: Tensor) -> Tensor:
        """`[N, C, H, W]` to `[N, C, side, side]`."""
        smaller = self.side < inputs.shape[-1]
        whole = inputs.float()  # PyTorch has no antialiasing in bfloat16 on the CPU
        return F.interpolate(whole, (self.side, self.side), mode="bilinear", antialias=smaller).to(inputs.dtype)


class Basis(nn.Module):
    """Vectors `[N, inputs]` to maps `[N, width, 4, 4]`: for each channel a learnt pattern times a linear value."""

    def __init__(self, inputs: int, width: int) -> None:
        super().__init__()
        self.pattern = nn.Parameter(torch.randn(width, 4, 4))
        self.strength = scaled(nn.Linear(inputs, width, bias=False), 1.0)

    def forward(self, z: Tensor) -> Tensor:
        """Each pattern as strong as the vector says."""
        return self.strength(z)[:, :, None, None] * self.pattern


def refuse_normalization(batchnorm: bool, batchnorm_classes: int = 0) -> None:
    """Raise a `UserError`: this network has none, on purpose."""
    if batchnorm or batchnorm_classes:
        remedy = (
            "a model that gives G its labels otherwise, or another network" if batchnorm_classes else "batchnorm=none"
        )
        raise UserError(f"network=r3gan has no normalization layers, by design; choose {remedy}")


def check_widths(width: int, cardinality: int, expansion: int, blocks: int) -> None:
    """Raise a `UserError` unless the inner channels fall into `cardinality` equal groups."""
    for key, value in (("width", width), ("cardinality", cardinality), ("expansion", expansion), ("blocks", blocks)):
        check_whole(f"network.{key}", value, 1)
    if width * expansion % cardinality:
        raise UserError(
            f"network.cardinality={cardinality} must divide network.width x expansion = {width * expansion}"
        )


class R3GANGenerator(Generator):
    """Noise `[N, noise_dimension]` to images `[N, C, H, W]` in (-1, 1)."""

    def __init__(
        self,
        image_shape: ImageShape,
        noise_dimension: int,
        width: int,
        cardinality: int,
        expansion: int,
        blocks: int,
        activation: Activation,
        batchnorm: bool,
        classes: int = 0,
        batchnorm_classes: int = 0,
    ) -> None:
        check_noise_dimension(noise_dimension)
        check_widths(width, cardinality, expansion, blocks)
        refuse_normalization(batchnorm, batchnorm_classes)
        sides = STAGES[check_sizes("r3gan", image_shape, [*STAGES])]
        total = blocks * len(sides)
        layers: list[nn.Module] = [Basis(noise_dimension + classes, width)]
        for side in sides:
            if side != sides[0]:
                layers.append(Resample(side))
            layers += [Block(width, cardinality, expansion, activation, total) for _ in range(blocks)]
        layers += [scaled(nn.Conv2d(width, image_shape[0], 1), 1.0), nn.Tanh()]
        super().__init__(layers, classes)


class R3GANDiscriminator(Discriminator):
    """Images `[N, C, H, W]` to logits `[N]`.

    With `classes` each label is appended as planes; `extra_channels` are taken beside those of `image_shape`.
    """

    def __init__(
        self,
        image_shape: ImageShape,
        width: int,
        cardinality: int,
        expansion: int,
        blocks: int,
        activation: Activation,
        batchnorm: bool,
        classes: int = 0,
        extra_channels: int = 0,
        head: HeadFactory | None = None,
    ) -> None:
        check_widths(width, cardinality, expansion, blocks)
        refuse_normalization(batchnorm)
        sides = STAGES[check_sizes("r3gan", image_shape, [*STAGES])]
        total = blocks * len(sides)
        layers: list[nn.Module] = [scaled(nn.Conv2d(image_shape[0] + extra_channels + classes, width, 1), 1.0)]
        for side in reversed(sides):
            if side != sides[-1]:
                layers.append(Resample(side))
            layers += [Block(width, cardinality, expansion, activation, total) for _ in range(blocks)]
        layers += [scaled(nn.Conv2d(width, width, 4, groups=width, bias=False), 1.0), nn.Flatten()]
        super().__init__(layers, width, head, LabelPlanes(classes) if classes else None)
