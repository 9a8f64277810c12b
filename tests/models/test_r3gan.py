from __future__ import annotations

import math

import pytest
from helpers import SHAPES, build_model, random_batch, scored, small_overrides, terms_of

from gan_lab.errors import UserError
from gan_lab.networks.normalization import has_batch_norm

SMALL = ("model=r3gan", "network=dcgan", "network.width=4")


def test_terms_by_hand() -> None:
    """The scores log 3 and -log 3 differ by log 9; |grad| is 2 log 3 / 28 at every image, real or generated."""
    score = math.log(3)
    discriminator, generator = terms_of(scored(score, *SMALL, gamma=4.0))
    slope = (2 * score / 28) ** 2
    assert discriminator == pytest.approx({"pairing": -math.log(0.9), "r1": 2 * slope, "r2": 2 * slope}, rel=1e-5)
    assert generator == pytest.approx({"pairing": -math.log(0.1)}, rel=1e-5)


def test_a_second_r1_penalty_is_refused() -> None:
    with pytest.raises(UserError, match=r"model\.r1_weight=2\.0: this model has an R1 penalty already"):
        build_model(*SMALL, "data=mnist", r1_weight=2.0)


@pytest.mark.parametrize("data", SHAPES)
def test_its_own_network_has_no_normalization_and_starts_with_small_scores(data: str) -> None:
    model = build_model(*small_overrides("r3gan"), f"data={data}")
    assert not has_batch_norm(model)
    assert model.critic(random_batch(SHAPES[data]).real).abs().max() < 10
