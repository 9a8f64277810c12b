from __future__ import annotations

import math
from dataclasses import replace

import pytest
import torch
from measure_helpers import Replay, grey, grey_reference, measure_of, samples_of

from gan_lab.errors import UserError
from gan_lab.metrics.measure import HIGHER, LOWER, Reference
from gan_lab.metrics.modes import divergence

FOUR = {"train": [0, 1, 2, 3], "test": [0, 1, 2, 3, 3, 3, 3, 3], "classes": 4}


def test_two_of_four_modes() -> None:
    measure = measure_of("modes", num_samples=8)
    reference = grey_reference(**FOUR)  # type: ignore[arg-type]
    measure.prepare(reference)
    made = measure.measure(samples_of(grey([1, 2, 1, 2, 1, 2, 1, 2]), reference))
    found, kl = made["modes/found"], made["modes/kl"]
    assert (found.value, found.better, found.floor) == (2, HIGHER, 4)
    assert (kl.value, kl.better) == (pytest.approx(math.log(2)), LOWER)
    assert kl.floor == pytest.approx(3 / 8 * math.log(1 / 2) + 5 / 8 * math.log(5 / 2))  # of 1, 1, 1, 5 in eighths
    assert kl.details == {"classes": 4, "samples": 8, "floor_images": 8}


def test_the_data_need_not_be_uniform() -> None:
    """The samples have the data's distribution: one of class 0 for three of class 1."""
    measure = measure_of("modes", num_samples=4)
    reference = grey_reference(train=[0, 1, 1, 1], test=[0], classes=2)
    measure.prepare(reference)
    assert measure.measure(samples_of(grey([1, 0, 1, 1]), reference))["modes/kl"].value == pytest.approx(0)
    assert measure.measure(samples_of(grey([0, 0, 0, 0]), reference))["modes/kl"].value == pytest.approx(math.log(4))


def test_the_divergence_is_of_the_samples_from_the_data() -> None:
    assert divergence(torch.tensor([3, 1]), torch.tensor([0.5, 0.5])) == pytest.approx(
        0.75 * math.log(1.5) + 0.25 * math.log(0.5)
    )


def test_fewer_samples_than_there_are_and_more() -> None:
    reference = grey_reference(**FOUR)  # type: ignore[arg-type]
    samples = samples_of(grey([0, 0, 1]), reference, model=Replay(grey([0, 1, 2, 3])))
    few = measure_of("modes", num_samples=2)
    few.prepare(reference)
    assert few.measure(samples)["modes/found"].value == 1
    many = measure_of("modes", num_samples=1200)
    many.prepare(reference)
    made = many.measure(samples)
    assert made["modes/found"].value == 4
    assert made["modes/kl"].value < 0.01
    assert made["modes/kl"].details["samples"] == 1200
    assert samples.model.seeds == [samples.seed]  # type: ignore[attr-defined]


def test_without_a_classifier_there_are_no_modes() -> None:
    reference = grey_reference(**FOUR)  # type: ignore[arg-type]
    headless = Reference(reference.data, replace(reference.features, head=None), 1000, reference.device)
    measure = measure_of("modes", num_samples=8)
    measure.prepare(headless)
    assert measure.measure(samples_of(grey([0, 1]), headless)) == {}


def test_a_class_without_training_images_is_told() -> None:
    with pytest.raises(UserError, match="data=grey has no training image of 2 of its 4 classes, as of class 2"):
        measure_of("modes").prepare(grey_reference(train=[0, 1], test=[0], classes=4))
