from __future__ import annotations

import pytest
from helpers import scored, terms_of

SMALL = ("model=lsgan", "network.width=4")


def test_distances_to_the_targets_by_hand() -> None:
    """D scores 0.6 for real images and -0.6 for fakes."""
    discriminator, generator = terms_of(scored(0.6, *SMALL))
    assert discriminator == pytest.approx({"real": 0.4**2 / 2, "fake": 0.6**2 / 2})
    assert generator == pytest.approx({"adversarial": 1.6**2 / 2})


def test_the_targets_are_keys() -> None:
    """The Pearson chi-squared divergence's: a = -1, b = 1, c = 0."""
    discriminator, generator = terms_of(scored(0.6, *SMALL, "model.a=-1", "model.c=0"))
    assert discriminator == pytest.approx({"real": 0.4**2 / 2, "fake": 0.4**2 / 2})
    assert generator == pytest.approx({"adversarial": 0.6**2 / 2})
