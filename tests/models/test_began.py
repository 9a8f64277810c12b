from __future__ import annotations

import pytest
import torch
from helpers import DARK, LIGHT, build_model

from gan_lab.models.began import BEGAN

SMALL = ("model=began", "network.width=4", "data=mnist")


class Grey(torch.nn.Module):
    """Reconstructs every image by a grey of 0.1: errors 0.4 for LIGHT, 0.6 for DARK."""

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        return torch.full_like(images, 0.1)


def grey(**options: float) -> BEGAN:
    model = build_model(*SMALL, **options)
    assert isinstance(model, BEGAN)
    model.discriminator = Grey()
    return model


def test_terms_by_hand() -> None:
    model = grey(gamma=0.5)
    model.k.fill_(0.25)
    discriminator = {name: term.item() for name, term in model.discriminator_loss(LIGHT, DARK).items()}
    assert discriminator == pytest.approx({"real": 0.4, "fake": -0.25 * 0.6})
    assert {name: term.item() for name, term in model.generator_loss(LIGHT, DARK).items()} == pytest.approx(
        {"reconstruction": 0.6}
    )


@pytest.mark.parametrize(
    ("before", "rate", "after"),
    [
        (0.5, 0.1, 0.5 + 0.1 * (0.5 * 0.4 - 0.6)),
        (0.0, 0.1, 0.0),  # k_t does not fall below 0 ...
        (1.0, -0.0, 1.0),
    ],
)
def test_k_moves_towards_the_equilibrium(before: float, rate: float, after: float) -> None:
    model = grey(gamma=0.5, balance_rate=rate)
    model.k.fill_(before)
    model.discriminator_loss(LIGHT, DARK)
    model.generator_loss(LIGHT, DARK)
    assert model.k.item() == pytest.approx(after)


def test_k_does_not_exceed_one() -> None:
    model = grey(gamma=1.0, balance_rate=10.0)
    model.k.fill_(0.9)
    swapped = LIGHT._replace(real=DARK.images), DARK._replace(images=LIGHT.real)  # real images are the harder ones now
    model.discriminator_loss(*swapped)
    model.generator_loss(*swapped)
    assert model.k.item() == 1


def test_the_measure_of_convergence_is_observed() -> None:
    model = grey(gamma=0.5)
    model.observing = True
    model.discriminator_loss(LIGHT, DARK)
    model.generator_loss(LIGHT, DARK)
    assert model.scalars["balance/convergence"].item() == pytest.approx(0.4 + abs(0.5 * 0.4 - 0.6))
    assert model.scalars["balance/k"].item() == 0


def test_k_is_part_of_a_checkpoint() -> None:
    assert "k" in build_model(*SMALL).state_dict()


def test_d_gives_back_images() -> None:
    model = build_model(*SMALL)
    assert model.discriminator(LIGHT.real).shape == LIGHT.real.shape
    assert model.critic(LIGHT.real).shape == (4,)
