"""DCGAN's strided and transposed convolutions (Radford et al. 2016) for square images of 4 * 2^k pixels, and 28.

Every stage halves or doubles the side, down to 4 pixels (2 for images of 8) and up again: with kernel 4, stride 2,
padding 1, or kernel 3 between 7 and 4 pixels. `width` is the number of channels at the image's half size, and doubles
with every further stage. Batch norm stands neither at G's output nor at D's input. The paper's first transposed and
last strided convolution see a 1x1 map, and are written here as the linear layers that they are.
"""

from __future__ import annotations

from itertools import pairwise

from torch import nn

from gan_lab.checks import check_whole
from gan_lab.errors import UserError
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
    initialize_normal,
)


def stage_sizes(image_shape: ImageShape) -> list[int]:
    """The sides of the feature maps from the image inwards: [32, 16, 8, 4], [28, 14, 7, 4], [8, 4, 2].

    There are at least two stages, since with one D would be a sum over patches that sees no whole image.

    Raises:
        UserError: for an image that is not square, or whose side is neither 4 * 2^k with k >= 1 nor 28.
    """
    _, height, width = image_shape
    if height != width:
        raise UserError(f"network=dcgan makes square images, not {height}x{width}")
    is_power = height >= 8 and height & (height - 1) == 0
    if not is_power and height != 28:
        raise UserError(
            f"network=dcgan makes images of 4 x 2^k pixels (8, 16, 32, 64, ...) or 28, not data.image_size={height}; "
            "choose one of these sizes, or network=mlp"
        )
    sizes = [height]
    while sizes[-1] > 4 or len(sizes) < 3:
        sizes.append((sizes[-1] + 1) // 2)
    return sizes


def stage_channels(width: int, count: int) -> list[int]:
    """Channels at each stage of the discriminator, from the image inwards: width, 2 width, 4 width, ..."""
    check_whole("network.width", width, 1)
    return [width * 2**stage for stage in range(count)]


def kernel(size: int) -> int:
    """The kernel that halves an even side, and takes an odd one to its half rounded up, with stride 2 and padding 1."""
    return 4 if size % 2 == 0 else 3


def std_for(init_std: float | str | None, batchnorm: bool) -> float | str | None:
    """The deviation of the initial weights that `init_std` means in a network with or without batch norm."""
    return init_std if init_std != "auto" else 0.02 if batchnorm else None


class DCGANGenerator(Generator):
    """Noise `[N, noise_dimension]` to images `[N, C, H, W]` in (-1, 1).

    `init_std` draws the weights from N(0, init_std); `None` keeps PyTorch's own initialization, and "auto" draws from
    the paper's N(0, 0.02) where there is batch norm, which hides their scale; without it they would be too small.
    Labels enter as a one-hot vector beside the noise (`classes`), or through batch norm (`batchnorm_classes`).
    """

    def __init__(
        self,
        image_shape: ImageShape,
        noise_dimension: int,
        width: int,
        activation: Activation,
        batchnorm: bool,
        init_std: float | str | None = None,
        classes: int = 0,
        batchnorm_classes: int = 0,
    ) -> None:
        check_noise_dimension(noise_dimension)
        check_batchnorm_classes("dcgan", batchnorm, batchnorm_classes)
        *sizes, base = stage_sizes(image_shape)
        channels = stage_channels(width, len(sizes))[::-1]

        def normalized(size: int) -> list[nn.Module]:
            return [batch_norm(size, batchnorm_classes), activation()] if batchnorm else [activation()]

        layers: list[nn.Module] = [
            nn.Linear(noise_dimension + classes, channels[0] * base * base, bias=not batchnorm),
            nn.Unflatten(1, (channels[0], base, base)),
            *normalized(channels[0]),
        ]
        for (inputs, outputs), size in zip(pairwise(channels), sizes[:0:-1], strict=True):
            convolution = nn.ConvTranspose2d(inputs, outputs, kernel(size), 2, 1, bias=not batchnorm)
            layers += [convolution, *normalized(outputs)]
        layers += [nn.ConvTranspose2d(channels[-1], image_shape[0], kernel(sizes[0]), 2, 1), nn.Tanh()]
        super().__init__(layers, classes)
        initialize_normal(self, std_for(init_std, batchnorm))


class DCGANDiscriminator(Discriminator):
    """Images `[N, C, H, W]` to logits `[N]`; `init_std` as in `DCGANGenerator`.

    With `classes` each label is appended as planes; `extra_channels` are taken beside those of `image_shape`.
    """

    def __init__(
        self,
        image_shape: ImageShape,
        width: int,
        activation: Activation,
        batchnorm: bool,
        init_std: float | str | None = None,
        classes: int = 0,
        extra_channels: int = 0,
        head: HeadFactory | None = None,
    ) -> None:
        *sizes, base = stage_sizes(image_shape)
        channels = [image_shape[0] + extra_channels + classes, *stage_channels(width, len(sizes))]
        layers: list[nn.Module] = []
        for (inputs, outputs), size in zip(pairwise(channels), sizes, strict=True):
            normalize = batchnorm and bool(layers)
            layers.append(nn.Conv2d(inputs, outputs, kernel(size), 2, 1, bias=not normalize))
            layers += [batch_norm(outputs), activation()] if normalize else [activation()]
        num_features = channels[-1] * base * base
        super().__init__([*layers, nn.Flatten()], num_features, head, LabelPlanes(classes) if classes else None)
        initialize_normal(self, std_for(init_std, batchnorm))
