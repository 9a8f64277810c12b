"""References and samples for the tests of measures: features by hand, in place of images."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import torch
from torch import Tensor, nn

from gan_lab.data.images import Images, Splits
from gan_lab.metrics.features import Features
from gan_lab.metrics.measure import Reference, Samples


def some(features: Tensor, labels: Tensor | None = None) -> Images:
    """As many images as there are features, all black."""
    num = len(features)
    pictures = torch.zeros(num, 1, 2, 2, dtype=torch.uint8)
    return Images(pictures, torch.zeros(num, dtype=torch.long) if labels is None else labels)


def reference_of(
    train: Tensor,
    test: Tensor,
    train_labels: Tensor | None = None,
    test_labels: Tensor | None = None,
    head: nn.Linear | None = None,
    num_samples: int = 10_000,
) -> Reference:
    """A reference whose images have these features `[N, D]`."""
    splits = Splits(some(train, train_labels), some(test, test_labels))
    features = Features("by_hand", nn.Identity(), "features by hand", head)
    reference = Reference(SimpleNamespace(splits=splits), features, num_samples, torch.device("cpu"))  # type: ignore[arg-type]
    reference.train_features, reference.test_features = train[:num_samples], test[:num_samples]
    return reference


def samples_of(
    features: Tensor, labels: Tensor | None = None, probabilities: Tensor | None = None, model: Any = None
) -> Samples:
    """Samples that have these features."""
    return Samples(model, 0, some(features).pictures, labels, features, probabilities)


def random_features(num: int, dimension: int, seed: int) -> Tensor:
    """Normally distributed, always the same for the same seed."""
    return torch.randn(num, dimension, generator=torch.Generator().manual_seed(seed))
