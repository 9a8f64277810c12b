"""Conditional GAN (Mirza and Osindero 2014)."""

from __future__ import annotations

from functools import partial
from typing import Any

from gan_lab.models.conditional import Conditional
from gan_lab.models.gan import GAN
from gan_lab.models.noise_gan import NetworkFactory


class CGAN(Conditional, GAN):
    """The original game on images with labels: G(z, y) against D(x, y), the one-hot label being an input of both.

    Mirza and Osindero 2014, "Conditional Generative Adversarial Nets", equation 2. How the label joins the image is D's
    network's affair: planes beside the channels, or values beside the pixels.
    """

    def __init__(self, generator: NetworkFactory, discriminator: NetworkFactory, classes: int, **gan: Any) -> None:
        super().__init__(
            generator=partial(generator, classes=classes),
            discriminator=partial(discriminator, classes=classes),
            classes=classes,
            **gan,
        )
