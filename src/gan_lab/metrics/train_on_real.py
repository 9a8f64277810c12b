"""Whether samples are of the class that was asked for, by a classifier that is trained on real images."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from gan_lab.grids import image_grid
from gan_lab.metrics.classifier import load_features
from gan_lab.metrics.measure import HIGHER, Measure, Reference, Samples, Score
from gan_lab.metrics.train_on_synthetic import has_classes

SHOWN = 8  # samples of each class that the picture has room for, and as many classes as there are, up to 10


class TrainOnReal(Measure):
    """The accuracy, 0 to 1, on the samples of a classifier that is trained on real training images alone.

    Esteban et al. 2017, "Real-valued (Medical) Time Series Generation with Recurrent Conditional GANs", call it TRTS;
    to Shmelkov et al. 2018, "How good is my GAN?", it is GAN-test. The classifier is the one behind `fid/classifier`,
    in whatever feature space the other numbers are, so that the number equals the label agreement where that is
    stated. The floor is its accuracy on the real test images: a greater number says that samples are more typical of
    their classes than real images are. It says nothing of variety: one good image of each class gets 1.

    The picture shows samples that the classifier takes for another class, one row for each class that was asked for.
    """

    def prepare(self, reference: Reference) -> None:
        """Find the classifier of the data set; it is trained first where none ships."""
        super().prepare(reference)
        self.own = reference.features.name == "classifier"
        self.features = reference.features if self.own else load_features(reference.data)
        assert self.features.head is not None
        self.head = self.features.head.to(reference.device)
        self.network = self.features.network.to(reference.device)
        test = reference.chosen(reference.data.splits.test, reference.num_samples)
        found = self._classes(test.pictures, reference.test_features if self.own else None)
        self.floor = float((found == test.labels).double().mean())

    @torch.no_grad()
    def _classes(self, pictures: Tensor, features: Tensor | None) -> Tensor:
        """The verdict on uint8 `[N, C, H, W]`, by their features where those are known: `[N]` on the CPU."""
        if features is None:
            device = self.reference.device
            features = torch.cat([self.network(chunk.to(device)) for chunk in pictures.split(500)])
        return self.head(features).argmax(1).cpu()

    def measure(self, samples: Samples) -> dict[str, Score]:
        """`train_on_real/accuracy`; nothing for a model that is not asked for classes."""
        if not has_classes(samples):
            return {}
        assert samples.labels is not None
        asked = samples.labels.cpu()
        found = self._classes(samples.pictures, samples.features if self.own else None)
        right = found == asked
        classes = self.reference.data.classes
        of_class = asked.bincount(minlength=classes)
        rates = asked[right].bincount(minlength=classes) / of_class
        worst = int(rates.nan_to_num(2).argmin())  # a class that was not asked for has none
        details = {"samples": len(asked), "worst_class": worst, "worst_class_accuracy": float(rates[worst])}
        wrong = samples.pictures[~right.to(samples.pictures.device)].cpu()
        picture = mistakes(wrong, asked[~right], classes)
        return {"train_on_real/accuracy": Score(float(right.double().mean()), HIGHER, self.floor, details, picture)}

    def protocol(self) -> dict[str, Any]:
        """The classifier."""
        return {"classifier": self.features.description}


def mistakes(pictures: Tensor, asked: Tensor, classes: int) -> Tensor | None:
    """A row for each class, up to ten, of the first pictures of it, black where there are no more; `None` for none."""
    if not len(pictures):
        return None
    rows = pictures.new_zeros(min(classes, 10), SHOWN, *pictures.shape[1:])
    for label, row in enumerate(rows):
        chosen = pictures[asked == label][:SHOWN]
        row[: len(chosen)] = chosen
    return image_grid(rows.flatten(0, 1), SHOWN)
