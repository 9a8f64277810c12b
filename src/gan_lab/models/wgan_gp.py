"""Wasserstein GAN with gradient penalty (Gulrajani et al. 2017)."""

from __future__ import annotations

from typing import Any

from gan_lab import penalties
from gan_lab.adversarial import Terms
from gan_lab.checks import check_number
from gan_lab.data.images import Batch, Fakes
from gan_lab.models.wgan import WassersteinGAN


class WGANGP(WassersteinGAN):
    """The critic minimizes E[f(G(z))] - E[f(x)] + weight * E[(|grad f(x_hat)| - 1)^2].

    Gulrajani et al. 2017, "Improved Training of Wasserstein GANs", equation 3; each x_hat is a random point between a
    real image and a fake.
    """

    def __init__(self, penalty_weight: float = 10.0, **noise_gan: Any) -> None:
        check_number("model.penalty_weight", penalty_weight, above=0)
        super().__init__(**noise_gan)
        self.refuse_batch_norm("model=wgan_gp")
        self.penalty_weight = penalty_weight

    def discriminator_loss(self, batch: Batch, fake: Fakes) -> Terms:
        """The Wasserstein terms and the penalty, on points of the real images' labels."""
        points = penalties.between(batch.real, fake.images)
        penalty = penalties.unit_slope(lambda images: self.critic(images, batch.labels), points)
        return {**super().discriminator_loss(batch, fake), "penalty": self.penalty_weight * penalty}
