"""How many modes of the data samples are found in, the modes being its classes."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from gan_lab.checks import check_whole
from gan_lab.errors import UserError
from gan_lab.metrics.measure import HIGHER, LOWER, Measure, Reference, Samples, Score


class Modes(Measure):
    """In how many classes samples are found, and how unlike the data's their distribution over the classes is.

    `modes/found` counts the classes that the classifier puts at least one of the samples in; `modes/kl`, in nats, is
    KL(q || p) = sum_k q_k log(q_k / p_k), where q_k is the share of the samples in class k and p_k that of the training
    images by their labels. Metz et al. 2017, "Unrolled Generative Adversarial Networks", and Lin et al. 2018, "PacGAN",
    on the 1,000 classes of stacked MNIST. Both depend on how many samples there are: of n samples even the right
    distribution leaves a divergence of about (classes - 1) / 2 n. The floors are those of as many test images.

    `num_samples` is their number; where more are wanted than there are, all are drawn anew from the same seed.
    """

    def __init__(self, num_samples: int, in_training: bool = False) -> None:
        super().__init__(in_training)
        check_whole("metrics.measure.modes.num_samples", num_samples, 1)
        self.num_samples = num_samples

    def prepare(self, reference: Reference) -> None:
        """Count the training images' classes, and find the floors where the features have a classifier."""
        super().prepare(reference)
        if reference.features.head is None:
            return
        counts = reference.data.splits.train.labels.bincount(minlength=reference.data.classes)
        missing = (counts == 0).nonzero().flatten().tolist()
        if missing:
            raise UserError(
                f"modes: data={reference.data.name} has no training image of {len(missing)} of its "
                f"{reference.data.classes} classes, as of class {missing[0]}; take more images or leave modes out"
            )
        self.shares = counts.double() / counts.sum()
        self.test_images = min(self.num_samples, len(reference.data.splits.test))
        test = reference.chosen(reference.data.splits.test, self.num_samples).pictures
        self.floor = counted(self._classes(test), len(counts))

    @torch.no_grad()
    def _classes(self, pictures: Tensor) -> Tensor:
        """The classifier's verdict on uint8 `[N, C, H, W]`: `[N]` on the CPU."""
        reference = self.reference
        head = reference.head
        assert head is not None
        return torch.cat([head(reference.features_of(chunk)).argmax(1).cpu() for chunk in pictures.split(500)])

    def measure(self, samples: Samples) -> dict[str, Score]:
        """`modes/found` and `modes/kl`; nothing in a feature space without a classifier."""
        if samples.classes is None:
            return {}
        if self.num_samples <= len(samples.classes):
            found = samples.classes[: self.num_samples].cpu()
        else:
            batches = samples.model.sample(self.num_samples, samples.seed)
            found = torch.cat([self._classes(images) for images, _ in batches])
        counts = counted(found, len(self.shares))
        details = {"classes": len(counts), "samples": self.num_samples, "floor_images": self.test_images}
        kl, kl_floor = (divergence(part, self.shares) for part in (counts, self.floor))
        return {
            "modes/found": Score(float((counts > 0).sum()), HIGHER, float((self.floor > 0).sum()), details),
            "modes/kl": Score(kl, LOWER, kl_floor, details),
        }

    def protocol(self) -> dict[str, Any]:
        """The number of samples, on which both numbers depend."""
        return {"generated": self.num_samples, "reference": "labels of all training images"}


def counted(classes: Tensor, num_classes: int) -> Tensor:
    """How often each class comes, `[num_classes]`."""
    return classes.bincount(minlength=num_classes)


def divergence(counts: Tensor, shares: Tensor) -> float:
    """KL(q || p) in nats of the distribution q that was counted from the shares p, none of which is 0."""
    q = counts.double() / counts.sum()
    return float((torch.xlogy(q, q) - torch.xlogy(q, shares)).sum())
