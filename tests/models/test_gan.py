from __future__ import annotations

import math

import pytest
from helpers import DARK, LIGHT, scored, terms_of

LOG_9 = math.log(9)  # D says 0.9 of the real images and 0.1 of the fakes
GAN = ("model=gan", "network.generator.widths=[8]")


def test_the_original_objective() -> None:
    discriminator, generator = terms_of(scored(LOG_9, *GAN))
    assert discriminator == pytest.approx({"real": -math.log(0.9), "fake": -math.log(0.9)}, rel=1e-5)
    assert generator == pytest.approx({"adversarial": -math.log(0.1)}, rel=1e-5)


def test_the_minimax_objective_of_g_is_the_negative_of_ds_loss_on_fakes() -> None:
    discriminator, generator = terms_of(scored(LOG_9, *GAN, saturating=True))
    assert generator["adversarial"] == pytest.approx(math.log(0.9), rel=1e-5)
    assert generator["adversarial"] == pytest.approx(-discriminator["fake"], rel=1e-5)


def test_smoothing_is_one_sided() -> None:
    discriminator, _ = terms_of(scored(LOG_9, *GAN, real_label=0.9))
    assert discriminator["real"] == pytest.approx(-0.9 * math.log(0.9) - 0.1 * math.log(0.1), rel=1e-5)
    assert discriminator["fake"] == pytest.approx(-math.log(0.9), rel=1e-5)


def test_half_of_ds_loss_is_the_mean_over_one_batch_of_both_kinds() -> None:
    whole, half = (terms_of(scored(LOG_9, *GAN, loss_scale=scale)) for scale in (1.0, 0.5))
    assert half[0] == pytest.approx({name: value / 2 for name, value in whole[0].items()})
    assert half[1] == whole[1]


def test_d_and_g_outputs_are_observed_as_probabilities() -> None:
    model = scored(LOG_9, *GAN)
    model.discriminator_loss(LIGHT, DARK)
    assert not model.scalars
    model.observing = True
    model.discriminator_loss(LIGHT, DARK)
    assert {name: value.item() for name, value in model.scalars.items()} == pytest.approx(
        {"D/real": 0.9, "D/fake": 0.1, "D/accuracy": 1.0}, rel=1e-5
    )
