"""InfoGAN's networks for MNIST (Chen et al. 2016, appendix C.1), which Lucic et al. 2018 compare objectives on.

Two convolutions of stride 2 and one hidden layer of 1024 units in each player; the sides must be divisible by 4. The
generator ends with tanh, since images are in [-1, 1] here, where the papers have a sigmoid.
"""

from __future__ import annotations

from torch import nn

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
    quarter,
)

HIDDEN = 1024


class InfoGANGenerator(Generator):
    """Noise `[N, noise_dimension]` to images `[N, C, H, W]` in (-1, 1)."""

    def __init__(
        self,
        image_shape: ImageShape,
        noise_dimension: int,
        activation: Activation,
        batchnorm: bool,
        init_std: float | None = None,
        classes: int = 0,
        batchnorm_classes: int = 0,
    ) -> None:
        check_noise_dimension(noise_dimension)
        check_batchnorm_classes("infogan", batchnorm, batchnorm_classes)
        base = quarter("infogan", image_shape)

        def normalized(size: int, flat: bool = False) -> list[nn.Module]:
            return [batch_norm(size, batchnorm_classes, flat), activation()] if batchnorm else [activation()]

        layers: list[nn.Module] = [
            nn.Linear(noise_dimension + classes, HIDDEN),
            *normalized(HIDDEN, flat=True),
            nn.Linear(HIDDEN, 128 * base * base),
            *normalized(128 * base * base, flat=True),
            nn.Unflatten(1, (128, base, base)),
            nn.ConvTranspose2d(128, 64, 4, 2, 1),
            *normalized(64),
            nn.ConvTranspose2d(64, image_shape[0], 4, 2, 1),
            nn.Tanh(),
        ]
        super().__init__(layers, classes)
        initialize_normal(self, init_std)


class InfoGANDiscriminator(Discriminator):
    """Images `[N, C, H, W]` to logits `[N]`; batch norm on all layers but the first.

    With `classes` each label is appended as planes; `extra_channels` are taken beside those of `image_shape`.
    """

    def __init__(
        self,
        image_shape: ImageShape,
        activation: Activation,
        batchnorm: bool,
        init_std: float | None = None,
        classes: int = 0,
        extra_channels: int = 0,
        head: HeadFactory | None = None,
    ) -> None:
        base = quarter("infogan", image_shape)

        def normalized(size: int, flat: bool = False) -> list[nn.Module]:
            return [batch_norm(size, flat=flat), activation()] if batchnorm else [activation()]

        features: list[nn.Module] = [
            nn.Conv2d(image_shape[0] + extra_channels + classes, 64, 4, 2, 1),
            activation(),
            nn.Conv2d(64, 128, 4, 2, 1),
            *normalized(128),
            nn.Flatten(),
            nn.Linear(128 * base * base, HIDDEN),
            *normalized(HIDDEN, flat=True),
        ]
        super().__init__(features, HIDDEN, head, LabelPlanes(classes) if classes else None)
        initialize_normal(self, init_std)
