"""How samples are spread over the classes of the data, as a classifier of the data sees them."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from gan_lab.metrics.measure import HIGHER, LOWER, Measure, Reference, Samples, Score


def probabilities_of_test_images(reference: Reference) -> Tensor:
    """What the classifier says of the reference's test images, `[M, classes]`; it must have one."""
    assert reference.head is not None
    return reference.head(reference.test_features).softmax(1)


class ClassHistogram(Measure):
    """The samples' classes, by the classifier's most probable one, against the labels of all training images.

    With q_c the share of the samples in class c, and p_c that of the training images:

    - `classes/rarest_share`: the least q_c. Its details hold all, `shares`.
    - `classes/missing`: how many classes have q_c = 0.
    - `classes/divergence`: KL(q || p) = sum_c q_c log(q_c / p_c), in nats. A class without samples adds 0, its limit,
      so that the number is finite: log(classes) where the classes are equally frequent in the data and all samples are
      of one. N samples with the data's distribution get about (classes - 1) / (2 N), by chance.
    - `classes/label_agreement`: the share of the samples whose class is the one that was asked for; only where classes
      are asked for.

    A class that no training image has is left out of the first two, and counts as if it had one in the third. The
    floors are what the real test images get, as far as the classifier errs too: that of `label_agreement` is its
    accuracy. Nothing is measured in a feature space without a classifier.
    """

    def prepare(self, reference: Reference) -> None:
        """Take the reference and count its labels; the test images wait for the first measurement."""
        super().prepare(reference)
        head = reference.features.head
        classes = 0 if head is None else head.out_features
        self._counts = reference.data.splits.train.labels.bincount(minlength=classes).cpu()
        self._floors: dict[str, float] = {}

    @torch.no_grad()
    def measure(self, samples: Samples) -> dict[str, Score]:
        """The first three, and the fourth where `samples.labels` say what was asked for."""
        if samples.classes is None:
            return {}
        if not self._floors:
            classes = probabilities_of_test_images(self.reference).argmax(1)
            test = self.reference.chosen(self.reference.data.splits.test, self.reference.num_samples)
            self._floors = {
                **self._spread(self._shares(classes)),
                "classes/label_agreement": _agreement(classes, test.labels),
            }
        shares = self._shares(samples.classes)
        found = self._spread(shares)
        if samples.labels is not None:
            found["classes/label_agreement"] = _agreement(samples.classes, samples.labels)
        better = {"classes/missing": LOWER, "classes/divergence": LOWER}
        details: dict[str, dict[str, Any]] = {"classes/rarest_share": {"shares": shares.tolist()}}
        return {
            name: Score(value, better.get(name, HIGHER), self._floors[name], details.get(name, {}))
            for name, value in found.items()
        }

    def protocol(self) -> dict[str, Any]:
        """What the divergence is taken from."""
        return {"class_reference": f"labels of all {int(self._counts.sum())} training images"}

    def _shares(self, classes: Tensor) -> Tensor:
        """The share of each class, float64 `[classes]`."""
        counts = classes.bincount(minlength=len(self._counts)).double().cpu()
        return counts / counts.sum()

    def _spread(self, shares: Tensor) -> dict[str, float]:
        of_data = shares[self._counts > 0]
        expected = self._counts.clamp(min=1).double()
        expected /= expected.sum()
        divergence = torch.xlogy(shares, shares) - torch.xlogy(shares, expected)
        return {
            "classes/rarest_share": float(of_data.min()),
            "classes/missing": float((of_data == 0).sum()),
            "classes/divergence": max(0.0, float(divergence.sum())),  # rounding may bring it just below
        }


def _agreement(classes: Tensor, labels: Tensor) -> float:
    return float((classes == labels.to(classes.device)).double().mean())
