from __future__ import annotations

import math

import pytest
import torch
from feature_helpers import reference_of, samples_of
from measure_helpers import measure_of
from torch import nn

from gan_lab.building import build
from gan_lab.metrics.classifier import load_features, measure_accuracy
from gan_lab.metrics.measure import HIGHER, LOWER, NEITHER, Measure, Reference, Samples, Score
from gan_lab.overrides import compose

TRAIN = torch.tensor([0, 0, 1, 1, 1, 1, 2, 2])
"""A quarter, a half and a quarter."""
TEST = torch.tensor([0, 1, 1, 2])
SEEN = torch.tensor([0, 1, 2, 2])
"""What the classifier takes the test images for: it errs in one of the four."""


def prepared(train: torch.Tensor = TRAIN, classes: int = 3) -> Measure:
    """The features are one-hot classes, and the head takes them as they are."""
    head = nn.Linear(classes, classes)
    head.weight.data, head.bias.data = torch.eye(classes), torch.zeros(classes)
    onehot = torch.eye(classes)
    measure = measure_of("classes")
    measure.prepare(reference_of(onehot[train], onehot[SEEN], train, TEST, head))
    return measure


def found(classes: list[int], labels: list[int] | None = None, measure: Measure | None = None) -> dict[str, Score]:
    measure = measure or prepared()
    probabilities = torch.eye(len(measure._counts))[classes]
    return measure.measure(samples_of(probabilities, None if labels is None else torch.tensor(labels), probabilities))


def test_by_hand() -> None:
    """Shares 1/2, 1/2, 0 against 1/4, 1/2, 1/4: the divergence is log(2) / 2."""
    scores = found([0, 1, 1, 0])
    assert {name: score.value for name, score in scores.items()} == {
        "classes/rarest_share": 0.0,
        "classes/missing": 1.0,
        "classes/divergence": pytest.approx(math.log(2) / 2),
    }
    assert scores["classes/rarest_share"].details == {"shares": [0.5, 0.5, 0.0]}
    directions = {name: score.better for name, score in scores.items()}
    assert directions == {
        "classes/rarest_share": HIGHER,
        "classes/missing": LOWER,
        "classes/divergence": LOWER,
    }
    assert NEITHER not in directions.values()


def test_the_distribution_of_the_training_labels_has_no_divergence() -> None:
    scores = found([0, 1, 2, 1])
    assert scores["classes/divergence"].value == pytest.approx(0, abs=1e-12)
    assert scores["classes/rarest_share"].value == 0.25
    assert scores["classes/missing"].value == 0


def test_all_in_one_class() -> None:
    """1 log(1 / (1/2)); from equal shares it would be log 3."""
    assert found([1] * 5)["classes/divergence"].value == pytest.approx(math.log(2))
    assert found([1] * 5)["classes/missing"].value == 2
    even = prepared(torch.tensor([0, 1, 2]))
    assert found([1] * 5, measure=even)["classes/divergence"].value == pytest.approx(math.log(3))


def test_label_agreement_only_where_labels_were_asked_for() -> None:
    assert "classes/label_agreement" not in found([0, 1, 2, 2])
    agreement = found([0, 1, 2, 2], [0, 1, 1, 2])["classes/label_agreement"]
    assert (agreement.value, agreement.better) == (0.75, HIGHER)


def test_floors_are_what_the_classifier_makes_of_the_test_images() -> None:
    """It sees shares 1/4, 1/4, 1/2 in them, and is right in three of four."""
    floors = {name: score.floor for name, score in found([0], [0]).items()}
    assert floors == {
        "classes/rarest_share": 0.25,
        "classes/missing": 0.0,
        "classes/divergence": pytest.approx(math.log(1 / 2) / 4 + math.log(2) / 2),
        "classes/label_agreement": 0.75,
    }


def test_a_class_without_training_images_is_not_missing_and_divergence_stays_finite() -> None:
    """Class 3 counts as one of nine images in the divergence."""
    measure = prepared(TRAIN, classes=4)
    scores = found([0, 1, 2, 1], measure=measure)
    assert scores["classes/missing"].value == 0
    assert scores["classes/rarest_share"].value == 0.25
    assert found([3, 3], measure=measure)["classes/divergence"].value == pytest.approx(math.log(9))


def test_nothing_without_a_classifier() -> None:
    measure = measure_of("classes")
    measure.prepare(reference_of(torch.eye(2), torch.eye(2)))
    assert measure.measure(samples_of(torch.eye(2))) == {}


def test_its_protocol() -> None:
    assert prepared().protocol() == {"class_reference": "labels of all 8 training images"}


def test_real_digits() -> None:
    """The shipped classifier on the training images themselves: near their labels; the floor is its accuracy."""
    data = build("data", compose(["data=digits"])["data"])
    features = load_features(data)
    reference = Reference(data, features, 10_000, torch.device("cpu"))
    measure = measure_of("classes")
    measure.prepare(reference)
    train = data.splits.train
    assert features.head is not None
    probabilities = features.head(reference.train_features).softmax(1)
    scores = measure.measure(Samples(None, 0, train.pictures, train.labels, reference.train_features, probabilities))  # type: ignore[arg-type]
    assert scores["classes/label_agreement"].value > 0.99
    assert scores["classes/label_agreement"].floor == pytest.approx(
        measure_accuracy(features.network, data.splits.test)
    )
    assert 0 <= scores["classes/divergence"].value < 0.001
    rarest = float(train.labels.bincount().min() / len(train))
    assert scores["classes/rarest_share"].value == pytest.approx(rarest, abs=0.002)
