from __future__ import annotations

import math
import warnings

import pytest
import torch
from feature_helpers import random_features, reference_of, samples_of
from measure_helpers import measure_of
from torch import nn
from torchmetrics.image.inception import InceptionScore

from gan_lab.metrics.classifier_score import score
from gan_lab.metrics.measure import HIGHER


def test_by_hand() -> None:
    """Certain and evenly spread over three classes: 3. All alike, or undecided: 1."""
    assert score(torch.eye(3)) == pytest.approx(3)
    assert score(torch.eye(3)[[1, 1, 1]]) == pytest.approx(1)
    assert score(torch.full((4, 3), 1 / 3)) == pytest.approx(1)


def test_of_two_unlike_samples_by_hand() -> None:
    """p(y) is (3/4, 1/4): KL of (1, 0) is log(4/3), and that of (1/2, 1/2) is log(2/3) / 2 + log(2) / 2."""
    expected = (math.log(4 / 3) + math.log(2 / 3) / 2 + math.log(2) / 2) / 2
    assert score(torch.tensor([[1.0, 0.0], [0.5, 0.5]])) == pytest.approx(math.exp(expected))


def test_is_that_of_torchmetrics() -> None:
    logits = 3 * random_features(500, 10, 1)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that it keeps all features
        theirs = InceptionScore(nn.Identity(), splits=1)
        theirs.update(logits)
        expected, _ = theirs.compute()  # a deviation of one value, which it warns of
    assert score(logits.softmax(1)) == pytest.approx(float(expected), rel=1e-5)
    assert expected > 2


def test_the_measure_and_its_floor() -> None:
    """The head names the larger feature; two thirds of the test images are of the first class, to all certainty."""
    head = nn.Linear(2, 2)
    head.weight.data, head.bias.data = 100 * torch.eye(2), torch.zeros(2)
    real = torch.eye(2)[[0, 1, 0, 1]]
    measure = measure_of("classifier_score")
    measure.prepare(reference_of(real, torch.eye(2)[[0, 0, 1]], head=head))
    found = measure.measure(samples_of(real, probabilities=real))
    assert list(found) == ["score/by_hand"]
    assert found["score/by_hand"].value == pytest.approx(2)
    assert found["score/by_hand"].floor == pytest.approx(math.exp(2 / 3 * math.log(3 / 2) + 1 / 3 * math.log(3)))
    assert found["score/by_hand"].better == HIGHER
    assert measure.protocol() == {"splits": 1}


def test_nothing_without_a_classifier() -> None:
    measure = measure_of("classifier_score")
    measure.prepare(reference_of(torch.eye(2), torch.eye(2)))
    assert measure.measure(samples_of(torch.eye(2))) == {}
