"""What the conditional variants share: labels for the fakes, sample grids with a class in each column."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from gan_lab.checks import check_choice, check_whole
from gan_lab.data.images import Batch
from gan_lab.errors import UserError
from gan_lab.models.noise_gan import Latent, NoiseGAN

GRID_ROWS = 8
FAKE_LABELS = ("data", "uniform")


class Conditional(NoiseGAN):
    """A GAN that generates images of a given class, to be joined with an objective: `class CGAN(Conditional, GAN)`.

    In training the fakes have the labels of the batch's real images (`fake_labels` "data"), so that D cannot tell them
    by how often a class comes, or uniformly random ones ("uniform"). Samples are spread over all classes at random.
    """

    def __init__(self, classes: int, fake_labels: str = "data", **noise_gan: Any) -> None:
        check_whole("data.classes", classes, 1)
        check_choice("model.fake_labels", fake_labels, FAKE_LABELS)
        super().__init__(**noise_gan)
        self.classes = classes
        self.fake_labels = fake_labels

    def draw(self, num: int, random: torch.Generator, labels: Tensor | None = None) -> Latent:
        """`num` noise vectors with `labels`, or with uniformly random ones where they are `None`."""
        z = self.noise(num, random)
        if labels is None:
            labels = torch.randint(self.classes, (num,), generator=random, device=random.device)
        return Latent(z, labels)

    def training_labels(self, batch: Batch) -> Tensor | None:
        """Those of the batch's real images, or none, which lets `draw` take uniformly random ones."""
        return batch.labels if self.fake_labels == "data" else None

    def fixed_latents(self) -> dict[str, tuple[Latent, int]]:
        """One class for each column, one noise for each row."""
        z = self.fixed_noise[:GRID_ROWS].repeat_interleave(self.classes, 0)
        labels = torch.arange(self.classes, device=z.device).repeat(GRID_ROWS)
        return {"fixed": (Latent(z, labels), self.classes)}

    def check_label(self, label: int) -> None:
        """Raise a `UserError` unless it is one of the classes."""
        if not 0 <= label < self.classes:
            raise UserError(f"--label {label}: the classes are 0 to {self.classes - 1}")
