from __future__ import annotations

import pytest
import torch
from feature_helpers import random_features, reference_of, samples_of
from measure_helpers import measure_of

from gan_lab.errors import UserError
from gan_lab.metrics import neighborhoods
from gan_lab.metrics.measure import HIGHER, Score

NAMES = ("precision", "recall", "density", "coverage")


def measured(real: torch.Tensor, fake: torch.Tensor, test: torch.Tensor, **changes: int) -> dict[str, Score]:
    measure = measure_of("neighborhoods", **changes)
    measure.prepare(reference_of(real, test))
    return measure.measure(samples_of(fake))


def values(real: torch.Tensor, fake: torch.Tensor, precision_k: int, density_k: int) -> dict[str, float]:
    found = measured(real, fake, real, precision_k=precision_k, density_k=density_k)
    assert list(found) == [f"{name}/by_hand" for name in NAMES]
    assert all(score.better == HIGHER for score in found.values())
    return {name: found[f"{name}/by_hand"].value for name in NAMES}


def column(*numbers: float) -> torch.Tensor:
    return torch.tensor(numbers, dtype=torch.float32)[:, None]


def test_by_hand() -> None:
    """Reals 0, 1, 3, 10 reach to their nearest, 1, 1, 2, 7: balls [-1, 1], [0, 2], [1, 5], [3, 17].

    Samples 0.5, 4, 30, 33 lie in 2, 2, 0 and 0 of them. They reach 3.5, 3.5, 3, 3: balls [-3, 4], [0.5, 7.5], [27, 33]
    and [30, 36], which hold the reals 0, 1, 3. Every real's ball holds a sample.
    """
    found = values(column(0, 1, 3, 10), column(0.5, 4, 30, 33), 1, 1)
    assert found == {"precision": 0.5, "recall": 0.75, "density": 4 / 4, "coverage": 1.0}


def test_each_k_is_of_its_own_numbers() -> None:
    """By the second neighbour the reals reach 3, 2, 3, 9: balls [-3, 3], [-1, 3], [0, 6], [1, 19].

    Samples 0.5 and 4 lie in three and two of them.
    """
    reals, fakes = column(0, 1, 3, 10), column(0.5, 4, 30, 33)
    assert values(reals, fakes, 1, 2) == {"precision": 0.5, "recall": 0.75, "density": 5 / 8, "coverage": 1.0}
    mixed = values(reals, fakes, 2, 1)
    assert (mixed["density"], mixed["coverage"]) == (1.0, 1.0)
    assert mixed["recall"] == 1.0  # the samples reach 29.5, 26, 26 and 29


def test_identical_sets() -> None:
    """Each sample is a real image, and each ball holds its own image and k others, its border among them."""
    reals = 2 ** torch.arange(8).float()[:, None]  # whole numbers, so that distances are exact; no two are equal
    found = values(reals, reals.clone(), 3, 5)
    assert found == {"precision": 1.0, "recall": 1.0, "density": 6 / 5, "coverage": 1.0}


def test_sets_far_apart() -> None:
    reals = random_features(60, 4, 1)
    assert values(reals, random_features(50, 4, 2) + 100, 3, 5) == dict.fromkeys(NAMES, 0.0)


def test_one_good_sample_repeated_is_precise_but_not_diverse() -> None:
    reals = random_features(100, 4, 1)
    found = values(reals, reals[:1].repeat(80, 1) + 1e-3 * random_features(80, 4, 2), 3, 5)
    assert found["precision"] == 1.0
    assert found["recall"] < 0.1
    assert found["coverage"] < 0.2


def test_density_of_equal_distributions_is_about_1() -> None:
    found = values(random_features(1200, 4, 1), random_features(1200, 4, 2), 3, 5)
    assert found["density"] == pytest.approx(1, abs=0.06)


def naive(real: torch.Tensor, fake: torch.Tensor, precision_k: int, density_k: int) -> dict[str, float]:
    """The four definitions, one pair of images after the other."""

    def distance(one: torch.Tensor, other: torch.Tensor) -> float:
        return float((one.double() - other.double()).square().sum().sqrt())

    def radius(images: torch.Tensor, index: int, k: int) -> float:
        return sorted(distance(images[index], images[i]) for i in range(len(images)) if i != index)[k - 1]

    apart = [[distance(x, y) for y in fake] for x in real]
    real_radii = {k: [radius(real, j, k) for j in range(len(real))] for k in (precision_k, density_k)}
    fake_radii = [radius(fake, i, precision_k) for i in range(len(fake))]
    m, n = len(real), len(fake)
    precise = [any(apart[j][i] <= real_radii[precision_k][j] for j in range(m)) for i in range(n)]
    recalled = [any(apart[j][i] <= fake_radii[i] for i in range(n)) for j in range(m)]
    inside = [[apart[j][i] <= real_radii[density_k][j] for i in range(n)] for j in range(m)]
    return {
        "precision": sum(precise) / n,
        "recall": sum(recalled) / m,
        "density": sum(map(sum, inside)) / (density_k * n),
        "coverage": sum(map(any, inside)) / m,
    }


@pytest.mark.parametrize(("precision_k", "density_k"), [(3, 5), (4, 1)])
def test_is_that_of_naive_loops(precision_k: int, density_k: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(neighborhoods, "ROWS", 32)  # several chunks, the last one not full
    real, fake = random_features(70, 5, 1), 1.3 * random_features(50, 5, 2) + 0.5
    found, expected = values(real, fake, precision_k, density_k), naive(real, fake, precision_k, density_k)
    assert found == pytest.approx(expected)
    assert all(0 < value < 2 and value != 1 for value in found.values())


def test_floors_are_what_the_test_images_get() -> None:
    real, test = random_features(90, 5, 1), random_features(80, 5, 2)
    found = measured(real, random_features(70, 5, 3) + 1, test)
    again = values(real, test, 3, 5)
    assert {name: found[f"{name}/by_hand"].floor for name in NAMES} == again
    assert found["precision/by_hand"].value < again["precision"]


def test_its_protocol() -> None:
    measure = measure_of("neighborhoods")
    measure.prepare(reference_of(random_features(90, 5, 1), random_features(20, 5, 2), num_samples=30))
    reference = "30 of the training images"
    assert measure.protocol() == {"precision_k": 3, "density_k": 5, "reference": reference, "floor_images": 20}


def test_too_few_images_for_so_many_neighbours() -> None:
    with pytest.raises(UserError, match=r"metrics.measure.neighborhoods.density_k=20 must be less"):
        measured(random_features(90, 5, 1), random_features(90, 5, 1), random_features(20, 5, 2), density_k=20)
    with pytest.raises(UserError, match=r"metrics.measure.neighborhoods.precision_k=0"):
        measure_of("neighborhoods", precision_k=0)
