"""What all GANs share that turn noise into images."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import torch
from torch import Tensor

from gan_lab.adversarial import AdversarialModule
from gan_lab.data.images import Batch, to_bytes
from gan_lab.noise import Noise
from gan_lab.seeding import seeded_generator

GRID_SIZE = 64
SAMPLING_BATCH = 500


class NoiseGAN(AdversarialModule):
    """A GAN whose generator maps noise `[N, noise.dimension]` to images `[N, C, H, W]` in [-1, 1]."""

    fixed_noise: Tensor

    def __init__(self, noise: Noise, **adversarial: Any) -> None:
        super().__init__(**adversarial)
        self.noise = noise
        fixed_noise = noise(GRID_SIZE, seeded_generator("cpu", self.seed, "grid"))
        self.register_buffer("fixed_noise", fixed_noise)  # of the sample grids; ranks and resumed runs agree on it

    def generate(self, batch: Batch) -> Tensor:
        """As many fakes as the batch has images, from fresh noise: `[N, C, H, W]` in [-1, 1]."""
        random = seeded_generator(self.device, self.seed, "noise", self.iteration, self.global_rank)
        return self.generator(self.noise(len(batch.real), random))

    def observe_outputs(self, real_logits: Tensor, fake_logits: Tensor) -> None:
        """Keep D(x) and D(G(z)), as mean probabilities in [0, 1], for the curves; cheap on other iterations."""
        if self.observing:
            self.observe({"D/real": real_logits.sigmoid().mean(), "D/fake": fake_logits.sigmoid().mean()})

    @torch.no_grad()
    def grid_images(self) -> Tensor:
        """Samples from the fixed noise: uint8 `[64, C, H, W]` on the CPU."""
        return to_bytes(self._sample(self.fixed_noise)).cpu()

    @torch.no_grad()
    def sample(self, num: int, seed: int, rank: int = 0, world_size: int = 1) -> Iterator[Tensor]:
        """`num` samples, in batches of uint8 `[N, C, H, W]` on the module's device.

        The noise is drawn on the CPU, so every machine gets the same samples up to rounding. Of `world_size`
        processes each makes its share of the same samples: the batches whose number leaves the remainder `rank`.
        """
        random = seeded_generator("cpu", seed, "sample")
        for index, start in enumerate(range(0, num, SAMPLING_BATCH)):
            z = self.noise(min(SAMPLING_BATCH, num - start), random)
            if index % world_size == rank:
                yield to_bytes(self._sample(z.to(self.device)))

    def _sample(self, z: Tensor) -> Tensor:
        sampler = self.sampler
        training = sampler.training
        sampler.eval()
        try:
            return sampler(z)
        finally:
            sampler.train(training)
