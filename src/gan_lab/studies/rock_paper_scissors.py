"""Two players learn mixed strategies for rock, paper, scissors: a small game that goes round in circles as GANs do.

The first player's mean gain is x A y for the mixed strategies x and y, points of the simplex; the second player's is
its negative. The only equilibrium is (1/3, 1/3, 1/3) for both, of value 0. Each method yields both players' strategies
after each step; the gradient methods move along the gain's gradient and back to the nearest point of the simplex.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from omegaconf import DictConfig

from gan_lab.building import plain
from gan_lab.checks import check_choice, check_list, check_number, check_whole
from gan_lab.errors import UserError
from gan_lab.settings import Settings
from gan_lab.studies.reporting import Report
from gan_lab.summary import shown

if TYPE_CHECKING:
    from matplotlib.axes import Axes

Strategy = NDArray[np.float64]
"""Probabilities of rock, paper and scissors."""
Method = Callable[[Strategy, Strategy, float], Iterator[tuple[Strategy, Strategy]]]
"""Both players' strategies after each step, without end, from a start and a step size."""

GAIN = np.array([[0.0, -1.0, 1.0], [1.0, 0.0, -1.0], [-1.0, 1.0, 0.0]])  # rock loses to paper, beats scissors
EQUILIBRIUM = np.full(3, 1 / 3)
CORNERS = np.array([[0.0, 0.0], [1.0, 0.0], [0.5, 3**0.5 / 2]])  # of the simplex in the picture


def project(point: Strategy) -> Strategy:
    """The nearest point of the simplex (Held et al. 1974)."""
    falling = np.sort(point)[::-1]
    excess = (np.cumsum(falling) - 1) / np.arange(1, len(point) + 1)
    return np.maximum(point - excess[np.nonzero(falling > excess)[0][-1]], 0)


def gradients(x: Strategy, y: Strategy) -> tuple[Strategy, Strategy]:
    """Of each player's own gain by its own strategy."""
    return GAIN @ y, -GAIN.T @ x


def simultaneous(x: Strategy, y: Strategy, step: float) -> Iterator[tuple[Strategy, Strategy]]:
    """Both players move at once."""
    while True:
        slope_x, slope_y = gradients(x, y)
        x, y = project(x + step * slope_x), project(y + step * slope_y)
        yield x, y


def alternating(x: Strategy, y: Strategy, step: float) -> Iterator[tuple[Strategy, Strategy]]:
    """The second player answers the first one's move, as G does D's."""
    while True:
        x = project(x + step * gradients(x, y)[0])
        y = project(y + step * gradients(x, y)[1])
        yield x, y


def optimistic(x: Strategy, y: Strategy, step: float) -> Iterator[tuple[Strategy, Strategy]]:
    """Twice the gradient minus the last one, a guess of the next (Popov 1980; for GANs: Daskalakis et al. 2018)."""
    last_x, last_y = gradients(x, y)
    while True:
        slope_x, slope_y = gradients(x, y)
        x, y = project(x + step * (2 * slope_x - last_x)), project(y + step * (2 * slope_y - last_y))
        last_x, last_y = slope_x, slope_y
        yield x, y


def extragradient(x: Strategy, y: Strategy, step: float) -> Iterator[tuple[Strategy, Strategy]]:
    """Both look one step ahead and move by the gradient that they find there (Korpelevich 1976)."""
    while True:
        slope_x, slope_y = gradients(x, y)
        ahead = gradients(project(x + step * slope_x), project(y + step * slope_y))
        x, y = project(x + step * ahead[0]), project(y + step * ahead[1])
        yield x, y


def fictitious_play(x: Strategy, y: Strategy, step: float) -> Iterator[tuple[Strategy, Strategy]]:
    """Each answers the other's average so far best; the strategies are the averages (Brown 1951, Robinson 1951).

    The start counts as one move; `step` is not used.
    """
    played = 1
    while True:
        answer_x, answer_y = (np.eye(3)[np.argmax(slope)] for slope in gradients(x, y))
        played += 1
        x, y = x + (answer_x - x) / played, y + (answer_y - y) / played
        yield x, y


METHODS: dict[str, Method] = {
    method.__name__: method for method in (simultaneous, alternating, optimistic, extragradient, fictitious_play)
}


