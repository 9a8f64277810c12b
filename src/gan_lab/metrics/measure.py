"""What every measure of samples has in common: what it is given, and what it gives."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import torch
from torch import Tensor

from gan_lab.checks import check_flag
from gan_lab.data.datamodule import ImageDataModule
from gan_lab.data.images import Images
from gan_lab.metrics.features import Features
from gan_lab.models.noise_gan import NoiseGAN
from gan_lab.seeding import seeded_generator

LOWER, HIGHER, NEITHER = "lower", "higher", "neither"


@dataclass(frozen=True)
class Score:
    """A number about samples.

    `better` says which direction is: `LOWER`, `HIGHER` or `NEITHER`. `floor` is what real test images get in the
    samples' place, where that is known: what a perfect generator would reach; `in_floors` says whether the value as a
    multiple of it means something. `details` go into the summary beside it and are plain numbers, texts and lists;
    `picture`, uint8 `[3, height, width]`, shows what the number rests on.
    """

    value: float
    better: str
    floor: float | None = None
    details: dict[str, Any] = field(default_factory=dict)
    picture: Tensor | None = None
    in_floors: bool = False


class Reference:
    """The real images that samples are measured against, and the feature space in which."""

    def __init__(self, data: ImageDataModule, features: Features, num_samples: int, device: torch.device) -> None:
        self.data = data
        self.features = features
        self.num_samples = num_samples  # how many samples each measurement is made of
        self.device = device
        self.network = features.network.to(device)
        self.head = None if features.head is None else features.head.to(device)

    def chosen(self, images: Images, num: int) -> Images:
        """`num` of the images, or all where there are fewer: always the same ones, drawn without regard to class."""
        if num >= len(images):
            return images
        order = torch.randperm(len(images), generator=seeded_generator("cpu", 0, "reference"))[:num]
        return Images(images.pictures[order], images.labels[order])

    @torch.no_grad()
    def features_of(self, pictures: Tensor) -> Tensor:
        """uint8 `[N, C, H, W]` to features, float32 `[N, D]` on the device."""
        return torch.cat([self.network(chunk.to(self.device)).float() for chunk in pictures.split(500)])

    @cached_property
    def train_features(self) -> Tensor:
        """Features of as many training images as there are samples, `[M, D]`."""
        return self.features_of(self.chosen(self.data.splits.train, self.num_samples).pictures)

    @cached_property
    def test_features(self) -> Tensor:
        """Features of as many test images as there are samples, `[M, D]`; all, where there are fewer."""
        return self.features_of(self.chosen(self.data.splits.test, self.num_samples).pictures)


@dataclass(frozen=True)
class Samples:
    """What a generator has made, and what the feature network and the classifier say of it.

    `pictures` is uint8 `[N, C, H, W]`, `labels` `[N]` the classes that were asked for, `None` where none were, and
    `features` float32 `[N, D]`. `probabilities` `[N, classes]` is what the classifier says of each, and `classes` `[N]`
    its verdict; both are `None` in a feature space without a classifier. All are on the reference's device.
    """

    model: NoiseGAN
    seed: int
    pictures: Tensor
    labels: Tensor | None
    features: Tensor
    probabilities: Tensor | None

    @property
    def classes(self) -> Tensor | None:
        """The most probable class of each, `[N]`."""
        return None if self.probabilities is None else self.probabilities.argmax(1)


class Measure(ABC):
    """One kind of numbers about samples; an option of `metrics/measure`.

    `in_training` says whether it is cheap enough to be measured during training too, or waits for the end.
    """

    def __init__(self, in_training: bool = False) -> None:
        check_flag("in_training", in_training)
        self.in_training = in_training

    def prepare(self, reference: Reference) -> None:
        """Take what the measure needs of the real images. What is costly may wait for the first `measure`.

        Raises:
            UserError: where it cannot be measured with this data set or these features.
        """
        self.reference = reference
        self._floor: float | None = None

    def floor_of(self, find: Callable[[], float]) -> float:
        """The floor of a measure with one number, found at its first measurement: it costs as much as that."""
        if self._floor is None:
            self._floor = find()
        return self._floor

    @abstractmethod
    def measure(self, samples: Samples) -> dict[str, Score]:
        """Its numbers by their names, as `kid/classifier`; none where the samples are not of the kind that it needs."""

    def protocol(self) -> dict[str, Any]:
        """How its numbers are made, beside features, samples, weights and seed, which all have: plain values."""
        return {}
