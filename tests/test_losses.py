from __future__ import annotations

import math
from collections.abc import Callable

import pytest
import torch

from gan_lab import losses

LOGITS = torch.tensor([0.0, math.log(3.0)])  # probabilities 1/2 and 3/4


def gradient(loss: torch.Tensor, logits: torch.Tensor) -> list[float]:
    return torch.autograd.grad(loss, logits)[0].tolist()


def test_cross_entropy_of_real_images() -> None:
    expected = (math.log(2) + math.log(4 / 3)) / 2
    assert losses.binary_cross_entropy(LOGITS, 1.0).item() == pytest.approx(expected, rel=1e-6)


def test_cross_entropy_of_fakes() -> None:
    expected = (math.log(2) + math.log(4)) / 2
    assert losses.binary_cross_entropy(LOGITS, 0.0).item() == pytest.approx(expected, rel=1e-6)


def test_label_smoothing_has_its_minimum_at_the_label() -> None:
    at_label = torch.tensor([math.log(0.9 / 0.1)], requires_grad=True)
    assert gradient(losses.binary_cross_entropy(at_label, 0.9), at_label) == pytest.approx([0.0], abs=1e-6)
    assert gradient(losses.binary_cross_entropy(at_label, 1.0), at_label)[0] == pytest.approx(-0.1, rel=1e-5)


def test_generator_losses_by_hand() -> None:
    assert losses.non_saturating(LOGITS).item() == pytest.approx((math.log(2) + math.log(4 / 3)) / 2, rel=1e-6)
    assert losses.saturating(LOGITS).item() == pytest.approx(-(math.log(2) + math.log(4)) / 2, rel=1e-6)


def test_saturating_is_the_negative_of_the_discriminators_loss_on_fakes() -> None:
    assert losses.saturating(LOGITS).item() == pytest.approx(-losses.binary_cross_entropy(LOGITS, 0.0).item())


def test_generator_losses_agree_in_sign_and_differ_in_size_when_the_discriminator_wins() -> None:
    fake_logits = torch.tensor([-10.0], requires_grad=True)
    non_saturating = gradient(losses.non_saturating(fake_logits), fake_logits)[0]
    saturating = gradient(losses.saturating(fake_logits), fake_logits)[0]
    sigmoid = 1 / (1 + math.exp(10))
    assert non_saturating == pytest.approx(-(1 - sigmoid), rel=1e-5)
    assert saturating == pytest.approx(-sigmoid, rel=1e-4)


def test_least_squares_by_hand() -> None:
    assert losses.least_squares(torch.tensor([0.0, 3.0]), 1.0).item() == pytest.approx((1 + 4) / 4)


def test_hinges_by_hand() -> None:
    scores = torch.tensor([-2.0, 0.5, 4.0])
    assert losses.hinge_real(scores).item() == pytest.approx((3 + 0.5 + 0) / 3)
    assert losses.hinge_fake(scores).item() == pytest.approx((0 + 1.5 + 5) / 3)


def test_hinges_have_no_slope_beyond_the_margin() -> None:
    scores = torch.tensor([1.5, -1.5], requires_grad=True)
    assert gradient(losses.hinge_real(scores), scores) == [0.0, -0.5]
    assert gradient(losses.hinge_fake(scores), scores) == [0.5, 0.0]


def test_mean_score_by_hand() -> None:
    assert losses.mean_score(torch.tensor([-2.0, 5.0])).item() == 1.5


def test_pairing_by_hand() -> None:
    """Differences of 0 and log 3: -log(1/2) and -log(3/4)."""
    winners, losers = torch.tensor([1.0, math.log(3)]), torch.tensor([1.0, 0.0])
    assert losses.relativistic_pairing(winners, losers).item() == pytest.approx((math.log(2) + math.log(4 / 3)) / 2)


ALL: dict[str, Callable[[torch.Tensor], torch.Tensor]] = {
    "cross entropy": lambda x: losses.binary_cross_entropy(x, 1.0),
    "non saturating": losses.non_saturating,
    "saturating": losses.saturating,
    "least squares": lambda x: losses.least_squares(x, 1.0),
    "hinge, real": losses.hinge_real,
    "hinge, fake": losses.hinge_fake,
    "mean score": losses.mean_score,
    "pairing": lambda x: losses.relativistic_pairing(x, -x),
}


@pytest.mark.parametrize("loss", ALL.values(), ids=ALL)
@pytest.mark.parametrize("logit", [-1e4, 1e4])
def test_extreme_logits_stay_finite(loss: Callable[[torch.Tensor], torch.Tensor], logit: float) -> None:
    logits = torch.tensor([logit], dtype=torch.float16, requires_grad=True)
    assert torch.isfinite(loss(logits))
    assert math.isfinite(gradient(loss(logits), logits)[0])


@pytest.mark.parametrize("loss", ALL.values(), ids=ALL)
def test_losses_are_single_precision_whatever_the_logits(loss: Callable[[torch.Tensor], torch.Tensor]) -> None:
    assert loss(torch.tensor([0.3], dtype=torch.bfloat16)).dtype == torch.float32
