from __future__ import annotations

from pathlib import Path

import pytest
import torch
from measure_helpers import digits_reference, grey, grey_reference, measure_of, samples_of

from gan_lab.data import digits
from gan_lab.data.images import Images
from gan_lab.metrics.features import Features
from gan_lab.metrics.measure import HIGHER, Reference

NAME = "train_on_real/accuracy"


def test_the_share_of_samples_that_are_of_their_class() -> None:
    measure = measure_of("train_on_real")
    reference = grey_reference(train=[0, 1, 2], test=[0, 1, 2, 2], classes=3)
    reference.data.splits.test.labels[0] = 1  # which the classifier will not say
    measure.prepare(reference)
    made = measure.measure(samples_of(grey([0, 1, 2, 2, 1]), reference, torch.tensor([0, 1, 2, 1, 1])))[NAME]
    assert made.value == pytest.approx(4 / 5)
    assert made.better == HIGHER
    assert made.floor == pytest.approx(3 / 4)
    assert made.details == {"samples": 5, "worst_class": 1, "worst_class_accuracy": pytest.approx(2 / 3)}


def test_the_picture_shows_the_mistaken_samples_by_the_class_that_was_asked_for() -> None:
    measure = measure_of("train_on_real")
    reference = grey_reference(train=[0, 1, 200], test=[0], classes=201)
    measure.prepare(reference)
    asked = torch.tensor([3, 0, 3])
    made = measure.measure(samples_of(grey([200, 0, 100]), reference, asked))[NAME]
    assert made.picture is not None
    assert made.picture.shape == (3, 10 * 58 + 2, 8 * 58 + 2)  # pixels enlarged to 56, and frames of 2
    shown = made.picture[0, 2 + 28 :: 58, 2 + 28 :: 58]
    assert shown[3, :3].tolist() == [200, 100, 0]
    assert int(shown.sum()) == 300
    right = measure.measure(samples_of(grey([0, 1]), reference, torch.tensor([0, 1])))[NAME]
    assert (right.value, right.picture) == (1, None)


def test_in_other_features_the_data_sets_own_classifier_judges() -> None:
    splits = digits.read(Path("unused"))
    samples = Images(splits.train.pictures[:200], splits.train.labels[:200])
    own = digits_reference()
    other = Reference(own.data, Features("other", torch.nn.Flatten(), "pixels"), 1000, own.device)
    found = []
    for reference in (own, other):
        measure = measure_of("train_on_real")
        measure.prepare(reference)
        found.append(measure.measure(samples_of(samples, reference, samples.labels))[NAME])
        assert "digits classifier" in measure.protocol()["classifier"]
    assert found[0].value == found[1].value > 0.98
    assert found[0].floor == found[1].floor
    assert found[0].floor is not None
    assert 0.98 <= found[0].floor < 1


def test_without_classes_there_is_no_number() -> None:
    measure = measure_of("train_on_real")
    measure.prepare(grey_reference(train=[0, 1], test=[0, 1], classes=2))
    for labels in (None, torch.rand(2, 12)):
        assert measure.measure(samples_of(grey([0, 1]), measure.reference, labels)) == {}
