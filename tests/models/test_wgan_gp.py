from __future__ import annotations

import pytest
import torch
from helpers import LIGHT, build_model, composed, penalized_points, scored, terms_of

from gan_lab.errors import UserError

SMALL = ("model=wgan_gp", "network.width=4")
PIXELS = 28 * 28


def test_terms_by_hand() -> None:
    """Brightness has the slope 2 * score / PIXELS at each pixel, so |grad| = 2 * score / sqrt(PIXELS)."""
    discriminator, generator = terms_of(scored(7.0, *SMALL))
    assert discriminator == pytest.approx({"real": -7.0, "fake": -7.0, "penalty": 10 * (2 * 7 / 28 - 1) ** 2}, rel=1e-5)
    assert generator == pytest.approx({"adversarial": 7.0})


def test_a_critic_of_unit_slope_pays_nothing() -> None:
    assert terms_of(scored(14.0, *SMALL))[0]["penalty"] == pytest.approx(0, abs=1e-8)


def test_the_penalty_is_taken_between_real_images_and_fakes() -> None:
    points = penalized_points(build_model("data=mnist", *SMALL), LIGHT)
    assert torch.equal(points, points[:, :1, :1, :1].expand_as(points))
    assert len(points[:, 0, 0, 0].unique()) == len(points)
    assert points.abs().max() < 0.5


def test_the_papers_settings_are_the_default_and_batch_norm_in_the_critic_is_refused() -> None:
    config = composed("model=wgan_gp")["model"]
    assert config["n_critic"] == 5
    assert config["discriminator_optimizer"]["betas"] == [0.0, 0.9]
    assert not config["discriminator"]["batchnorm"]
    with pytest.raises(UserError, match=r"model=wgan_gp .* choose batchnorm=generator or none"):
        build_model("data=mnist", *SMALL, "batchnorm=both")
