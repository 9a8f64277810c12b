"""DCGAN's strided and transposed convolutions (Radford et al. 2016) for any square image of 4 * 2^k or 7 * 2^k pixels.

Every stage halves or doubles the side with kernel 4, stride 2, padding 1; `width` is the number of channels at the
image's half size, and doubles with every further stage. Batch norm stands neither at G's output nor at D's input.
The paper's first transposed and last strided convolution see a 1x1 map, and are written here as the linear layers
that they are.
"""

from __future__ import annotations

from itertools import pairwise

from torch import Tensor, nn

from gan_lab.errors import UserError
from gan_lab.networks.layers import Activation, ImageShape, check_width, initialize_normal


def stages(image_shape: ImageShape) -> tuple[int, int]:
    """The side of the smallest feature map (4, or 7 for 28 pixels) and the number of stride-2 stages.

    Raises:
        UserError: for an image that is not square, or whose side is neither 4 * 2^k (k >= 1) nor 28.
    """
    _, height, width = image_shape
    if height != width:
        raise UserError(f"network=dcgan makes square images, not {height}x{width}")
    for base in (4, 7):
        count = (height // base).bit_length() - 1
        if count >= 1 and base * 2**count == height and (base == 4 or height == 28):
            return base, count
    raise UserError(
        f"network=dcgan makes images of 4 x 2^k pixels (8, 16, 32, 64, ...) or 28, not data.image_size={height}; "
        "choose one of these sizes, or network=mlp"
    )


def stage_channels(width: int, count: int) -> list[int]:
    """Channels at each stage of the discriminator, from the image inwards: width, 2 width, 4 width, ..."""
    check_width("network width", width)
    return [width * 2**stage for stage in range(count)]


class DCGANGenerator(nn.Module):
    """Noise `[N, noise_dimension]` to images `[N, C, H, W]` in (-1, 1).

    `init_std` draws the weights from N(0, init_std), 0.02 in the paper; `None` keeps PyTorch's own initialization.
    """

    def __init__(
        self,
        image_shape: ImageShape,
        noise_dimension: int,
        width: int,
        activation: Activation,
        batchnorm: bool,
        init_std: float | None = None,
    ) -> None:
        super().__init__()
        base, count = stages(image_shape)
        channels = stage_channels(width, count)[::-1]

        def normalized(size: int) -> list[nn.Module]:
            return [nn.BatchNorm2d(size), activation()] if batchnorm else [activation()]

        layers: list[nn.Module] = [
            nn.Linear(noise_dimension, channels[0] * base * base, bias=not batchnorm),
            nn.Unflatten(1, (channels[0], base, base)),
            *normalized(channels[0]),
        ]
        for inputs, outputs in pairwise(channels):
            layers += [nn.ConvTranspose2d(inputs, outputs, 4, 2, 1, bias=not batchnorm), *normalized(outputs)]
        layers += [nn.ConvTranspose2d(channels[-1], image_shape[0], 4, 2, 1), nn.Tanh()]
        self.layers = nn.Sequential(*layers)
        initialize_normal(self, init_std)

    def forward(self, z: Tensor) -> Tensor:
        """Noise `[N, noise_dimension]` to images `[N, C, H, W]` in (-1, 1)."""
        return self.layers(z)


class DCGANDiscriminator(nn.Module):
    """Images `[N, C, H, W]` to logits `[N]`; `init_std` as in `DCGANGenerator`."""

    def __init__(
        self,
        image_shape: ImageShape,
        width: int,
        activation: Activation,
        batchnorm: bool,
        init_std: float | None = None,
    ) -> None:
        super().__init__()
        base, count = stages(image_shape)
        channels = [image_shape[0], *stage_channels(width, count)]
        layers: list[nn.Module] = []
        for inputs, outputs in pairwise(channels):
            normalize = batchnorm and bool(layers)
            layers.append(nn.Conv2d(inputs, outputs, 4, 2, 1, bias=not normalize))
            layers += [nn.BatchNorm2d(outputs), activation()] if normalize else [activation()]
        self.layers = nn.Sequential(*layers, nn.Flatten(), nn.Linear(channels[-1] * base * base, 1), nn.Flatten(0))
        initialize_normal(self, init_std)

    def forward(self, images: Tensor) -> Tensor:
        """Images `[N, C, H, W]` to logits `[N]`."""
        return self.layers(images)
