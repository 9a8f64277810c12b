"""The original GAN (Goodfellow et al. 2014), and DCGAN, which plays the same game with other networks."""

from __future__ import annotations

from typing import Any

from torch import Tensor

from gan_lab import losses
from gan_lab.adversarial import Terms
from gan_lab.data.images import Batch
from gan_lab.errors import UserError
from gan_lab.models.noise_gan import NoiseGAN


class GAN(NoiseGAN):
    """D minimizes -log D(x) - log(1 - D(G(z))); G minimizes -log D(G(z)), or log(1 - D(G(z))) when `saturating`.

    Goodfellow et al. 2014, "Generative Adversarial Nets", equation 1 and section 3. `real_label`, in (0.5, 1], is D's
    target on real images: below 1 it is one-sided label smoothing (Salimans et al. 2016, section 3.4).
    """

    def __init__(self, saturating: bool = False, real_label: float = 1.0, **noise_gan: Any) -> None:
        super().__init__(**noise_gan)
        if not 0.5 < real_label <= 1:
            raise UserError(f"model.real_label={real_label} must be above 0.5 and at most 1")
        self.saturating = saturating
        self.real_label = real_label

    def discriminator_loss(self, batch: Batch, fake: Tensor) -> Terms:
        """The cross-entropies of telling real from fake, each a mean over the batch; 2 log 2 when D guesses."""
        real_logits, fake_logits = self.discriminator(batch.real), self.discriminator(fake)
        self.observe_outputs(real_logits, fake_logits)
        return {
            "real": losses.binary_cross_entropy(real_logits, self.real_label),
            "fake": losses.binary_cross_entropy(fake_logits, 0.0),
        }

    def generator_loss(self, batch: Batch, fake: Tensor) -> Terms:
        """How well D sees through the fakes."""
        fake_logits = self.discriminator(fake)
        loss = losses.saturating if self.saturating else losses.non_saturating
        return {"adversarial": loss(fake_logits)}
