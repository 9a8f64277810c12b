"""Relativistic average GAN (Jolicoeur-Martineau 2019)."""

from __future__ import annotations

from typing import Any

import torch

from gan_lab import losses
from gan_lab.adversarial import Terms
from gan_lab.data.images import Batch, Fakes
from gan_lab.errors import UserError
from gan_lab.models.gan import GAN


class RaGAN(GAN):
    """D says how much more real an image is than the average image of the other kind; G makes it say the reverse.

    D minimizes BCE(C(x) - E[C(G(z))], 1) + BCE(C(G(z)) - E[C(x)], 0), and G the same with the targets exchanged.
    Jolicoeur-Martineau 2019, "The relativistic discriminator: a key element missing from standard GAN".
    `real_label` is D's target 1; G has no `saturating` form.
    """

    critic_is_logit = False  # only differences of two images' scores are logits

    def __init__(self, saturating: bool = False, **gan: Any) -> None:
        if saturating:
            raise UserError(
                f"model.saturating={str(saturating).lower()}: a relativistic G has no such form; leave it out"
            )
        super().__init__(**gan)

    def discriminator_loss(self, batch: Batch, fake: Fakes) -> Terms:
        """The cross-entropies of the relative logits; 2 log 2 when D guesses."""
        real_logits, fake_logits = self.critics(batch, fake)
        return self.tell_apart(real_logits - fake_logits.mean(), fake_logits - real_logits.mean())

    def generator_loss(self, batch: Batch, fake: Fakes) -> Terms:
        """The same with exchanged targets; the real images' part moves G through the fakes' average."""
        with torch.no_grad():
            real_logits = self.critic(*batch)
        fake_logits = self.critic(*fake)
        return {
            "fake": losses.binary_cross_entropy(fake_logits - real_logits.mean(), 1.0),
            "real": losses.binary_cross_entropy(real_logits - fake_logits.mean(), 0.0),
        }
