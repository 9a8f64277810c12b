from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from measure_helpers import Replay, digits_reference, measure_of, samples_of

from gan_lab.data import digits
from gan_lab.data.images import Images, Splits
from gan_lab.errors import UserError
from gan_lab.metrics import train_on_synthetic
from gan_lab.metrics.measure import HIGHER, Score

NAME = "train_on_synthetic/accuracy"
DIGITS = digits.read(Path("unused"))
QUICK = {"num_samples": 1400, "num_validation": 300, "epochs": 10, "batch_size": 64}


def score(images: Images, data: Splits = DIGITS, **options: Any) -> Score:
    """The number of a generator that replays the images, with their labels."""
    measure = measure_of("train_on_synthetic", **(QUICK | options))
    measure.prepare(digits_reference(data))
    samples = samples_of(images, measure.reference, images.labels, Replay(images))
    (made,) = measure.measure(samples).values()
    return made


def test_a_generator_of_good_images_teaches_the_classes() -> None:
    made = score(DIGITS.train)
    assert made.value > 0.93
    assert made.better == HIGHER
    assert made.floor is None
    assert made.details["synthetic_accuracy"] > 0.97
    assert made.details["test_images"] == len(DIGITS.test)


def test_wrong_labels_teach_nothing_of_use() -> None:
    """Each digit is called the next one: the classifier learns just that, and is wrong on every real image."""
    made = score(Images(DIGITS.train.pictures, (DIGITS.train.labels + 1) % 10))
    assert made.value < 0.05
    assert made.details["synthetic_accuracy"] > 0.97


def test_few_different_images_teach_less() -> None:
    one_of_each = torch.stack([(DIGITS.train.labels == label).nonzero()[0, 0] for label in range(10)])
    made = score(Images(DIGITS.train.pictures[one_of_each], DIGITS.train.labels[one_of_each]))
    assert 0.2 < made.value < 0.9
    assert made.details["synthetic_accuracy"] == 1


def test_the_classifier_sees_no_real_image_before_it_is_tested(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the training images it is the same one; the test images are asked for once, after the validation."""
    seen: list[int] = []
    measure_accuracy = train_on_synthetic.measure_accuracy

    def spy(network: Any, images: Images) -> float:
        seen.append(len(images))
        return measure_accuracy(network, images)

    monkeypatch.setattr(train_on_synthetic, "measure_accuracy", spy)
    blank = Images(torch.zeros_like(DIGITS.train.pictures), DIGITS.train.labels)
    assert score(DIGITS.train, Splits(blank, DIGITS.test)) == score(DIGITS.train)
    assert seen == [300, len(DIGITS.test)] * 2


def test_the_floor_is_what_as_many_real_images_teach() -> None:
    made = score(DIGITS.train, compare_real=True)
    assert made.floor is not None
    assert made.floor > 0.93
    few = Images(DIGITS.train.pictures[:100], DIGITS.train.labels[:100])
    assert score(DIGITS.train, Splits(few, DIGITS.test), compare_real=True).floor is None


def test_training_and_validation_have_noise_of_their_own_and_leave_the_callers_random_numbers() -> None:
    measure = measure_of("train_on_synthetic", **QUICK)
    measure.prepare(digits_reference())
    model = Replay(DIGITS.train)
    state = torch.get_rng_state()
    measure.measure(samples_of(DIGITS.test, measure.reference, DIGITS.test.labels, model))
    assert torch.equal(torch.get_rng_state(), state)
    assert len({*model.seeds, 0}) == 3


def test_a_model_that_is_not_asked_for_classes_has_no_such_number() -> None:
    measure = measure_of("train_on_synthetic", **QUICK)
    measure.prepare(digits_reference())
    codes = torch.rand(len(DIGITS.test), 12)
    for labels in (None, codes, codes[:, 0]):
        assert measure.measure(samples_of(DIGITS.test, measure.reference, labels)) == {}


@pytest.mark.parametrize(
    ("key", "value"), [("num_samples", 63), ("num_validation", 0), ("epochs", 0), ("peak_lr", 0), ("compare_real", 1)]
)
def test_bad_values_are_told(key: str, value: Any) -> None:
    with pytest.raises(UserError, match=rf"metrics.measure.train_on_synthetic.{key}={value} must be"):
        measure_of("train_on_synthetic", **(QUICK | {key: value}))
