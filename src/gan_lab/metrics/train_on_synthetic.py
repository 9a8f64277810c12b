"""What samples are worth as training images: a classifier that sees nothing else is tested on real images."""

from __future__ import annotations

from functools import cached_property
from typing import Any

import torch

from gan_lab.checks import check_flag, check_number, check_whole
from gan_lab.data.images import Images
from gan_lab.metrics.classifier import RECIPE, Classifier, measure_accuracy, trained
from gan_lab.metrics.measure import HIGHER, Measure, Samples, Score
from gan_lab.models.noise_gan import NoiseGAN
from gan_lab.seeding import derive_seed


class TrainOnSynthetic(Measure):
    """The accuracy, 0 to 1, on real test images of a classifier that is trained on samples of known class alone.

    Ravuri and Vinyals 2019, "Classification Accuracy Score for Conditional Generative Models"; Esteban et al. 2017
    call it TSTR. It falls where samples are not of the class that was asked for, and where they lack the variety of
    real ones. The samples are of uniformly random classes, and their labels are those that were asked for.

    The recipe is fixed: nothing is stopped early or chosen, and the weights after its last step count. The accuracy on
    `num_validation` further samples, of other noise, stands beside the number as `synthetic_accuracy`, and the test
    images are looked at once. With `compare_real`, the floor is what the same recipe reaches with as many real
    training images, where the data set has so many; it takes as long again.
    """

    def __init__(
        self,
        num_samples: int,
        num_validation: int,
        epochs: int,
        batch_size: int,
        peak_lr: float,
        seed: int = 0,
        compare_real: bool = False,
        in_training: bool = False,
    ) -> None:
        super().__init__(in_training)
        key = "metrics.measure.train_on_synthetic"
        check_whole(f"{key}.num_validation", num_validation, 1)
        check_whole(f"{key}.epochs", epochs, 1)
        check_whole(f"{key}.batch_size", batch_size, 2)
        check_whole(f"{key}.num_samples", num_samples, batch_size)
        check_whole(f"{key}.seed", seed, 0)
        check_number(f"{key}.peak_lr", peak_lr, above=0)
        check_flag(f"{key}.compare_real", compare_real)
        self.num_samples = num_samples
        self.num_validation = num_validation
        self.compare_real = compare_real
        self.recipe = {**RECIPE, "epochs": epochs, "batch_size": batch_size, "peak_lr": peak_lr, "seed": seed}

    def measure(self, samples: Samples) -> dict[str, Score]:
        """`train_on_synthetic/accuracy`; nothing for a model that is not asked for classes."""
        if not has_classes(samples):
            return {}
        network = self._trained(self._drawn(samples.model, self.num_samples, samples.seed, "train"))
        validation = self._drawn(samples.model, self.num_validation, samples.seed, "validation")
        details = {
            "synthetic_accuracy": measure_accuracy(network, validation),
            "samples": self.num_samples,
            "validation_samples": self.num_validation,
            "test_images": len(self._test),
            "recipe": self.recipe,
        }
        enough = len(self.reference.data.splits.train) >= self.num_samples
        floor = self._real_accuracy if self.compare_real and enough else None
        return {"train_on_synthetic/accuracy": Score(measure_accuracy(network, self._test), HIGHER, floor, details)}

    def protocol(self) -> dict[str, Any]:
        """The samples that the classifier sees, and its recipe."""
        return {"generated": self.num_samples, "validation_samples": self.num_validation, **self.recipe}

    @property
    def _test(self) -> Images:
        return self.reference.data.splits.test.to(self.reference.device)

    @cached_property
    def _real_accuracy(self) -> float:
        """What real training images in the samples' place give."""
        real = self.reference.chosen(self.reference.data.splits.train, self.num_samples)
        return measure_accuracy(self._trained(real.to(self.reference.device)), self._test)

    def _trained(self, images: Images) -> Classifier:
        data = self.reference.data
        channels, size, _ = data.image_shape
        return trained((channels, size, data.classes), images, self.recipe)

    def _drawn(self, model: NoiseGAN, num: int, seed: int, purpose: str) -> Images:
        """Samples with the classes that they were asked to be of, from noise for this purpose alone."""
        batches = list(model.sample(num, derive_seed(seed, "train_on_synthetic", purpose)))
        labels = [labels for _, labels in batches if labels is not None]
        return Images(torch.cat([images for images, _ in batches]), torch.cat(labels)).to(self.reference.device)


def has_classes(samples: Samples) -> bool:
    """Whether each sample was asked to be of a class, and not to have other codes or none."""
    labels = samples.labels
    return labels is not None and labels.dim() == 1 and not labels.is_floating_point()