def exploitability(x: Strategy, y: Strategy) -> float:
    """What best answers would gain against both players together: 0 in the equilibrium, at most 2."""
    slope_x, slope_y = gradients(x, y)
    return float(slope_x.max() + slope_y.max())


def distance(x: Strategy, y: Strategy) -> float:
    """Euclidean distance of both strategies from the equilibrium."""
    return float(np.hypot(np.linalg.norm(x - EQUILIBRIUM), np.linalg.norm(y - EQUILIBRIUM)))


def trajectory(method: str, start: tuple[Strategy, Strategy], step: float, steps: int) -> NDArray[np.float64]:
    """Both players' strategies at the start and after each step: `[steps + 1, 2, 3]`."""
    moves = METHODS[method](*start, step)
    return np.array([start, *(next(moves) for _ in range(steps))])


def run(config: DictConfig, folder: Path, overrides: list[str]) -> float:
    """Let all methods play from one random start; returns the least of their final exploitabilities.

    Raises:
        UserError: for a value that does not suit.
    """
    values = plain(config)
    study, settings = values["study"], Settings.of(values)
    check_number("study.step_size", study["step_size"], above=0)
    check_whole("iterations", settings.iterations, 1)
    steps = settings.budget(batches_per_epoch=0)  # counted in iterations alone
    check_list("study.methods", study["methods"])
    if not study["methods"]:
        raise UserError(f"study.methods=[] names none; choose from {', '.join(METHODS)}")
    for method in study["methods"]:
        check_choice("study.methods", method, [*METHODS])
    first, second = np.random.default_rng(settings.seed).dirichlet(np.ones(3), 2)
    report = Report(values, folder)
    paths = {method: trajectory(method, (first, second), study["step_size"], steps) for method in study["methods"]}
    for at in range(0, steps + 1, settings.log_every):
        exploitabilities = {f"exploitability/{method}": exploitability(*path[at]) for method, path in paths.items()}
        distances = {f"distance/{method}": distance(*path[at]) for method, path in paths.items()}
        report.point(exploitabilities | distances, at)
    return finish(report, paths)


def finish(report: Report, paths: dict[str, NDArray[np.float64]]) -> float:
    """The trajectories on the simplex, and the table of where the methods have come to."""
    title = "The first player's strategies, from the cross to the dot"
    picture = report.picture("simplex", lambda axes: draw_simplex(axes, paths), title)
    results = {
        method: {
            "exploitability": exploitability(*path[-1]),
            "distance": distance(*path[-1]),
            "distance_of_average": distance(*path.mean(0)),
        }
        for method, path in paths.items()
    }
    after = f"after {len(next(iter(paths.values()))) - 1} steps"
    lines = [f"{after:18}{'exploitability':>16}{'distance':>12}{'distance of the average':>26}"]
    lines += [
        f"{method:18}{found['exploitability']:16.6f}{found['distance']:12.6f}{found['distance_of_average']:26.6f}"
        for method, found in results.items()
    ]
    report.finish(results, [*lines, f"trajectories {shown(picture)}"])
    return min(found["exploitability"] for found in results.values())


def draw_simplex(axes: Axes, paths: dict[str, NDArray[np.float64]]) -> None:
    """The first player's way of each method on the triangle of mixed strategies."""
    axes.plot(*CORNERS[[0, 1, 2, 0]].T, color="black", linewidth=1)
    for name, (right, up), shift in zip(("rock", "paper", "scissors"), CORNERS, (-0.05, -0.05, 0.02), strict=True):
        axes.text(right, up + shift, name, ha="center")
    for method, path in paths.items():
        way = path[:, 0] @ CORNERS
        (line,) = axes.plot(*way.T, linewidth=0.8, alpha=0.8, label=method)
        axes.plot(*way[-1], "o", color=line.get_color())
    axes.plot(*(next(iter(paths.values()))[0, 0] @ CORNERS), "x", color="black", markersize=10)
    axes.plot(*(EQUILIBRIUM @ CORNERS), "+", color="black", markersize=14)
    axes.set_aspect("equal")
    axes.set_axis_off()
    axes.legend(loc="upper right")
