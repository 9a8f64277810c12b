from __future__ import annotations

import pytest
import torch
from helpers import LIGHT, build_model, composed, scored, terms_of

from gan_lab.errors import UserError
from gan_lab.networks.heads import ProjectionHead
from gan_lab.networks.layers import ConditionalBatchNorm, batch_norm

SMALL = ("model=projection_gan", "network=dcgan", "network.width=4", "data=mnist")


def test_the_hinge_by_hand() -> None:
    discriminator, generator = terms_of(scored(0.25, *SMALL[:3]))
    assert discriminator == pytest.approx({"real": 0.75, "fake": 0.75})
    assert generator == pytest.approx({"adversarial": 0.25})


def test_the_projection_by_hand() -> None:
    head = ProjectionHead(2, classes=3)
    with torch.no_grad():
        head.logit.weight.copy_(torch.tensor([[1.0, 2.0]]))
        head.logit.bias.fill_(0.5)
        head.class_vectors.weight.copy_(torch.tensor([[0.0, 0.0], [1.0, 0.0], [3.0, -1.0]]))
    features = torch.tensor([[1.0, 1.0], [1.0, 1.0], [2.0, 5.0]])
    assert head(features, torch.tensor([0, 1, 2])).tolist() == [3.5, 4.5, 13.5]


def test_conditional_batch_norm_starts_as_a_plain_one_and_then_differs_by_class() -> None:
    inputs, labels = torch.randn(6, 4, 3, 3), torch.tensor([0, 1, 2, 0, 1, 2])
    conditional = batch_norm(4, classes=3)
    assert isinstance(conditional, ConditionalBatchNorm)
    normalized = batch_norm(4)(inputs)
    torch.testing.assert_close(conditional(inputs, labels), normalized)
    with torch.no_grad():
        conditional.scale[1] = 2.0
        conditional.shift[2] = 3.0
    found = conditional(inputs, labels)
    torch.testing.assert_close(found[labels == 0], normalized[labels == 0])
    torch.testing.assert_close(found[labels == 1], 2 * normalized[labels == 1])
    torch.testing.assert_close(found[labels == 2], 3 + normalized[labels == 2])


def test_both_players_use_the_label() -> None:
    model = build_model(*SMALL).eval()
    assert any(isinstance(layer, ConditionalBatchNorm) for layer in model.generator.modules())
    other = (LIGHT.labels + 1) % 10
    assert (model.critic(LIGHT.real, LIGHT.labels) != model.critic(LIGHT.real, other)).all()
    assert composed("model=projection_gan")["model"]["spectral_norm"]


def test_a_generator_without_batch_norm_is_refused() -> None:
    with pytest.raises(UserError, match="gives G the label through batch norm"):
        build_model(*SMALL, "batchnorm=none")


def test_scores_start_near_the_margin_without_spectral_norm() -> None:
    model = build_model(*SMALL, spectral_norm=False)
    assert model.critic(torch.randn(16, 1, 28, 28), torch.arange(16) % 10).abs().max() < 10
