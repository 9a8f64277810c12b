"""PacGAN: a discriminator that judges several images together (Lin et al. 2018)."""

from __future__ import annotations

from functools import partial
from typing import Any

from torch import Tensor

from gan_lab.adversarial import Terms
from gan_lab.checks import check_whole
from gan_lab.data.images import Batch, Fakes
from gan_lab.errors import UserError
from gan_lab.models.gan import GAN
from gan_lab.models.noise_gan import NetworkFactory


class PacGAN(GAN):
    """The original game with a D that sees packs of `pack_size` images, all real or all generated, stacked by channels.

    A generator that makes too few kinds of images shows it within one pack. Lin et al. 2018, "PacGAN: The power of two
    samples in generative adversarial networks", section 2; it changes D's first layer only.
    """

    def __init__(
        self,
        generator: NetworkFactory,
        discriminator: NetworkFactory,
        channels: int,
        batch_size: int,
        pack_size: int = 2,
        **gan: Any,
    ) -> None:
        check_whole("model.pack_size", pack_size, 1)
        if batch_size % pack_size:
            raise UserError(
                f"model.pack_size={pack_size} must divide data.batch_size={batch_size}, so that packs are full"
            )
        packed = partial(discriminator, extra_channels=(pack_size - 1) * channels)
        super().__init__(generator=generator, discriminator=packed, **gan)
        self.pack_size = pack_size

    def penalties(self, batch: Batch, fake: Fakes) -> Terms:
        """Those of whole packs: D's squared slope is the sum over a pack's images, and the mean is over packs."""
        return {name: self.pack_size * term for name, term in super().penalties(batch, fake).items()}

    def critics(self, batch: Batch, fake: Fakes) -> tuple[Tensor, Tensor]:
        """D's logits of packs of real images and of packs of fakes; no pack holds both."""
        return super().critics(
            batch._replace(real=self._whole_packs(batch.real)), Fakes(self._whole_packs(fake.images))
        )

    def critic(self, images: Tensor, labels: Tensor | None = None) -> Tensor:
        """D's logit for each pack, `[N / pack_size]`; images of one process's share that fill no pack are left out."""
        whole = self._whole_packs(images)
        return self.discriminator(whole.reshape(-1, self.pack_size * images.shape[1], *images.shape[2:]))

    def _whole_packs(self, images: Tensor) -> Tensor:
        if len(images) < self.pack_size:
            raise UserError(
                f"model.pack_size={self.pack_size} exceeds one process's share of {len(images)} images of a batch; "
                "choose a smaller one, or a larger data.batch_size"
            )
        return images[: len(images) - len(images) % self.pack_size]
