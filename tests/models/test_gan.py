from __future__ import annotations

import math

import pytest
import torch
from helpers import build_model

from gan_lab.data.images import Batch, Fakes

REAL = Batch(torch.full((4, 1, 28, 28), 0.5), torch.zeros(4))
FAKE = Fakes(torch.full((4, 1, 28, 28), -0.5))


class Brightness(torch.nn.Module):
    """A discriminator that scores log 9 for the real images above and -log 9 for the fakes: D is 0.9 and 0.1."""

    def forward(self, images: torch.Tensor, labels: torch.Tensor | None = None) -> torch.Tensor:
        return images.mean((1, 2, 3)) * 2 * math.log(9)


def terms(*overrides: str) -> tuple[dict[str, float], dict[str, float]]:
    model = build_model("model=gan", "data=mnist", *overrides)
    model.discriminator = Brightness()
    found = model.discriminator_loss(REAL, FAKE), model.generator_loss(REAL, FAKE)
    discriminator, generator = ({name: term.item() for name, term in player.items()} for player in found)
    return discriminator, generator


def test_the_original_objective() -> None:
    discriminator, generator = terms()
    assert discriminator == pytest.approx({"real": -math.log(0.9), "fake": -math.log(0.9)}, rel=1e-5)
    assert generator == pytest.approx({"adversarial": -math.log(0.1)}, rel=1e-5)


def test_the_minimax_objective_of_g_is_the_negative_of_ds_loss_on_fakes() -> None:
    discriminator, generator = terms("model.saturating=true")
    assert generator["adversarial"] == pytest.approx(math.log(0.9), rel=1e-5)
    assert generator["adversarial"] == pytest.approx(-discriminator["fake"], rel=1e-5)


def test_smoothing_is_one_sided() -> None:
    discriminator, _ = terms("model.real_label=0.9")
    assert discriminator["real"] == pytest.approx(-0.9 * math.log(0.9) - 0.1 * math.log(0.1), rel=1e-5)
    assert discriminator["fake"] == pytest.approx(-math.log(0.9), rel=1e-5)


def test_d_and_g_outputs_are_observed_as_probabilities() -> None:
    model = build_model("model=gan", "data=mnist")
    model.discriminator = Brightness()
    model.discriminator_loss(REAL, FAKE)
    assert not model.scalars
    model.observing = True
    model.discriminator_loss(REAL, FAKE)
    assert {name: value.item() for name, value in model.scalars.items()} == pytest.approx(
        {"D/real": 0.9, "D/fake": 0.1}, rel=1e-5
    )
