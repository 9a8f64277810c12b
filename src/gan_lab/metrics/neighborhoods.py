"""Quality and diversity of samples apart: precision and recall, density and coverage."""

from __future__ import annotations

from typing import Any, NamedTuple

import torch
from torch import Tensor

from gan_lab.checks import check_whole
from gan_lab.errors import UserError
from gan_lab.metrics.measure import HIGHER, Measure, Reference, Samples, Score

ROWS = 500  # of a matrix of distances at a time: 20 MB with 10,000 columns


class Radii(NamedTuple):
    """The distance of each image to its k-th neighbour among the others of its kind, `[N]`, for either k."""

    precision: Tensor
    density: Tensor


class Neighborhoods(Measure):
    """How samples y_1..y_N and real images x_1..x_M lie among each other, by balls in the feature space.

    The ball of an image reaches to its k-th nearest neighbour among the others of its kind, and holds its border.

    - `precision/SPACE`: the share of the samples that lie in some real image's ball; k = `precision_k`.
    - `recall/SPACE`: the share of the real images that lie in some sample's ball; k = `precision_k`.
    - `density/SPACE`: 1 / (k N) times the number of pairs (y_i, x_j) where y_i lies in the ball of x_j; k =
      `density_k`. 1 on average where samples are distributed as real images; more is possible, where samples crowd
      where real images do. One real image far off, whose ball is large, weighs less than in precision.
    - `coverage/SPACE`: the share of the real images whose ball holds some sample; k = `density_k`. It knows no balls
      of samples, so that samples far off gain nothing, as they do in recall.

    The real images are as many of the training images as there are samples. The floors are what the real test images
    get, all of them or as many as there are samples; recall and coverage rise with N, so that floors of fewer images
    are too low. Kynkäänniemi et al. 2019, "Improved Precision and Recall Metric for Assessing Generative Models",
    equations 1 and 2, with their k = 3; Naeem et al. 2020, "Reliable Fidelity and Diversity Metrics for Generative
    Models", equations 3 and 4, with their k = 5.
    """

    def __init__(self, precision_k: int = 3, density_k: int = 5, in_training: bool = False) -> None:
        check_whole("metrics.measure.neighborhoods.precision_k", precision_k, 1)
        check_whole("metrics.measure.neighborhoods.density_k", density_k, 1)
        super().__init__(in_training)
        self.precision_k = precision_k
        self.density_k = density_k

    def prepare(self, reference: Reference) -> None:
        """Take the reference; distances wait for the first measurement.

        Raises:
            UserError: where there are not enough images to have so many neighbours.
        """
        super().prepare(reference)
        splits = reference.data.splits
        least = min(reference.num_samples, len(splits.train), len(splits.test))
        for key, value in (("precision_k", self.precision_k), ("density_k", self.density_k)):
            if value >= least:
                raise UserError(
                    f"metrics.measure.neighborhoods.{key}={value} must be less than the numbers of samples, of "
                    f"training images and of test images, the least of which is {least}; choose a smaller one"
                )
        self._radii: Radii | None = None
        self._floors: dict[str, float] = {}

    @torch.no_grad()
    def measure(self, samples: Samples) -> dict[str, Score]:
        """All four, of all samples' features."""
        if self._radii is None:
            self._radii = self._radii_of(self.reference.train_features)
            self._floors = self._shares(self.reference.test_features, self._radii)
        space = self.reference.features.name
        found = self._shares(samples.features, self._radii)
        return {f"{name}/{space}": Score(value, HIGHER, self._floors[name]) for name, value in found.items()}

    def protocol(self) -> dict[str, Any]:
        """How many neighbours, and of how many images."""
        return {
            "precision_k": self.precision_k,
            "density_k": self.density_k,
            "reference": f"{len(self.reference.train_features)} of the training images",
            "floor_images": len(self.reference.test_features),
        }

    def _radii_of(self, features: Tensor) -> Radii:
        nearest = []
        for start in range(0, len(features), ROWS):
            distances = torch.cdist(features[start : start + ROWS], features)
            distances.diagonal(start).fill_(torch.inf)  # an image is no neighbour of its own
            nearest.append(distances.topk(max(self.precision_k, self.density_k), largest=False).values)
        distances = torch.cat(nearest)
        return Radii(distances[:, self.precision_k - 1], distances[:, self.density_k - 1])

    def _shares(self, features: Tensor, real: Radii) -> dict[str, float]:
        """The four numbers of features `[N, D]` in the samples' place."""
        real_features, fake = self.reference.train_features, self._radii_of(features)
        recalled = torch.zeros(len(real_features), dtype=torch.bool, device=features.device)
        covered = recalled.clone()
        precise, inside = 0, 0
        for chunk, fake_radii in zip(features.split(ROWS), fake.precision.split(ROWS), strict=True):
            distances = torch.cdist(chunk, real_features)
            precise += int((distances <= real.precision).any(1).sum())
            recalled |= (distances <= fake_radii[:, None]).any(0)
            in_balls = distances <= real.density
            covered |= in_balls.any(0)
            inside += int(in_balls.sum())
        return {
            "precision": precise / len(features),
            "recall": float(recalled.double().mean()),
            "density": inside / (self.density_k * len(features)),
            "coverage": float(covered.double().mean()),
        }
