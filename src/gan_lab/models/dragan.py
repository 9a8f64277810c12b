"""DRAGAN: a gradient penalty around the data (Kodali et al. 2017)."""

from __future__ import annotations

from typing import Any

from gan_lab import penalties
from gan_lab.adversarial import Terms
from gan_lab.checks import check_number
from gan_lab.data.images import Batch, Fakes
from gan_lab.models.gan import GAN


class DRAGAN(GAN):
    """The original game, with weight * E[(|grad D(x + noise)| - 1)^2] in D's loss, D being the logit.

    Kodali et al. 2017, "On Convergence and Stability of GANs", section 2.3; its noise is that of
    `penalties.around`.
    """

    def __init__(self, penalty_weight: float = 10.0, **gan: Any) -> None:
        check_number("model.penalty_weight", penalty_weight, above=0)
        super().__init__(**gan)
        self.refuse_batch_norm("model=dragan")
        self.penalty_weight = penalty_weight

    def discriminator_loss(self, batch: Batch, fake: Fakes) -> Terms:
        """The cross-entropies, and the penalty around the real images."""
        points = penalties.around(batch.real)
        penalty = penalties.unit_slope(lambda images: self.critic(images, batch.labels), points)
        return {**super().discriminator_loss(batch, fake), "penalty": self.penalty_weight * penalty}
