from __future__ import annotations

import math

import pytest
import torch
from helpers import LIGHT, build_model, penalized_points, scored, terms_of

SMALL = ("model=dragan", "network.width=4")


def test_terms_by_hand() -> None:
    """Brightness has |grad| = 2 * score / 28 everywhere."""
    discriminator, generator = terms_of(scored(math.log(9), *SMALL))
    expected = {"real": -math.log(0.9), "fake": -math.log(0.9), "penalty": 10 * (2 * math.log(9) / 28 - 1) ** 2}
    assert discriminator == pytest.approx(expected, rel=1e-5)
    assert generator == pytest.approx({"adversarial": -math.log(0.1)}, rel=1e-5)


def test_the_penalty_is_taken_around_the_real_images_alone() -> None:
    real = LIGHT._replace(real=torch.randn(4, 1, 28, 28))
    moved = penalized_points(build_model("data=mnist", *SMALL), real) - real.real
    assert moved.min() >= 0
    assert moved.max() <= 0.5 * real.real.std()
    assert moved.std() > 0.1 * real.real.std()
