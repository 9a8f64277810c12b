from __future__ import annotations

import pytest
import torch
from helpers import SHAPES, build_model, composed, scored, terms_of, train, weights

SMALL = ("model=wgan", "network.width=4")


def test_the_critics_scores_enter_as_they_are() -> None:
    discriminator, generator = terms_of(scored(7.0, *SMALL))
    assert discriminator == pytest.approx({"real": -7.0, "fake": -7.0})
    assert generator == pytest.approx({"adversarial": 7.0})


def test_weights_of_the_critic_are_clipped_after_each_update_and_gs_are_not() -> None:
    model = build_model("data=mnist", *SMALL, clip=0.005, n_critic=1)
    train(model, SHAPES["mnist"], 2)
    critic = torch.cat([weight.flatten() for weight in weights(model.discriminator).values()])
    assert critic.abs().max() <= 0.005
    assert (critic.abs() < 0.005).any()
    assert max(weight.abs().max() for weight in weights(model.generator).values()) > 0.005


def test_the_papers_settings_are_the_default() -> None:
    config = composed("model=wgan")
    assert config["model"]["n_critic"] == 5
    for player in ("generator", "discriminator"):
        assert config["model"][f"{player}_optimizer"]["_target_"] == "torch.optim.RMSprop"
        assert config["model"][f"{player}_optimizer"]["lr"] == 0.00005
