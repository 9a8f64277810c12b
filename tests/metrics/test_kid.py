from __future__ import annotations

import warnings

import pytest
import torch
from feature_helpers import random_features, reference_of, samples_of
from measure_helpers import measure_of
from torchmetrics.image.kid import KernelInceptionDistance

from gan_lab.errors import UserError
from gan_lab.metrics.fid import ReadyFeatures
from gan_lab.metrics.measure import LOWER, Score
from gan_lab.seeding import derive_seed

REAL, TEST, FAKE = (
    random_features(num, 6, seed) + shift for num, seed, shift in ((300, 1, 0), (200, 2, 0), (250, 3, 1))
)


def kid(real: torch.Tensor, test: torch.Tensor, fake: torch.Tensor, **changes: int) -> Score:
    measure = measure_of("kid", **changes)
    measure.prepare(reference_of(real, test))
    found = measure.measure(samples_of(fake))
    assert list(found) == ["kid/by_hand"]
    return found["kid/by_hand"]


def test_by_hand() -> None:
    """One feature, k(x, y) = (x y + 1)^3: between the reals 0 and 1 it is 1, between the samples 1 and 2 it is 27.

    Real with sample: 1, 1, (1 + 1)^3 = 8, (2 + 1)^3 = 27, a mean of 37 / 4; so 1 + 27 - 2 * 37 / 4 = 9.5.
    """
    column = torch.tensor([[0.0], [1.0], [2.0]])
    found = kid(column[:2], column[:2], column[1:], subset_size=2)
    assert found.value == pytest.approx(9.5)
    assert found.floor == pytest.approx(1 + 1 - 2 * (1 + 1 + 1 + 8) / 4)
    assert found.better == LOWER


def test_is_that_of_torchmetrics() -> None:
    """The same subsets, as torchmetrics draws them from the global random state."""
    found = kid(REAL, TEST, FAKE, subsets=7, subset_size=50)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that it keeps all features
        theirs = KernelInceptionDistance(ReadyFeatures(6), subsets=7, subset_size=50)
    theirs.update(REAL, real=True)
    theirs.update(FAKE, real=False)
    torch.manual_seed(derive_seed(0, "kid"))
    mean, std = theirs.compute()
    assert found.value == pytest.approx(float(mean), rel=1e-5)
    assert found.details["std_over_subsets"] == pytest.approx(float(std), rel=1e-4)
    assert found.details["std_over_subsets"] > 0


def test_repeats_and_leaves_the_global_random_state_alone() -> None:
    state = torch.get_rng_state()
    first = kid(REAL, TEST, FAKE, subset_size=50)
    assert torch.equal(torch.get_rng_state(), state)
    torch.rand(3)
    assert kid(REAL, TEST, FAKE, subset_size=50) == first


def test_has_no_bias_of_few_images() -> None:
    """Samples of the reals' distribution: the mean over subsets of 10 is 0 within a few standard errors.

    A biased estimate of the same would be above 0 by E[k(x, x)] / 10 and more.
    """
    more = random_features(4000, 6, 5)
    found = kid(random_features(4000, 6, 4), TEST, more, subsets=1000, subset_size=10)
    assert abs(found.value) < 4 * found.details["std_over_subsets"] / 1000**0.5
    assert (
        4 * found.details["std_over_subsets"] / 1000**0.5
        < 0.5 * float(((more.square().sum(1) / 6 + 1) ** 3).mean()) / 10
    )


def test_farther_samples_get_more_and_the_floor_is_that_of_the_test_images() -> None:
    near, far = (kid(REAL, TEST, TEST + shift, subset_size=100) for shift in (0, 2))
    assert near.value == near.floor == far.floor
    assert far.value > 10 * abs(near.value)


def test_where_there_are_fewer_images_than_a_subset_takes_all_are_one() -> None:
    found = kid(REAL, TEST, FAKE)
    assert found.details["subset_size"] == 250
    assert found.details["std_over_subsets"] > 0  # 250 of the 300 reals
    assert "std_over_subsets" not in kid(REAL[:250], TEST, FAKE).details  # which would be 0 of equal subsets


def test_its_protocol() -> None:
    measure = measure_of("kid")
    measure.prepare(reference_of(random_features(30, 2, 0), random_features(10, 2, 1), num_samples=20))
    assert measure.protocol() == {
        "reference": "20 of the training images",
        "kernel": "(x . y / D + 1)^3, unbiased",
        "subsets": 100,
        "subset_size": 1000,
    }


@pytest.mark.parametrize(("key", "value"), [("subsets", 0), ("subset_size", 1), ("subset_size", 10.5)])
def test_wrong_values(key: str, value: float) -> None:
    with pytest.raises(UserError, match=f"metrics.measure.kid.{key}={value}"):
        measure_of("kid", **{key: value})
