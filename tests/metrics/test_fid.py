from __future__ import annotations

import pytest
import torch
from torch import nn

from gan_lab.building import build
from gan_lab.data.datamodule import ImageDataModule
from gan_lab.metrics.features import Features
from gan_lab.metrics.fid import FrechetDistance, empty_metric
from gan_lab.metrics.measure import Reference, Samples
from gan_lab.overrides import compose

REAL = torch.randn(500, 6, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
COVARIANCE = torch.cov(REAL.T)


def distance(real: torch.Tensor, fake: torch.Tensor) -> float:
    metric = empty_metric(real.shape[1])
    metric.update(real, real=True)
    for part in fake.split(97):
        metric.update(part, real=False)
    return float(metric.compute())


def test_of_equal_sets_is_zero() -> None:
    assert distance(REAL, REAL) == pytest.approx(0, abs=1e-6)


def test_of_a_shift_is_its_squared_length() -> None:
    shift = torch.tensor([1.0, 2.0, 0, 0, -3.0, 0])
    assert distance(REAL, REAL + shift) == pytest.approx(14, rel=1e-6)


def test_of_a_scaled_set_is_the_closed_form() -> None:
    """Covariance s^2 S against S: tr(S) (s - 1)^2, and the mean moves by (s - 1) mu."""
    mean = REAL.mean(0)
    expected = (COVARIANCE.trace() + mean.square().sum()) * (3 - 1) ** 2
    assert distance(REAL, 3 * REAL) == pytest.approx(float(expected), rel=1e-6)


def test_of_two_diagonal_covariances_is_the_closed_form() -> None:
    white = (REAL - REAL.mean(0)) @ torch.linalg.inv(torch.linalg.cholesky(COVARIANCE)).T
    left, right = torch.tensor([1.0, 2, 3, 4, 5, 6]).double(), torch.tensor([6.0, 1, 3, 2, 2, 8]).double()
    expected = float((left - right).square().sum())
    assert distance(white * left, white * right) == pytest.approx(expected, rel=1e-6)


class MeanAndCorner(nn.Module):
    num_features = 2

    def forward(self, pictures: torch.Tensor) -> torch.Tensor:
        return torch.stack([pictures.float().mean((1, 2, 3)), pictures[:, 0, 0, 0].float()], 1)


@pytest.fixture
def digits() -> ImageDataModule:
    return build("data", compose(["data=digits"])["data"])


def prepared(data: ImageDataModule, description: str = "mean and corner") -> FrechetDistance:
    metric = FrechetDistance()
    features = Features("test", MeanAndCorner(), description)
    metric.prepare(Reference(data, features, 100, torch.device("cpu")))
    return metric


def measure(metric: FrechetDistance, pictures: torch.Tensor) -> float:
    samples = Samples(None, 0, pictures, None, metric.reference.features_of(pictures), None)  # type: ignore[arg-type]
    return metric.measure(samples)["fid/test"].value


def test_real_images_have_no_distance_and_the_floor_is_that_of_the_test_images(digits: ImageDataModule) -> None:
    metric = prepared(digits)
    assert measure(metric, digits.splits.train.pictures) == pytest.approx(0, abs=1e-4)
    assert measure(metric, digits.splits.test.pictures) == pytest.approx(metric.floor, rel=1e-4)
    assert metric.floor > 0


def test_measuring_again_gives_the_same(digits: ImageDataModule) -> None:
    metric, black = prepared(digits), torch.zeros(100, 1, 8, 8, dtype=torch.uint8)
    assert measure(metric, black) == measure(metric, black) > 100


def test_the_reference_comes_from_the_cache_only_for_the_same_images_and_features(
    digits: ImageDataModule, monkeypatch: pytest.MonkeyPatch
) -> None:
    floor = prepared(digits).floor

    def forbidden(*_: object) -> None:
        raise AssertionError("measured again")

    monkeypatch.setattr(FrechetDistance, "_measure_reference", forbidden)
    assert prepared(digits).floor == floor
    with pytest.raises(AssertionError, match="measured again"):
        prepared(digits, "another description")
    resized = build("data", compose(["data=digits", "data.image_size=16"])["data"])
    with pytest.raises(AssertionError, match="measured again"):
        prepared(resized)
