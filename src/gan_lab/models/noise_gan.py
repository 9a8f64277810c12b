"""What all GANs share that turn noise into images."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn

from gan_lab import penalties
from gan_lab.adversarial import AdversarialModule, Terms
from gan_lab.checks import check_choice, check_flag, check_list, check_number, check_whole
from gan_lab.compiling import uncompiled
from gan_lab.data.images import Batch, Fakes, to_bytes
from gan_lab.disturbances import AUGMENTATIONS, add_noise
from gan_lab.errors import UserError
from gan_lab.networks.normalization import has_batch_norm, normalize_spectrally
from gan_lab.noise import Noise
from gan_lab.seeding import seeded_generator

GRID_SIZE = 64
SAMPLING_BATCH = 500

NetworkFactory = Callable[..., nn.Module]
"""Makes a player; a variant adds the keywords that its paper asks for: `classes`, `head`, ..."""


class Latent(NamedTuple):
    """What G is given: noise `[N, D]`, and labels `[N]` where it is conditional."""

    z: Tensor
    labels: Tensor | None = None

    def to(self, device: torch.device) -> Latent:
        """The same on another device."""
        return Latent(self.z.to(device), None if self.labels is None else self.labels.to(device))


class Grid(NamedTuple):
    """Pictures to be shown row by row, uint8 `[N, C, H, W]`, in so many columns."""

    pictures: Tensor
    columns: int


class NoiseGAN(AdversarialModule):
    """A GAN whose generator maps noise `[N, noise.dimension]` to images `[N, C, H, W]` in [-1, 1].

    It brings the switches that suit every objective: `spectral_norm` in D (Miyato et al. 2018); the R1 penalty, of
    weight `r1_weight`, in every `r1_every`-th iteration only and then as many times larger (Mescheder et al. 2018;
    lazy: Karras et al. 2020, appendix B); `instance_noise`, its deviation at the start, which falls linearly to 0 over
    the part `instance_noise_until` of the budget; and DiffAugment by the operations in `augment`. The latter two change
    the real and the generated images that D sees, in both phases.

    `black` is the value of a black pixel, -1 or 0; white is 1.
    """

    fixed_noise: Tensor
    without_batch_norm = "batchnorm=generator or none"
    """The choices that leave D without batch norm."""
    critic_is_logit = False
    """Whether `sigmoid(critic)` is the probability, to D's mind, that an image is real."""

    def __init__(
        self,
        generator: NetworkFactory,
        discriminator: NetworkFactory,
        noise: Noise,
        spectral_norm: bool = False,
        r1_weight: float = 0.0,
        r1_every: int = 1,
        instance_noise: float = 0.0,
        instance_noise_until: float = 1.0,
        augment: Sequence[str] = (),
        black: float = -1.0,
        **adversarial: Any,
    ) -> None:
        check_flag("model.spectral_norm", spectral_norm)
        check_number("model.r1_weight", r1_weight, least=0)
        check_whole("model.r1_every", r1_every, 1)
        check_number("model.instance_noise", instance_noise, least=0)
        check_number("model.instance_noise_until", instance_noise_until, above=0, most=1)
        check_list("model.augment", augment)
        for operation in augment:
            check_choice("model.augment", operation, [*AUGMENTATIONS])
        super().__init__(generator=generator(), discriminator=discriminator(), **adversarial)
        if spectral_norm:
            normalize_spectrally(self.discriminator)
        if r1_weight:
            self.refuse_batch_norm("model.r1_weight")
        self.noise = noise
        self.r1_weight = r1_weight
        self.r1_every = r1_every
        self.instance_noise = instance_noise
        self.instance_noise_until = instance_noise_until
        self.augment = list(augment)
        self.black = black
        fixed_noise = noise(GRID_SIZE, seeded_generator("cpu", self.seed, "grid"))
        self.register_buffer("fixed_noise", fixed_noise)  # of the sample grids; ranks and resumed runs agree on it

    def refuse_batch_norm(self, key: str) -> None:
        """Raise a `UserError` where D has batch norm: a penalty on each image's own slope has no meaning there."""
        if has_batch_norm(self.discriminator):
            raise UserError(
                f"{key} penalizes D's slope at each single image, and batch norm in D mixes the images of a batch; "
                f"choose {self.without_batch_norm}"
            )

    def draw(self, num: int, random: torch.Generator, labels: Tensor | None = None) -> Latent:
        """`num` inputs of G; a conditional variant takes `labels`, or draws its own."""
        return Latent(self.noise(num, random))

    def training_labels(self, batch: Batch) -> Tensor | None:
        """The labels that a batch's fakes shall have; `None` leaves them to `draw`."""
        return None

    def generate(self, batch: Batch, purpose: str = "noise") -> Fakes:
        """As many fakes as the batch has images, from fresh noise: images in [-1, 1]."""
        random = seeded_generator(self.device, self.seed, purpose, self.iteration, self.global_rank)
        latent = self.draw(len(batch.real), random, self.training_labels(batch))
        return Fakes(self.generator(*latent), latent.labels)

    def critic(self, images: Tensor, labels: Tensor | None = None) -> Tensor:
        """D's logit for each image, `[N]`: the greater, the more real."""
        return self.discriminator(images, labels)

    def critics(self, batch: Batch, fake: Fakes) -> tuple[Tensor, Tensor]:
        """D's logits of the real images and of the fakes, `[N]` each, by the way that is faster.

        Without batch norm each image is judged by itself, and one forward of both together gives the same; batch norm
        in D wants the two apart, as DCGAN has them.
        """
        if has_batch_norm(self.discriminator):
            return self.critic(*batch), self.critic(*fake)
        labels = None if fake.labels is None else torch.cat([batch.labels, fake.labels])
        real_logits, fake_logits = self.critic(torch.cat([batch.real, fake.images]), labels).chunk(2)
        return real_logits, fake_logits

    def presented(self, batch: Batch, fake: Fakes) -> tuple[Batch, Fakes]:
        """Both with instance noise and augmented, where that is asked for."""
        if not (self.instance_noise or self.augment):
            return batch, fake
        return batch._replace(real=self._disturbed(batch.real)), fake._replace(images=self._disturbed(fake.images))

    def _disturbed(self, images: Tensor) -> Tensor:
        for operation in self.augment:
            images = AUGMENTATIONS[operation](images)
        done = self.iteration / (self.instance_noise_until * self.trainer.max_steps)
        std = self.instance_noise * max(0.0, 1 - done)
        return add_noise(images, std) if std else images

    def penalties(self, batch: Batch, fake: Fakes) -> Terms:
        """The R1 penalty, in the iterations where it is due."""
        if not self.r1_weight or self.iteration % self.r1_every:
            return {}
        weight = self.r1_weight * self.r1_every
        return {"r1": weight * penalties.squared_slope(lambda images: self.critic(images, batch.labels), batch.real)}

    def observe_outputs(self, real_logits: Tensor, fake_logits: Tensor) -> None:
        """Keep D(x) and D(G(z)), as mean probabilities in [0, 1], for the curves, and the share that D gets right."""
        if self.observing:
            self.observe({"D/real": real_logits.sigmoid().mean(), "D/fake": fake_logits.sigmoid().mean()})
            right = (real_logits > 0).float().mean() + (fake_logits < 0).float().mean()
            self.observe({"D/accuracy": right / 2})

    def observe_scores(self, real_scores: Tensor, fake_scores: Tensor) -> None:
        """Keep the mean scores, any real numbers, of a critic that gives no probabilities."""
        if self.observing:
            self.observe({"D/real_score": real_scores.mean(), "D/fake_score": fake_scores.mean()})

    def fixed_latents(self) -> dict[str, tuple[Latent, int]]:
        """The inputs of the sample grids by their names, each with the grid's columns."""
        return {"fixed": (Latent(self.fixed_noise), 8)}

    @torch.no_grad()
    def grids(self) -> dict[str, Grid]:
        """Samples from fixed inputs, on the CPU."""
        made = {}
        for name, (latent, columns) in self.fixed_latents().items():
            made[name] = Grid(to_bytes(self._sample(latent), self.black).cpu(), columns)
        return made

    def check_label(self, label: int) -> None:
        """Raise a `UserError` unless samples of this class can be asked for."""
        raise UserError(f"--label {label}: this model takes no labels; train model=cgan, acgan or projection_gan")

    @torch.no_grad()
    def sample(
        self, num: int, seed: int, rank: int = 0, world_size: int = 1, label: int | None = None
    ) -> Iterator[Fakes]:
        """`num` samples, in batches of uint8 `[N, C, H, W]` on the module's device, of class `label` where given.

        The noise is drawn on the CPU, so every machine gets the same samples up to rounding. Of `world_size`
        processes each makes its share of the same samples: the batches whose number leaves the remainder `rank`.
        """
        random = seeded_generator("cpu", seed, "sample")
        for index, start in enumerate(range(0, num, SAMPLING_BATCH)):
            size = min(SAMPLING_BATCH, num - start)
            latent = self.draw(size, random, None if label is None else torch.full((size,), label))
            if index % world_size == rank:
                latent = latent.to(self.device)
                yield Fakes(to_bytes(self._sample(latent), self.black), latent.labels)

    def _sample(self, latent: Latent) -> Tensor:
        sampler = self.sampler
        training = sampler.training
        sampler.eval()
        try:  # a compiled generator would be compiled again for every other number of samples
            with uncompiled():
                return sampler(*latent)
        finally:
            sampler.train(training)
