"""Frechet distance between generated and real images (Heusel et al. 2017), with its protocol."""

from __future__ import annotations

import hashlib
from typing import Any

from safetensors.torch import load, save
from torch import Tensor, nn
from torchmetrics.image.fid import FrechetInceptionDistance

from gan_lab.cache import cached
from gan_lab.data.images import Splits
from gan_lab.metrics.measure import LOWER, Measure, Reference, Samples, Score
from gan_lab.paths import cache_folder

REAL_STATES = ("real_features_sum", "real_features_cov_sum", "real_features_num_samples")


class ReadyFeatures(nn.Module):
    """Stands where torchmetrics expects a network: the metric is fed features that are already computed."""

    def __init__(self, num_features: int) -> None:
        super().__init__()
        self.num_features = num_features

    def forward(self, features: Tensor) -> Tensor:
        """The features, unchanged."""
        return features


def empty_metric(num_features: int) -> FrechetInceptionDistance:
    """torchmetrics' distance over features `[N, num_features]`, of this process alone; sums are float64."""
    return FrechetInceptionDistance(ReadyFeatures(num_features), reset_real_features=False, sync_on_compute=False)


class FrechetDistance(Measure):
    """|mu_r - mu_g|^2 + tr(S_r + S_g - 2 (S_r S_g)^(1/2)) of features, between training images and samples.

    The reference is all training images. The floor is the distance of the real test images to that reference: what a
    perfect generator would get from as many samples as there are test images. Heusel et al. 2017, equation 6.
    """

    def prepare(self, reference: Reference) -> None:
        """Take the reference's statistics from the cache or from the images."""
        super().prepare(reference)
        self.name = f"fid/{reference.features.name}"
        self.metric = empty_metric(self._num_features).to(reference.device)
        statistics = self._statistics(reference.data.splits)
        self.floor = float(statistics["floor"])
        for state in REAL_STATES:
            setattr(self.metric, state, statistics[state].to(reference.device))

    def protocol(self) -> dict[str, Any]:
        """The reference, and what the floor rests on."""
        data = self.reference.data
        return {
            "reference": f"{data.name}, all {len(data.splits.train)} training images of {data.image_shape[1]} pixels",
            "floor_images": f"{data.name}, all {len(data.splits.test)} test images",
        }

    @property
    def _num_features(self) -> int:
        return int(self.reference.network.num_features)  # type: ignore[arg-type]

    def _statistics(self, splits: Splits) -> dict[str, Tensor]:
        """Sums over the training images' features, and the floor; cached by features, images and their number."""
        description = self.reference.features.description
        key = repr((description, splits.train.fingerprint(), splits.test.fingerprint(), "v1"))
        path = cache_folder() / "statistics" / f"{hashlib.sha256(key.encode()).hexdigest()[:24]}.safetensors"
        return cached(path, self._parse_statistics, lambda: save(self._measure_reference(splits)))

    def _parse_statistics(self, content: bytes) -> dict[str, Tensor]:
        """The statistics in the bytes of their file.

        Raises:
            ValueError: where they are not whole; safetensors has errors of its own.
        """
        statistics = load(content)
        shapes = [tuple(statistics[state].shape) for state in (*REAL_STATES, "floor")]
        num = self._num_features
        if shapes != [(num,), (num, num), (), ()]:
            raise ValueError(f"its shapes are {shapes}")
        return statistics

    def _measure_reference(self, splits: Splits) -> dict[str, Tensor]:
        metric = empty_metric(self._num_features).to(self.reference.device)
        for images, real in ((splits.train, True), (splits.test, False)):
            for pictures in images.pictures.split(500):
                metric.update(self.reference.features_of(pictures), real=real)
        states = {state: getattr(metric, state).cpu() for state in REAL_STATES}
        return {**states, "floor": metric.compute().double().cpu()}

    def measure(self, samples: Samples) -> dict[str, Score]:
        """`fid/<feature space>`."""
        self.metric.reset()
        for features in samples.features.split(500):
            self.metric.update(features, real=False)
        return {self.name: Score(float(self.metric.compute()), LOWER, self.floor, in_floors=True)}
