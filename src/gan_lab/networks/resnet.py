"""Residual networks of spectral normalization GANs (Miyato et al. 2018, appendix B.4, table 4) for 28 and 32 pixels.

For 32 pixels G doubles the side three times from 4, for 28 twice from 7; D halves it twice, then keeps it for two
blocks, and sums its features over all places. The paper has 256 channels in G and 128 in D. Spectral norm itself is the
model's affair (`model.spectral_norm`).
"""

from __future__ import annotations

from torch import Tensor, nn
from torch.nn import functional as F

from gan_lab.checks import check_whole
from gan_lab.networks.heads import HeadFactory
from gan_lab.networks.layers import (
    Activation,
    Discriminator,
    Generator,
    ImageShape,
    LabelledLayer,
    LabelPlanes,
    Stack,
    batch_norm,
    check_batchnorm_classes,
    check_noise_dimension,
    check_sizes,
)

SIZES = (28, 32)


class UpBlock(LabelledLayer):
    """Twice the side: (norm, activation, upsampling, 3x3, norm, activation, 3x3) beside (upsampling, 1x1)."""

    def __init__(self, inputs: int, outputs: int, activation: Activation, batchnorm: bool, classes: int) -> None:
        super().__init__()

        def normalized(size: int) -> list[nn.Module]:
            return [batch_norm(size, classes), activation()] if batchnorm else [activation()]

        self.residual = Stack(
            *normalized(inputs),
            nn.Upsample(scale_factor=2),
            nn.Conv2d(inputs, outputs, 3, padding=1),
            *normalized(outputs),
            nn.Conv2d(outputs, outputs, 3, padding=1),
        )
        self.shortcut = nn.Conv2d(inputs, outputs, 1)

    def forward(self, inputs: Tensor, labels: Tensor | None = None) -> Tensor:
        """`[N, inputs, H, W]` to `[N, outputs, 2 H, 2 W]`; the 1x1 convolution gives the same before the upsampling."""
        return self.residual(inputs, labels) + F.interpolate(self.shortcut(inputs), scale_factor=2)


class DownBlock(nn.Module):
    """(activation, 3x3, activation, 3x3) beside (1x1), both averaged to half the side where `halve`.

    The first block of D acts on the image, so that it starts without an activation, and halves before its 1x1.
    """

    def __init__(
        self, inputs: int, outputs: int, activation: Activation, batchnorm: bool, halve: bool, first: bool = False
    ) -> None:
        super().__init__()

        def normalized(size: int) -> list[nn.Module]:
            return [batch_norm(size), activation()] if batchnorm else [activation()]

        self.residual = nn.Sequential(
            *([] if first else normalized(inputs)),
            nn.Conv2d(inputs, outputs, 3, padding=1),
            *([activation()] if first else normalized(outputs)),
            nn.Conv2d(outputs, outputs, 3, padding=1),
        )
        self.shortcut = nn.Conv2d(inputs, outputs, 1) if halve or inputs != outputs else nn.Identity()
        self.halve = halve

    def forward(self, inputs: Tensor) -> Tensor:
        """`[N, inputs, H, W]` to `[N, outputs, H, W]`, or half of both sides."""
        if not self.halve:
            return self.residual(inputs) + self.shortcut(inputs)
        return F.avg_pool2d(self.residual(inputs), 2) + self.shortcut(F.avg_pool2d(inputs, 2))


class SumOverPlaces(nn.Module):
    """`[N, C, H, W]` to `[N, C]`."""

    def forward(self, inputs: Tensor) -> Tensor:
        """Add up all places."""
        return inputs.sum((2, 3))


class ResNetGenerator(Generator):
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
        check_whole("network.generator.width", width, 1)
        check_batchnorm_classes("resnet", batchnorm, batchnorm_classes)
        side = check_sizes("resnet", image_shape, SIZES)
        base, blocks = (4, 3) if side == 32 else (7, 2)
        layers: list[nn.Module] = [
            nn.Linear(noise_dimension + classes, width * base * base),
            nn.Unflatten(1, (width, base, base)),
            *(UpBlock(width, width, activation, batchnorm, batchnorm_classes) for _ in range(blocks)),
            *([batch_norm(width)] if batchnorm else []),
            activation(),
            nn.Conv2d(width, image_shape[0], 3, padding=1),
            nn.Tanh(),
        ]
        super().__init__(layers, classes)
        initialize_xavier(self)


class ResNetDiscriminator(Discriminator):
    """Images `[N, C, H, W]` to logits `[N]`.

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
        check_whole("network.discriminator.width", width, 1)
        check_sizes("resnet", image_shape, SIZES)
        channels = image_shape[0] + extra_channels + classes
        features: list[nn.Module] = [
            DownBlock(channels, width, activation, batchnorm, halve=True, first=True),
            DownBlock(width, width, activation, batchnorm, halve=True),
            DownBlock(width, width, activation, batchnorm, halve=False),
            DownBlock(width, width, activation, batchnorm, halve=False),
            activation(),
            SumOverPlaces(),
        ]
        super().__init__(features, width, head, LabelPlanes(classes) if classes else None)
        initialize_xavier(self)


def initialize_xavier(network: nn.Module) -> None:
    """Glorot's uniform weights, greater by sqrt(2) within the blocks' 3x3 convolutions, as the authors' code has it."""
    for layer in network.modules():
        if isinstance(layer, nn.Linear | nn.Conv2d):
            in_block = isinstance(layer, nn.Conv2d) and layer.kernel_size == (3, 3) and layer.out_channels > 3
            nn.init.xavier_uniform_(layer.weight, gain=2**0.5 if in_block else 1.0)
            if layer.bias is not None:
                nn.init.zeros_(layer.bias)
