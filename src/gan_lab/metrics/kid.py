"""Kernel distance between generated and real images (Binkowski et al. 2018)."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor
from torchmetrics.image.kid import poly_mmd

from gan_lab.checks import check_whole
from gan_lab.metrics.measure import LOWER, Measure, Samples, Score
from gan_lab.seeding import seeded_generator


class KernelDistance(Measure):
    """`kid/SPACE`: the squared maximum mean discrepancy of features, between training images and samples.

        E[k(x, x')] + E[k(y, y')] - 2 E[k(x, y)],    k(x, y) = (x . y / D + 1)^3

    over pairs of different real images x, x', of different samples y, y', and of one of each; D features. The estimate
    has no bias, so that few images give the same number as many, on average, and one below 0 now and then. It is the
    mean over `subsets` random subsets of `subset_size` images of either kind, always the same subsets; fewer images
    where there are fewer. The deviation over the subsets stands in the details; it shrinks to 0 as the subsets come to
    hold all images. The floor is what the real test images get. Binkowski et al. 2018, "Demystifying MMD GANs",
    section 4; the kernel and the subsets are torchmetrics' and torch-fidelity's.
    """

    def __init__(self, subsets: int = 100, subset_size: int = 1000, in_training: bool = False) -> None:
        check_whole("metrics.measure.kid.subsets", subsets, 1)
        check_whole("metrics.measure.kid.subset_size", subset_size, 2)
        super().__init__(in_training)
        self.subsets = subsets
        self.subset_size = subset_size

    @torch.no_grad()
    def measure(self, samples: Samples) -> dict[str, Score]:
        """The distance of all samples' features."""
        floor = self.floor_of(lambda: float(self._distances(self.reference.test_features).mean()))
        distances = self._distances(samples.features)
        size = self._size(samples.features)
        details: dict[str, Any] = {"subset_size": size}
        if size < max(len(samples.features), len(self.reference.train_features)):  # else all subsets are the same
            details["std_over_subsets"] = float(distances.std(correction=0))
        name = f"kid/{self.reference.features.name}"
        return {name: Score(float(distances.mean()), LOWER, floor, details)}

    def protocol(self) -> dict[str, Any]:
        """The images, kernel and subsets."""
        return {
            "reference": f"{len(self.reference.train_features)} of the training images",
            "kernel": "(x . y / D + 1)^3, unbiased",
            "subsets": self.subsets,
            "subset_size": self.subset_size,
        }

    def _size(self, features: Tensor) -> int:
        return min(self.subset_size, len(features), len(self.reference.train_features))

    def _distances(self, features: Tensor) -> Tensor:
        """The squared discrepancy of each subset, float64 `[subsets]`."""
        real, size = self.reference.train_features, self._size(features)
        random = seeded_generator("cpu", 0, "kid")
        return torch.stack(
            [poly_mmd(_drawn(real, size, random), _drawn(features, size, random)) for _ in range(self.subsets)]
        ).double()


def _drawn(features: Tensor, size: int, random: torch.Generator) -> Tensor:
    """`size` different ones of the features `[N, D]`, drawn as torchmetrics does."""
    return features[torch.randperm(len(features), generator=random)[:size].to(features.device)]
