"""The original GAN (Goodfellow et al. 2014), and DCGAN, which plays the same game with other networks."""

from __future__ import annotations

from typing import Any

from torch import Tensor

from gan_lab import losses
from gan_lab.adversarial import Terms
from gan_lab.checks import check_flag, check_number
from gan_lab.data.images import Batch, Fakes
from gan_lab.models.noise_gan import NoiseGAN


class GAN(NoiseGAN):
    """D minimizes -log D(x) - log(1 - D(G(z))); G minimizes -log D(G(z)), or log(1 - D(G(z))) when `saturating`.

    Goodfellow et al. 2014, "Generative Adversarial Nets", equation 1 and section 3. `real_label`, in (0.5, 1], is D's
    target on real images: below 1 it is one-sided label smoothing (Salimans et al. 2016, section 3.4). `loss_scale`
    multiplies these two terms of D: with 0.5 they are the mean over real and generated images together, as in programs
    that put both into one batch.
    """

    critic_is_logit = True

    def __init__(
        self, saturating: bool = False, real_label: float = 1.0, loss_scale: float = 1.0, **noise_gan: Any
    ) -> None:
        check_flag("model.saturating", saturating)
        check_number("model.real_label", real_label, above=0.5, most=1)
        check_number("model.loss_scale", loss_scale, above=0)
        super().__init__(**noise_gan)
        self.saturating = saturating
        self.real_label = real_label
        self.loss_scale = loss_scale

    def discriminator_loss(self, batch: Batch, fake: Fakes) -> Terms:
        """The cross-entropies of telling real from fake, each a mean over the batch; 2 log 2 when D guesses."""
        return self.tell_apart(*self.critics(batch, fake))

    def generator_loss(self, batch: Batch, fake: Fakes) -> Terms:
        """How well D sees through the fakes."""
        return self.deceive(self.critic(*fake))

    def tell_apart(self, real_logits: Tensor, fake_logits: Tensor) -> Terms:
        """D's cross-entropies of these logits, `[N]` each."""
        self.observe_outputs(real_logits, fake_logits)
        return {
            "real": self.loss_scale * losses.binary_cross_entropy(real_logits, self.real_label),
            "fake": self.loss_scale * losses.binary_cross_entropy(fake_logits, 0.0),
        }

    def deceive(self, fake_logits: Tensor) -> Terms:
        """G's loss for the logits `[N]` that its fakes get."""
        loss = losses.saturating if self.saturating else losses.non_saturating
        return {"adversarial": loss(fake_logits)}
