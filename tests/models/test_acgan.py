from __future__ import annotations

import math

import pytest
import torch
from helpers import DARK, LIGHT, Brightness, build_model, terms_of

SMALL = ("model=acgan", "network.width=4", "data=mnist")


class Classifying(torch.nn.Module):
    """Brightness with class logits: log 9 for the class 0, and 0 for the other nine, whatever the image."""

    def forward(self, images: torch.Tensor, labels: torch.Tensor | None = None) -> tuple[torch.Tensor, torch.Tensor]:
        classes = torch.zeros(len(images), 10)
        classes[:, 0] = math.log(9)
        return Brightness(math.log(9))(images), classes


def test_terms_by_hand() -> None:
    """Class 0 has the probability 9/18, each other one 1/18; one image of the four is of class 0."""
    model = build_model(*SMALL, class_weight=2.0)
    model.discriminator = Classifying()
    discriminator, generator = terms_of(model)
    named = 2 * (math.log(2) + 3 * math.log(18)) / 4
    expected = {"real": -math.log(0.9), "fake": -math.log(0.9), "real_class": named, "fake_class": named}
    assert discriminator == pytest.approx(expected, rel=1e-5)
    assert generator == pytest.approx({"adversarial": -math.log(0.1), "class": named}, rel=1e-5)


def test_g_sees_the_label_and_d_has_to_find_it_out() -> None:
    model = build_model(*SMALL).eval()
    z = model.fixed_noise[:4]
    other = (LIGHT.labels + 1) % 10
    assert (model.generator(z, LIGHT.labels) != model.generator(z, other)).flatten(1).any(1).all()
    logits, classes = model.discriminator(LIGHT.real)
    assert logits.shape == (4,)
    assert classes.shape == (4, 10)
    assert torch.equal(model.critic(LIGHT.real, LIGHT.labels), model.critic(LIGHT.real, other))


def test_the_class_term_reaches_g_through_its_fakes() -> None:
    model = build_model(*SMALL)
    images = DARK.images.clone().requires_grad_()
    term = model.generator_loss(LIGHT, DARK._replace(images=images))["class"]
    assert torch.autograd.grad(term, images)[0].abs().sum() > 0
