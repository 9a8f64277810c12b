from __future__ import annotations

import pytest
import torch
from helpers import SHAPES, at_iteration, build_model, random_batch, small_overrides

from gan_lab import penalties

IMAGES = torch.tensor([[1.0, 0.0], [5.0, 2.0], [0.0, 1.0]])
STEEP = torch.tensor([[3.0, 4.0]])  # a linear critic w . x has the slope |w| = 5 everywhere


def linear(weight: torch.Tensor) -> penalties.Critic:
    return lambda images: (images @ weight.T).flatten()


def test_squared_slopes_by_hand() -> None:
    """w . x has the slope w, and 2 |x|^2 the slope 4 x."""
    assert penalties.squared_slopes(linear(STEEP), IMAGES).tolist() == pytest.approx([25, 25, 25])
    assert penalties.squared_slopes(lambda x: 2 * x.square().sum(1), IMAGES).tolist() == pytest.approx([16, 464, 16])
    assert penalties.squared_slope(lambda x: 2 * x.square().sum(1), IMAGES).item() == pytest.approx(496 / 3)


def test_each_images_own_slope_counts() -> None:
    """Slopes of opposite direction would cancel in the slope of the batch's mean."""
    signs = torch.tensor([1.0, -1.0, 1.0])
    assert penalties.squared_slope(lambda x: signs * linear(STEEP)(x), IMAGES).item() == pytest.approx(25)


def test_r1_of_a_constant_critic_is_zero() -> None:
    assert penalties.squared_slope(lambda x: 0 * x.sum(1), IMAGES).item() == 0


def test_the_gradient_penalty_of_a_critic_of_unit_slope_is_zero() -> None:
    assert penalties.unit_slope(linear(STEEP / 5), IMAGES).item() == pytest.approx(0, abs=1e-12)
    assert penalties.unit_slope(linear(STEEP), IMAGES).item() == pytest.approx(16)
    assert penalties.unit_slope(linear(STEEP / 10), IMAGES).item() == pytest.approx(0.25)


def test_a_flat_critic_is_pushed_to_a_slope_and_has_finite_gradients() -> None:
    weight = torch.zeros(1, 2, requires_grad=True)
    penalty = penalties.unit_slope(linear(weight), IMAGES)
    assert penalty.item() == pytest.approx(1, rel=1e-5)
    assert torch.autograd.grad(penalty, weight)[0].isfinite().all()


def test_gradients_reach_the_critics_weights() -> None:
    weight = STEEP.clone().requires_grad_()
    assert torch.autograd.grad(penalties.squared_slope(linear(weight), IMAGES), weight)[0].tolist() == [[6.0, 8.0]]
    outward = torch.autograd.grad(penalties.unit_slope(linear(weight), IMAGES), weight)[0]
    assert outward.flatten().tolist() == pytest.approx([2 * 4 * 0.6, 2 * 4 * 0.8])  # 2 (|w| - 1) w / |w|


@pytest.mark.parametrize("penalty", [penalties.squared_slope, penalties.unit_slope])
@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
def test_penalties_are_single_precision_under_autocast(penalty: object, dtype: torch.dtype) -> None:
    kinds = []

    def critic(x: torch.Tensor) -> torch.Tensor:
        scores = x @ torch.ones(2, 1)
        kinds.append(scores.dtype)
        return scores.flatten()

    with torch.autocast("cpu", dtype=dtype):
        assert penalty(critic, torch.randn(4, 2).to(dtype)).dtype == torch.float32  # type: ignore[operator]
    assert kinds == [torch.float32]


@pytest.mark.parametrize("variant", ["wgan_gp", "dragan", "r3gan"])
def test_penalties_of_a_variant_do_not_change_under_autocast(variant: str) -> None:
    """The other terms do: their logits come in bfloat16."""
    model, batch = at_iteration(build_model(*small_overrides(variant), "data=mnist")), random_batch(SHAPES["mnist"])
    with torch.no_grad():
        fake = model.generate(batch)
    found = []
    for enabled in (False, True):
        torch.manual_seed(3)
        with torch.autocast("cpu", dtype=torch.bfloat16, enabled=enabled):
            found.append(model.discriminator_loss(batch, fake))
    plain, mixed = found
    named = {name for name in plain if name in ("penalty", "r1", "r2")}
    assert named
    for name in plain:
        assert (plain[name].item() == mixed[name].item()) == (name in named), name


def test_points_between_lie_on_the_line_and_each_has_its_own_place() -> None:
    real, fake = torch.zeros(500, 2, 3), torch.ones(500, 2, 3)
    points = penalties.between(real, fake)
    assert torch.equal(points, points[:, :1, :1].expand_as(points))
    part = points[:, 0, 0]
    assert 0 <= part.min() < 0.05
    assert 0.95 < part.max() <= 1
    assert len(part.unique()) > 490


def test_points_around_are_spread_by_half_the_deviation() -> None:
    real = torch.randn(2000, 4) * 3
    moved = penalties.around(real) - real
    assert moved.min() >= 0
    assert moved.max().item() == pytest.approx(1.5, rel=0.05)
    assert moved.mean().item() == pytest.approx(0.75, rel=0.05)
