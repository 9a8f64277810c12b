from __future__ import annotations

from pathlib import Path

import pytest
import torch
from measure_helpers import digits_reference, grey, grey_reference, measure_of, samples_of

from gan_lab.data import digits
from gan_lab.data.images import Images
from gan_lab.metrics import nearest
from gan_lab.metrics.measure import NEITHER, Score
from gan_lab.seeding import seeded_generator

DIGITS = digits.read(Path("unused"))


def scores(pictures: torch.Tensor, num_images: int = 300) -> tuple[Score, Score]:
    """Both numbers of samples beside the digits."""
    measure = measure_of("nearest", num_images=num_images, shown=0)
    reference = digits_reference()
    measure.prepare(reference)
    made = measure.measure(samples_of(Images(pictures, torch.zeros(len(pictures))), reference))
    return made["nearest/ratio"], made["nearest/ratio_low"]


def test_ratios_by_hand() -> None:
    """The nearest training images are 10, 30 and 0 away, the nearest test images 40, 20 and 50."""
    measure = measure_of("nearest")
    reference = grey_reference(train=[0, 100], test=[50, 200], classes=201)
    measure.prepare(reference)
    made = measure.measure(samples_of(grey([10, 70, 100]), reference))
    ratio, low = made["nearest/ratio"], made["nearest/ratio_low"]
    assert ratio.value == pytest.approx(0.25)  # of 10/40, 30/20 and 1/50, the distance 0 counting as 1
    assert low.value == pytest.approx(0.02 + 0.1 * (0.25 - 0.02))  # a tenth of the way from the first to the second
    assert (ratio.better, ratio.floor) == (NEITHER, None)
    assert ratio.details == {
        "images": 2,
        "training_images": 2,
        "samples": 3,
        "nearer_to_training": pytest.approx(2 / 3),
    }


def test_a_generator_that_copies_training_images() -> None:
    order = torch.randperm(len(DIGITS.train), generator=seeded_generator("cpu", 0, "nearest"))
    ratio, low = scores(DIGITS.train.pictures[order[:300]])  # those that are looked at
    assert ratio.value < 0.02
    assert ratio.details["nearer_to_training"] == 1
    ratio, low = scores(DIGITS.train.pictures)  # of which 300 are looked at
    assert ratio.value > 0.9
    assert low.value < 0.02
    assert ratio.details["nearer_to_training"] > 0.55


def test_a_generator_that_copies_test_images() -> None:
    ratio, low = scores(digits_reference().chosen(DIGITS.test, 300).pictures)  # those that are looked at
    assert low.value > 50
    assert ratio.value > 50
    assert ratio.details["nearer_to_training"] == 0


def test_neither_noise_nor_real_images_are_memorized() -> None:
    ratio, low = scores(torch.randint(0, 256, (500, 1, 8, 8), dtype=torch.uint8))
    assert ratio.value == pytest.approx(1, abs=0.05)
    assert low.value > 0.9
    assert ratio.floor == pytest.approx(1, abs=0.05)
    assert low.floor is not None
    assert 0.5 < low.floor < 0.9
    assert ratio.details["floor_images"] == len(DIGITS.train) - 300
    assert ratio.details["floor_nearer_to_training"] == pytest.approx(0.5, abs=0.06)


def test_distances_in_chunks_are_those_of_all_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    left, right = DIGITS.train.pictures[:50], DIGITS.train.pictures[40:200]
    expected = torch.cdist(left.flatten(1).double(), right.flatten(1).double()).min(1).values
    monkeypatch.setattr(nearest, "CHUNK", 7)
    found = nearest.nearest_distances(left, right)
    assert torch.allclose(found.double(), expected, atol=1e-3)
    assert (found[40:] == 0).all()
    assert (found[:40] > 0).all()


def test_the_picture_has_each_samples_nearest_training_images_behind_it() -> None:
    measure = measure_of("nearest", shown=2, neighbours=3)
    reference = grey_reference(train=[0, 20, 60, 140], test=[0], classes=201)
    measure.prepare(reference)
    made = measure.measure(samples_of(grey([130, 25, 0]), reference))["nearest/ratio"]
    assert made.picture is not None
    assert made.picture.shape == (3, 2 * 58 + 2, 4 * 58 + 2)  # pixels enlarged to 56, and frames of 2
    shown = made.picture[0, 2 + 28 :: 58, 2 + 28 :: 58]
    assert shown.tolist() == [[130, 140, 60, 20], [25, 20, 0, 60]]
