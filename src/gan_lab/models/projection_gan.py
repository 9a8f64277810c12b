"""Projection discriminator with conditional batch norm in G (Miyato and Koyama 2018)."""

from __future__ import annotations

from functools import partial
from typing import Any

from gan_lab.models.conditional import Conditional
from gan_lab.models.noise_gan import NetworkFactory
from gan_lab.models.sngan import HingeGAN
from gan_lab.networks.heads import ProjectionHead


class ProjectionGAN(Conditional, HingeGAN):
    """The hinge game on images with labels; D adds v_y . phi(x) to its logit, G scales and shifts by class.

    Miyato and Koyama 2018, "cGANs with Projection Discriminator", equation 3, with the conditional batch norm of its
    section 5. Its yaml turns spectral norm on, as the paper does.
    """

    def __init__(
        self, generator: NetworkFactory, discriminator: NetworkFactory, classes: int, **noise_gan: Any
    ) -> None:
        super().__init__(
            generator=partial(generator, batchnorm_classes=classes),
            discriminator=partial(discriminator, head=partial(ProjectionHead, classes=classes)),
            classes=classes,
            **noise_gan,
        )
