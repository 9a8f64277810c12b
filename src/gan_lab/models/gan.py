"""The original GAN (Goodfellow et al. 2014), and DCGAN, which plays the same game with other networks."""

from __future__ import annotations

from typing import Any

from torch import Tensor

from gan_lab import losses
from gan_lab.adversarial import Terms
from gan_lab.checks import check_number, check_whole
from gan_lab.data.images import Batch
from gan_lab.models.noise_gan import NoiseGAN


class GAN(NoiseGAN):
    """D minimizes -log D(x) - log(1 - D(G(z))); G minimizes -log D(G(z)), or log(1 - D(G(z))) when `saturating`.

    Goodfellow et al. 2014, "Generative Adversarial Nets", equation 1 and section 3. `real_label`, in (0.5, 1], is D's
    target on real images: below 1 it is one-sided label smoothing (Salimans et al. 2016, section 3.4).

    `r1_weight` above 0 adds the R1 penalty (Mescheder et al. 2018) to D's loss; it wants a D without batch norm. With
    `r1_every` above 1 the penalty is lazy (Karras et al. 2020, appendix B): in every so many iterations only, and as
    many times larger.
    """

    def __init__(
        self,
        saturating: bool = False,
        real_label: float = 1.0,
        r1_weight: float = 0.0,
        r1_every: int = 1,
        **noise_gan: Any,
    ) -> None:
        super().__init__(**noise_gan)
        check_number("model.real_label", real_label, above=0.5, most=1)
        check_number("model.r1_weight", r1_weight, least=0)
        check_whole("model.r1_every", r1_every, 1)
        self.saturating = saturating
        self.real_label = real_label
        self.r1_weight = r1_weight
        self.r1_every = r1_every

    def discriminator_loss(self, batch: Batch, fake: Tensor) -> Terms:
        """The cross-entropies of telling real from fake, each a mean over the batch; 2 log 2 when D guesses."""
        real_logits, fake_logits = self.discriminator(batch.real), self.discriminator(fake)
        self.observe_outputs(real_logits, fake_logits)
        terms = {
            "real": losses.binary_cross_entropy(real_logits, self.real_label),
            "fake": losses.binary_cross_entropy(fake_logits, 0.0),
        }
        if self.r1_weight and self.iteration % self.r1_every == 0:
            terms["r1"] = self.r1_weight * self.r1_every * losses.r1_penalty(self.discriminator, batch.real)
        return terms

    def generator_loss(self, batch: Batch, fake: Tensor) -> Terms:
        """How well D sees through the fakes."""
        fake_logits = self.discriminator(fake)
        loss = losses.saturating if self.saturating else losses.non_saturating
        return {"adversarial": loss(fake_logits)}
