from __future__ import annotations

import pytest
from helpers import DARK, LIGHT, at_iteration, build_model, scored

from gan_lab.errors import UserError
from gan_lab.models.gan import GAN

SMALL = ("model=r1gan", "network.width=4")
SLOPE = (2 * 3.0 / 28) ** 2  # |grad|^2 of Brightness with score 3


def test_it_is_the_original_game_and_a_penalty_on_the_real_images() -> None:
    model = at_iteration(scored(3.0, *SMALL))
    assert type(model) is GAN
    assert model.penalties(LIGHT, DARK)["r1"].item() == pytest.approx(5 * SLOPE, rel=1e-5)  # gamma / 2 = 5


def test_a_lazy_penalty_comes_seldom_and_as_many_times_larger() -> None:
    found = [
        at_iteration(scored(3.0, *SMALL, r1_weight=0.5, r1_every=16), iteration).penalties(LIGHT, DARK)
        for iteration in range(33)
    ]
    due = [iteration for iteration, terms in enumerate(found) if terms]
    assert due == [0, 16, 32]
    assert found[16]["r1"].item() == pytest.approx(0.5 * 16 * SLOPE, rel=1e-5)


def test_batch_norm_in_d_is_refused() -> None:
    with pytest.raises(UserError, match=r"model\.r1_weight penalizes D's slope at each single image"):
        build_model("data=mnist", *SMALL, "batchnorm=both")
