"""Wasserstein GAN with weight clipping (Arjovsky et al. 2017)."""

from __future__ import annotations

from typing import Any

import torch

from gan_lab import losses
from gan_lab.adversarial import Terms
from gan_lab.checks import check_number
from gan_lab.data.images import Batch, Fakes
from gan_lab.models.noise_gan import NoiseGAN


class WassersteinGAN(NoiseGAN):
    """The critic minimizes E[f(G(z))] - E[f(x)], G minimizes -E[f(G(z))].

    Arjovsky et al. 2017, "Wasserstein GAN", equations 2 and 3. The difference estimates the Wasserstein-1 distance, up
    to a factor, as far as f is Lipschitz; a subclass sees to that.
    """

    def discriminator_loss(self, batch: Batch, fake: Fakes) -> Terms:
        """The negative of the distance that the critic finds between real images and fakes."""
        real_scores, fake_scores = self.critics(batch, fake)
        self.observe_scores(real_scores, fake_scores)
        return {"real": -losses.mean_score(real_scores), "fake": losses.mean_score(fake_scores)}

    def generator_loss(self, batch: Batch, fake: Fakes) -> Terms:
        """The negative of the critic's mean score of the fakes."""
        return {"adversarial": -losses.mean_score(self.critic(*fake))}


class WGAN(WassersteinGAN):
    """The critic's weights are clipped to [-clip, clip] after each of its updates (algorithm 1)."""

    def __init__(self, clip: float = 0.01, **noise_gan: Any) -> None:
        check_number("model.clip", clip, above=0)
        super().__init__(**noise_gan)
        self.clip = clip

    @torch.no_grad()
    def constrain_discriminator(self) -> None:
        """Clip every weight of the critic."""
        for weight in self.discriminator.parameters():
            weight.clamp_(-self.clip, self.clip)
