"""The Inception score with a classifier of the data set in Inception's place (Salimans et al. 2016)."""

from __future__ import annotations

import math
from typing import Any

import torch
from torch import Tensor

from gan_lab.metrics.classes import probabilities_of_test_images
from gan_lab.metrics.measure import HIGHER, Measure, Samples, Score


class ClassifierScore(Measure):
    """`score/classifier`: exp(E_x KL(p(y|x) || p(y))), from 1 to the number of classes.

    p(y|x) is what the classifier says of the sample x, and p(y) its mean over all samples: high where each sample is
    clearly of one class and all classes come equally often. It sees no diversity within a class, nor whether samples
    are like the data. All samples are one set, where the papers take the mean over ten parts. Salimans et al. 2016,
    "Improved Techniques for Training GANs", section 4, with Inception's 1000 classes; numbers in the papers are no
    match for these. The floor, which a generator can exceed, is what the real test images get. Nothing is measured in a
    feature space without a classifier.
    """

    @torch.no_grad()
    def measure(self, samples: Samples) -> dict[str, Score]:
        """The score of all samples as one set."""
        if samples.probabilities is None:
            return {}
        floor = self.floor_of(lambda: score(probabilities_of_test_images(self.reference)))
        name = f"score/{self.reference.features.name}"
        return {name: Score(score(samples.probabilities), HIGHER, floor)}

    def protocol(self) -> dict[str, Any]:
        """Into how many sets the samples are split."""
        return {"splits": 1}


def score(probabilities: Tensor) -> float:
    """exp(E KL(p(y|x) || p(y))) of probabilities p(y|x), `[N, classes]`; one of 0 adds nothing."""
    conditional = probabilities.double()
    marginal = conditional.mean(0)
    divergence = torch.xlogy(conditional, conditional) - torch.xlogy(conditional, marginal)
    return math.exp(float(divergence.sum(1).mean()))
