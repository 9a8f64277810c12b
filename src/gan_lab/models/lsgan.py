"""Least squares GAN (Mao et al. 2017)."""

from __future__ import annotations

from typing import Any

from gan_lab import losses
from gan_lab.adversarial import Terms
from gan_lab.checks import check_number
from gan_lab.data.images import Batch, Fakes
from gan_lab.models.noise_gan import NoiseGAN


class LSGAN(NoiseGAN):
    """D minimizes (D(x) - b)^2 / 2 + (D(G(z)) - a)^2 / 2; G minimizes (D(G(z)) - c)^2 / 2.

    Mao et al. 2017, "Least Squares Generative Adversarial Networks", equation 2. With b - c = 1 and b - a = 2 the game
    minimizes the Pearson chi-squared divergence (section 3.2.2); a = 0, b = c = 1 are the labels of the paper's runs.
    """

    def __init__(self, a: float = 0.0, b: float = 1.0, c: float = 1.0, **noise_gan: Any) -> None:
        for key, value in (("model.a", a), ("model.b", b), ("model.c", c)):
            check_number(key, value)
        super().__init__(**noise_gan)
        self.a, self.b, self.c = a, b, c

    def discriminator_loss(self, batch: Batch, fake: Fakes) -> Terms:
        """The distances of D's scores to b on real images and a on fakes."""
        real_scores, fake_scores = self.critics(batch, fake)
        self.observe_scores(real_scores, fake_scores)
        return {
            "real": losses.least_squares(real_scores, self.b),
            "fake": losses.least_squares(fake_scores, self.a),
        }

    def generator_loss(self, batch: Batch, fake: Fakes) -> Terms:
        """The distance of D's scores on fakes to c."""
        return {"adversarial": losses.least_squares(self.critic(*fake), self.c)}
