from __future__ import annotations

import pytest
import torch
from helpers import SHAPES, at_iteration, build_model, random_batch, scored, small_overrides, terms_of
from torch.nn.utils.parametrize import is_parametrized

SMALL = ("model=sngan", "network=dcgan", "network.width=4")


@pytest.mark.parametrize(("score", "margin"), [(0.25, 0.75), (3.0, 0.0), (-2.0, 3.0)])
def test_the_hinge_by_hand(score: float, margin: float) -> None:
    discriminator, generator = terms_of(scored(score, *SMALL))
    assert discriminator == pytest.approx({"real": margin, "fake": margin})
    assert generator == pytest.approx({"adversarial": score})


def test_every_weight_of_d_has_a_largest_singular_value_of_one() -> None:
    model = at_iteration(build_model(*small_overrides("sngan"), "data=mnist"))
    for _ in range(100):  # the power iteration takes a step in each forward
        model.critic(random_batch(SHAPES["mnist"]).real)
    layers = [layer for layer in model.discriminator.modules() if is_parametrized(layer)]
    assert len(layers) > 5
    for layer in layers:
        assert torch.linalg.matrix_norm(layer.weight.flatten(1), 2).item() == pytest.approx(1, rel=0.02)
    assert not any(is_parametrized(layer) for layer in model.generator.modules())
