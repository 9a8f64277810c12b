from __future__ import annotations

import math

import pytest
import torch

from gan_lab.errors import UserError
from gan_lab.noise import Noise, Normal, Sphere, TruncatedNormal, Uniform

NUM, DIMENSION = 20_000, 8


def draw(noise: Noise, seed: int = 0) -> torch.Tensor:
    return noise(NUM, torch.Generator().manual_seed(seed))


def truncated_variance(bound: float) -> float:
    density = math.exp(-(bound**2) / 2) / math.sqrt(2 * math.pi)
    return 1 - 2 * bound * density / math.erf(bound / math.sqrt(2))


@pytest.mark.parametrize(
    ("noise", "variance", "fourth_moment"),
    [
        (Uniform(DIMENSION), 1 / 3, 1 / 5),
        (Normal(DIMENSION), 1.0, 3.0),
        (TruncatedNormal(DIMENSION, bound=2.0), truncated_variance(2.0), None),
        (Sphere(DIMENSION), 1.0, 3 * DIMENSION / (DIMENSION + 2)),
        (Sphere(DIMENSION, radius=1.0), 1 / DIMENSION, 3 / (DIMENSION * (DIMENSION + 2))),
    ],
)
def test_moments(noise: Noise, variance: float, fourth_moment: float | None) -> None:
    z = draw(noise).double()
    assert z.shape == (NUM, DIMENSION)
    samples = z.numel()
    assert abs(z.mean().item()) < 5 * math.sqrt(variance / samples)
    assert z.square().mean().item() == pytest.approx(variance, rel=0.02)
    if fourth_moment is not None:
        assert z.pow(4).mean().item() == pytest.approx(fourth_moment, rel=0.04)
    correlation = (z.T @ z / NUM / variance).fill_diagonal_(0)
    assert correlation.abs().max().item() < 5 / math.sqrt(NUM)


def test_bounds() -> None:
    assert draw(Uniform(DIMENSION)).abs().max() <= 1
    assert draw(Uniform(DIMENSION)).abs().max() > 0.999
    assert draw(TruncatedNormal(DIMENSION, bound=1.5)).abs().max() <= 1.5


def test_sphere_has_one_radius() -> None:
    torch.testing.assert_close(draw(Sphere(DIMENSION)).norm(dim=1), torch.full((NUM,), math.sqrt(DIMENSION)))
    torch.testing.assert_close(draw(Sphere(DIMENSION, radius=3.0)).norm(dim=1), torch.full((NUM,), 3.0))


@pytest.mark.parametrize("noise", [Uniform(4), Normal(4), TruncatedNormal(4), Sphere(4)])
def test_the_generator_decides(noise: Noise) -> None:
    assert torch.equal(draw(noise, seed=3), draw(noise, seed=3))
    assert not torch.equal(draw(noise, seed=3), draw(noise, seed=4))


def test_bad_values_are_refused() -> None:
    with pytest.raises(UserError, match=r"noise.dimension=0"):
        Normal(0)
    with pytest.raises(UserError, match=r"noise.bound=-1"):
        TruncatedNormal(4, bound=-1)
    with pytest.raises(UserError, match=r"noise.radius=0"):
        Sphere(4, radius=0)
