from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from omegaconf import OmegaConf
from PIL import Image
from run_helpers import events, rows

from gan_lab.errors import UserError
from gan_lab.overrides import compose
from gan_lab.studies.rock_paper_scissors import (
    EQUILIBRIUM,
    METHODS,
    distance,
    exploitability,
    project,
    run,
    trajectory,
)

ROCK, PAPER = np.eye(3)[:2]
STARTS = [(np.array([0.6, 0.3, 0.1]), np.array([0.2, 0.5, 0.3])), (np.array([0.1, 0.1, 0.8]), EQUILIBRIUM)]


def test_exploitability_by_hand() -> None:
    assert exploitability(EQUILIBRIUM, EQUILIBRIUM) == pytest.approx(0)
    assert exploitability(ROCK, ROCK) == 2  # both would gain 1 with paper
    assert exploitability(ROCK, PAPER) == 1 + 1  # scissors against paper; paper stays the best against rock


def test_distance_by_hand() -> None:
    assert distance(EQUILIBRIUM, EQUILIBRIUM) == 0
    assert distance(ROCK, EQUILIBRIUM) == pytest.approx((4 / 9 + 1 / 9 + 1 / 9) ** 0.5)


def test_projection_by_hand() -> None:
    np.testing.assert_allclose(project(np.array([0.5, 0.3, 0.2])), [0.5, 0.3, 0.2])
    np.testing.assert_allclose(project(np.array([1.5, 0.0, 0.0])), [1, 0, 0])
    np.testing.assert_allclose(project(np.array([0.9, 0.5, -0.4])), [0.7, 0.3, 0])
    np.testing.assert_allclose(project(np.array([1.0, 1.0, 1.0])), EQUILIBRIUM)


@pytest.mark.parametrize("method", METHODS)
def test_strategies_stay_on_the_simplex_and_the_equilibrium_is_one(method: str) -> None:
    path = trajectory(method, STARTS[0], 0.1, 300)
    assert path.shape == (301, 2, 3)
    np.testing.assert_allclose(path.sum(2), 1)
    assert path.min() >= 0
    if method != "fictitious_play":  # which has to choose one of three equally good answers
        np.testing.assert_allclose(trajectory(method, (EQUILIBRIUM, EQUILIBRIUM), 0.1, 5), 1 / 3)


@pytest.mark.parametrize("start", STARTS)
@pytest.mark.parametrize("method", ["optimistic", "extragradient"])
def test_these_reach_the_equilibrium(method: str, start: tuple[np.ndarray, np.ndarray]) -> None:
    path = trajectory(method, start, 0.1, 3000)
    assert distance(*path[-1]) < 1e-6
    assert exploitability(*path[-1]) < 1e-6


@pytest.mark.parametrize("start", STARTS)
def test_the_averages_of_fictitious_play_approach_it_slowly(start: tuple[np.ndarray, np.ndarray]) -> None:
    path = trajectory("fictitious_play", start, 0.1, 10_000)
    assert distance(*path[100]) > distance(*path[10_000]) > 1e-4
    assert exploitability(*path[10_000]) < 0.05


@pytest.mark.parametrize("start", STARTS)
@pytest.mark.parametrize("method", ["simultaneous", "alternating"])
def test_these_circle(method: str, start: tuple[np.ndarray, np.ndarray]) -> None:
    """They turn round and round, never nearer than a part of the way; their averages are in the middle."""
    path = trajectory(method, start, 0.1, 3000)
    late = np.array([distance(*strategies) for strategies in path[1500:]])
    assert late.min() > 0.3 * distance(*start)
    favourites = path[1500:, 0].argmax(1)
    changes = favourites[np.flatnonzero(np.diff(favourites)) + 1]
    assert len(changes) > 20
    assert set(changes.tolist()) == {0, 1, 2}
    assert distance(*path.mean(0)) < 0.02


def test_simultaneous_play_spirals_outwards_and_alternating_play_does_not() -> None:
    near = (np.add(EQUILIBRIUM, [0.01, 0, -0.01]), EQUILIBRIUM)
    first, second = (np.array([distance(*s) for s in trajectory(name, near, 0.1, 400)]) for name in list(METHODS)[:2])
    assert first[-1] > 10 * first[0]  # by sqrt(1 + 3 step^2) in each step until the border stops it
    assert first[100] / first[0] == pytest.approx((1 + 3 * 0.1**2) ** 50, rel=1e-6)
    assert second.max() < 2 * second[0]


def study(folder: Path, *overrides: str) -> float:
    config = compose(["experiment=seeds/rock_paper_scissors", *overrides])
    return run(OmegaConf.create(config), folder, [*overrides])


def test_a_run_leaves_curves_a_picture_and_a_summary(tmp_path: Path) -> None:
    least = study(tmp_path / "run", "iterations=40", "study.methods=[extragradient,simultaneous]")
    folder = tmp_path / "run"
    summary = json.loads((folder / "summary.json").read_text())
    assert set(summary["results"]) == {"extragradient", "simultaneous"}
    assert least == summary["results"]["extragradient"]["exploitability"]
    table = rows(folder)
    assert [row["iteration"] for row in table] == ["0", "10", "20", "30", "40"]
    assert float(table[-1]["exploitability/extragradient"]) == pytest.approx(least)
    assert float(table[-1]["distance/simultaneous"]) == pytest.approx(summary["results"]["simultaneous"]["distance"])
    with Image.open(folder / "simplex.png") as picture:
        assert np.asarray(picture.convert("RGB")).std() > 5
    logged = events(folder)
    assert logged.Tags()["images"] == ["simplex"]
    assert len(logged.Scalars("exploitability/extragradient")) == 5


def test_the_seed_decides_the_start(tmp_path: Path) -> None:
    found = [study(tmp_path / name, "iterations=5", f"seed={seed}") for name, seed in (("a", 1), ("b", 1), ("c", 2))]
    assert found[0] == found[1] != found[2]


@pytest.mark.parametrize(
    ("override", "told"),
    [
        ("study.methods=[newton]", r"study\.methods=newton"),
        ("study.methods=[]", r"study\.methods=\[\] names none"),
        ("study.step_size=0", r"study\.step_size=0"),
        ("iterations=0", r"iterations=0"),
    ],
)
def test_wrong_values(tmp_path: Path, override: str, told: str) -> None:
    with pytest.raises(UserError, match=told):
        study(tmp_path / "run", override)
    assert not (tmp_path / "run").exists()


def test_a_used_folder_is_refused(tmp_path: Path) -> None:
    study(tmp_path / "run", "iterations=2")
    with pytest.raises(UserError, match=r"already holds a run; another hydra\.run\.dir"):  # nothing to be resumed
        study(tmp_path / "run", "iterations=2")
