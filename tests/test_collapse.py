"""The watch over collapse, on made-up scalars and in a run."""

from __future__ import annotations

import logging
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import torch
from run_helpers import RunIn, events, final, rows

from gan_lab.callbacks.collapse import ACCURACY, DIVERSITY, CollapseWatch, diversity
from gan_lab.callbacks.recording import Recorder
from gan_lab.callbacks.stopping import StopSignals
from gan_lab.errors import UserError


def test_diversity_is_the_mean_distance() -> None:
    pictures = torch.zeros(3, 1, 2, 2, dtype=torch.uint8)
    assert diversity(pictures) == 0
    pictures[2] = 100
    assert diversity(pictures) == pytest.approx((0 + 200 + 200) / 3)


class Watched:
    """A watch that is shown scalars, one every 250 iterations, of a budget of 100,000."""

    def __init__(self, action: str = "warn") -> None:
        self.recorder = Recorder(1, 8, 10)
        self.stop = StopSignals()
        self.watch = CollapseWatch(action, self.recorder, self.stop)
        self.trainer: Any = SimpleNamespace(global_step=0, max_steps=100_000, loggers=[], is_global_zero=True)

    def show(self, start: int, name: str, *values: float) -> None:
        for number, value in enumerate(values):
            self.trainer.global_step = start + 250 * number
            self.recorder.record(self.trainer, {name: value})
            self.watch.on_train_batch_end(self.trainer, None, None, None, 0)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("start", "name", "values", "times"),
    [
        (20_000, DIVERSITY, [0.1, 0.1], 0),
        (20_000, DIVERSITY, [0.1, 0.1, 0.1, 0.1, 0.1], 1),
        (20_000, DIVERSITY, [0.1, 0.1, 0.3, 0.1, 0.1], 0),
        (20_000, DIVERSITY, [0.1] * 3 + [0.9] + [0.1] * 3, 2),
        (5_000, DIVERSITY, [0.1] * 19, 0),  # the first tenth of the budget
        (20_000, ACCURACY, [1.0] * 19, 0),
        (20_000, ACCURACY, [1.0] * 40, 1),
        (20_000, ACCURACY, [1.0] * 19 + [0.99] + [1.0] * 19, 0),
    ],
)
def test_when_it_warns(
    caplog: pytest.LogCaptureFixture, start: int, name: str, values: list[float], times: int
) -> None:
    watched = Watched()
    with caplog.at_level(logging.WARNING):
        watched.show(start, name, *values)
    assert len(caplog.records) == times
    assert watched.stop.requested == 0


def test_a_limit_must_be_passed_for_long(caplog: pytest.LogCaptureFixture) -> None:
    """Twenty points of a curve may be as many iterations."""
    watched = Watched()
    for iteration in range(20_000, 20_500):
        watched.trainer.global_step = iteration
        watched.recorder.record(watched.trainer, {ACCURACY: 1.0})
        watched.watch.on_train_batch_end(watched.trainer, None, None, None, 0)  # type: ignore[arg-type]
    assert not caplog.records


def test_a_resumed_watch_goes_on_counting(caplog: pytest.LogCaptureFixture) -> None:
    first, second = Watched(), Watched()
    first.show(20_000, DIVERSITY, 0.1, 0.1)
    second.watch.load_state_dict(first.watch.state_dict())
    second.show(20_500, DIVERSITY, 0.1)
    assert len(caplog.records) == 1
    assert "iteration 20500: the samples are all alike" in caplog.text


@pytest.fixture
def always_bad(monkeypatch: pytest.MonkeyPatch) -> None:
    """Samples that are all alike, and a watch that looks from the start."""
    monkeypatch.setattr("gan_lab.callbacks.samples.diversity", lambda pictures: 0.0)
    monkeypatch.setattr("gan_lab.callbacks.collapse.SPAN", 10)


SHORT = ["iterations=60", "sample_every=10", "metrics.every=60", "checkpoint_every=60"]


@pytest.mark.usefixtures("always_bad")
def test_a_run_is_warned_and_goes_on(run_in: RunIn, caplog: pytest.LogCaptureFixture) -> None:
    folder = run_in("run", *SHORT)
    assert [record.message[:12] for record in caplog.records if "all alike" in record.message] == ["iteration 30"]
    assert "warnings/text_summary" in events(folder).Tags()["tensors"]
    assert [row["iteration"] for row in rows(folder) if row[DIVERSITY]] == [str(at) for at in range(10, 61, 10)]


@pytest.mark.usefixtures("always_bad")
def test_a_run_can_be_stopped(run_in: RunIn, tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"G has collapsed.*; stopped and saved at iteration 30; resume=.*run goes on"):
        run_in("run", *SHORT, "collapse=stop")
    assert final(tmp_path / "run")["global_step"] == 30


@pytest.mark.usefixtures("always_bad")
def test_the_watch_can_be_left_out(run_in: RunIn, caplog: pytest.LogCaptureFixture) -> None:
    run_in("run", *SHORT, "collapse=none")
    assert "all alike" not in caplog.text
