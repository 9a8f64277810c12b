"""InfoGAN: codes that the images must tell of (Chen et al. 2016)."""

from __future__ import annotations

from functools import partial
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional as F

from gan_lab.adversarial import Terms
from gan_lab.checks import check_number, check_whole
from gan_lab.data.images import Batch, Fakes
from gan_lab.models.gan import GAN
from gan_lab.models.noise_gan import Latent, NetworkFactory
from gan_lab.networks.heads import CodeHead
from gan_lab.noise import Noise
from gan_lab.seeding import seeded_generator

SWEEP = 10  # columns of a continuous code's grid, from -2 to 2
ROWS = 8


class InfoGAN(GAN):
    """The original game, where G's input holds a code and both players maximize what Q reads of it in the images.

    The code is one categorical variable of `categories` values, as a one-hot vector, and `continuous` ones uniform on
    (-1, 1). Q shares D's network up to the last layer; its losses, on fakes in both phases, are the categorical's
    cross-entropy and, for the continuous ones, the negative log-likelihood of a Gaussian of unit variance, up to its
    constant: (c - Q)^2 / 2, summed. Together they bound the mutual information I(c; G(z, c)) from below, up to the
    codes' own entropy. Chen et al. 2016, "InfoGAN", equations 5 and 6.

    Beside the fixed grid there is one for each code: `category` with a value in each column, and `code_1`, ... with the
    continuous one going from -2 to 2, as in the paper's figure 2.
    """

    fixed_codes: Tensor

    def __init__(
        self,
        generator: NetworkFactory,
        discriminator: NetworkFactory,
        noise: Noise,
        categories: int = 10,
        continuous: int = 2,
        category_weight: float = 1.0,
        continuous_weight: float = 1.0,
        **gan: Any,
    ) -> None:
        check_whole("model.categories", categories, 2)
        check_whole("model.continuous", continuous, 0)
        check_number("model.category_weight", category_weight, above=0)
        check_number("model.continuous_weight", continuous_weight, above=0)
        codes = categories + continuous
        super().__init__(
            generator=partial(generator, noise_dimension=noise.dimension + codes),
            discriminator=partial(discriminator, head=partial(CodeHead, outputs=codes)),
            noise=noise,
            **gan,
        )
        self.categories = categories
        self.continuous = continuous
        self.category_weight = category_weight
        self.continuous_weight = continuous_weight
        fixed_codes = self._codes(len(self.fixed_noise), seeded_generator("cpu", self.seed, "codes"))
        self.register_buffer("fixed_codes", fixed_codes)

    def _codes(self, num: int, random: torch.Generator) -> Tensor:
        """Random codes: one-hot category, then the continuous ones in (-1, 1): `[num, categories + continuous]`."""
        category = torch.randint(self.categories, (num,), generator=random, device=random.device)
        continuous = torch.empty(num, self.continuous, device=random.device).uniform_(-1, 1, generator=random)
        return torch.cat([F.one_hot(category, self.categories), continuous], 1)

    def draw(self, num: int, random: torch.Generator, labels: Tensor | None = None) -> Latent:
        """Noise with random codes behind it; data labels are not used."""
        return self._latent(self.noise(num, random), self._codes(num, random))

    def _latent(self, z: Tensor, codes: Tensor) -> Latent:
        return Latent(torch.cat([z, codes], 1))

    def generate(self, batch: Batch, purpose: str = "noise") -> Fakes:
        """Fakes with the codes that they were made from: `[N, categories + continuous]`."""
        random = seeded_generator(self.device, self.seed, purpose, self.iteration, self.global_rank)
        (z, _) = self.draw(len(batch.real), random)
        return Fakes(self.generator(z), z[:, self.noise.dimension :])

    def critic(self, images: Tensor, labels: Tensor | None = None) -> Tensor:
        """D's logit of being real, `[N]`."""
        return self.discriminator(images)[0]

    def discriminator_loss(self, batch: Batch, fake: Fakes) -> Terms:
        """Tell real from fake, and read the fakes' codes."""
        real_logits, (fake_logits, outputs) = self.critic(batch.real), self.discriminator(fake.images)
        return {**self.tell_apart(real_logits, fake_logits), **self.code_losses(outputs, fake.labels)}

    def generator_loss(self, batch: Batch, fake: Fakes) -> Terms:
        """Look real, and let the codes be read."""
        logits, outputs = self.discriminator(fake.images)
        return {**self.deceive(logits), **self.code_losses(outputs, fake.labels)}

    def code_losses(self, outputs: Tensor, codes: Tensor | None) -> Terms:
        """How badly Q's `outputs` tell the codes, both `[N, categories + continuous]`."""
        assert codes is not None
        outputs, codes = outputs.float(), codes.float()
        category = F.cross_entropy(outputs[:, : self.categories], codes[:, : self.categories].argmax(1))
        terms = {"category": self.category_weight * category}
        if self.continuous:
            errors = outputs[:, self.categories :] - codes[:, self.categories :]
            terms["continuous"] = self.continuous_weight * errors.square().sum(1).mean() / 2
        return terms

    def fixed_latents(self) -> dict[str, tuple[Latent, int]]:
        """The fixed grid, and one in which each code takes all its values while the others stand still in a row."""
        z, codes = self.fixed_noise, self.fixed_codes
        made = {"fixed": (self._latent(z, codes), 8)}
        rows = self.categories
        values = torch.eye(rows, device=codes.device).repeat(ROWS, 1)
        swept = codes[:ROWS].repeat_interleave(rows, 0)
        swept[:, :rows] = values
        made["category"] = (self._latent(z[:ROWS].repeat_interleave(rows, 0), swept), rows)
        for index in range(self.continuous):
            swept = codes[:ROWS].repeat_interleave(SWEEP, 0)
            swept[:, self.categories + index] = torch.linspace(-2, 2, SWEEP, device=codes.device).repeat(ROWS)
            made[f"code_{index + 1}"] = (self._latent(z[:ROWS].repeat_interleave(SWEEP, 0), swept), SWEEP)
        return made
