"""R3GAN: relativistic pairing with two gradient penalties (Huang et al. 2024)."""

from __future__ import annotations

from typing import Any

import torch

from gan_lab import losses, penalties
from gan_lab.adversarial import Terms
from gan_lab.checks import check_number
from gan_lab.data.images import Batch, Fakes
from gan_lab.errors import UserError
from gan_lab.models.noise_gan import NoiseGAN


class R3GAN(NoiseGAN):
    """D minimizes E[softplus(D(G(z)) - D(x))] + gamma / 2 * (R1 + R2), G minimizes E[softplus(D(x) - D(G(z)))].

    Huang et al. 2024, "The GAN is dead; long live the GAN!", section 2: relativistic pairing (RpGAN) keeps the modes,
    R1 on real images and R2 on fakes make the training converge.
    """

    def __init__(self, gamma: float = 1.0, r1_weight: float = 0.0, **noise_gan: Any) -> None:
        check_number("model.gamma", gamma, above=0)
        if r1_weight:
            raise UserError(
                f"model.r1_weight={r1_weight}: this model has an R1 penalty already; set model.gamma instead"
            )
        super().__init__(**noise_gan)
        self.refuse_batch_norm("model=r3gan")
        self.gamma = gamma

    def discriminator_loss(self, batch: Batch, fake: Fakes) -> Terms:
        """The paired loss, log 2 when D guesses, and both penalties."""
        real_scores, fake_scores = self.critics(batch, fake)
        self.observe_scores(real_scores, fake_scores)
        r1 = penalties.squared_slope(lambda images: self.critic(images, batch.labels), batch.real)
        r2 = penalties.squared_slope(lambda images: self.critic(images, fake.labels), fake.images)
        return {
            "pairing": losses.relativistic_pairing(real_scores, fake_scores),
            "r1": self.gamma / 2 * r1,
            "r2": self.gamma / 2 * r2,
        }

    def generator_loss(self, batch: Batch, fake: Fakes) -> Terms:
        """The paired loss with the fakes as winners."""
        with torch.no_grad():
            real_scores = self.critic(*batch)
        return {"pairing": losses.relativistic_pairing(self.critic(*fake), real_scores)}
