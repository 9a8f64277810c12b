"""What measures of samples are tried on: small data sets, features that can be computed by hand, ready samples."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import torch
import yaml
from torch import Tensor, nn

from gan_lab.building import build, conf_folder
from gan_lab.data.datamodule import ImageDataModule
from gan_lab.data.images import Fakes, Images, Splits
from gan_lab.metrics.classifier import load_features
from gan_lab.metrics.features import Features
from gan_lab.metrics.measure import Measure, Reference, Samples
from gan_lab.seeding import seeded_generator

CPU = torch.device("cpu")


def measure_of(name: str, **options: Any) -> Measure:
    """The measure as its yaml has it, with `options` changed."""
    config = yaml.safe_load((conf_folder() / "metrics" / "measure" / f"{name}.yaml").read_text())
    assert list(config) == [name]
    return build(f"metrics.measure.{name}", config[name] | options)


class GreyLevel(nn.Module):
    """The first pixel's value is the only feature."""

    num_features = 1

    def forward(self, pictures: Tensor) -> Tensor:
        return pictures.flatten(1)[:, :1].float()


def grey_features(classes: int) -> Features:
    """Pictures of grey level k are of class k: the logit of k is 2 k x - k^2, the greatest for the nearest k."""
    head = nn.Linear(1, classes)
    with torch.no_grad():
        head.weight[:, 0] = 2 * torch.arange(classes)
        head.bias[:] = -torch.arange(classes).square()
    return Features("classifier", GreyLevel(), "grey levels", head.requires_grad_(False))


def grey(levels: Sequence[int]) -> Images:
    """Pictures of one pixel, whose grey levels are their classes."""
    labels = torch.tensor(levels)
    return Images(labels.to(torch.uint8).view(-1, 1, 1, 1), labels)


def grey_reference(train: Sequence[int], test: Sequence[int], classes: int) -> Reference:
    splits = Splits(grey(train), grey(test))
    data = ImageDataModule(lambda root: splits, "grey", channels=1, image_size=1, classes=classes, batch_size=1)
    return Reference(data, grey_features(classes), num_samples=1000, device=CPU)


def digits_reference(splits: Splits | None = None, num_samples: int = 1000) -> Reference:
    """scikit-learn's digits, or other images in their place, and their shipped classifier."""
    from gan_lab.data import digits

    read = digits.read if splits is None else lambda root: splits
    data = ImageDataModule(read, "digits", channels=1, image_size=8, classes=10, batch_size=1)  # type: ignore[arg-type]
    return Reference(data, load_features(data), num_samples, CPU)


class Replay:
    """A generator that draws from given images, with their labels or without."""

    def __init__(self, images: Images, with_labels: bool = True) -> None:
        self.images = images
        self.with_labels = with_labels
        self.seeds: list[int] = []

    def sample(self, num: int, seed: int) -> Iterator[Fakes]:
        self.seeds.append(seed)
        chosen = torch.randint(len(self.images), (num,), generator=seeded_generator("cpu", seed))
        for part in chosen.split(500):
            yield Fakes(self.images.pictures[part], self.images.labels[part] if self.with_labels else None)


def samples_of(images: Images, reference: Reference, labels: Tensor | None = None, model: Any = None) -> Samples:
    """Ready samples with the verdicts on them; `labels` are what was asked for."""
    features = reference.features_of(images.pictures)
    head = reference.features.head
    probabilities = None if head is None else head(features).softmax(1)
    return Samples(model, 0, images.pictures, labels, features, probabilities)
