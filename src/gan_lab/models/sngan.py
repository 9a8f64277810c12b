"""GAN with hinge loss, which spectral normalization made common (Miyato et al. 2018)."""

from __future__ import annotations

from gan_lab import losses
from gan_lab.adversarial import Terms
from gan_lab.data.images import Batch, Fakes
from gan_lab.models.noise_gan import NoiseGAN


class HingeGAN(NoiseGAN):
    """D minimizes E[max(0, 1 - D(x))] + E[max(0, 1 + D(G(z)))], G minimizes -E[D(G(z))].

    Miyato et al. 2018, "Spectral Normalization for Generative Adversarial Networks", equations 16 and 17. Its yaml
    turns `spectral_norm` on and chooses the paper's residual networks; the objective works without either.
    """

    def discriminator_loss(self, batch: Batch, fake: Fakes) -> Terms:
        """How far real images score below 1, and fakes above -1."""
        real_scores, fake_scores = self.critics(batch, fake)
        self.observe_scores(real_scores, fake_scores)
        return {"real": losses.hinge_real(real_scores), "fake": losses.hinge_fake(fake_scores)}

    def generator_loss(self, batch: Batch, fake: Fakes) -> Terms:
        """The negative of D's mean score of the fakes."""
        return {"adversarial": -losses.mean_score(self.critic(*fake))}
