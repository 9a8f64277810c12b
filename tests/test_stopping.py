"""Signals, the lock on a run folder, and processes that agree on stopping, without starting any."""

from __future__ import annotations

import pickle
import signal
import threading
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import torch
from run_helpers import RunIn, final

from gan_lab import experiment
from gan_lab.callbacks.stopping import OTHER, TOGETHER_EVERY, StopSignals
from gan_lab.checkpoint import newest_checkpoint
from gan_lab.errors import StoppedError, UserError
from gan_lab.run_folder import lock_folder


@pytest.fixture
def handlers() -> Iterator[None]:
    """Put this process's own handlers back."""
    numbers = (signal.SIGINT, signal.SIGTERM, signal.SIGUSR1)
    before = [signal.getsignal(number) for number in numbers]
    yield
    for number, handler in zip(numbers, before, strict=True):
        signal.signal(number, handler)


def trainer(step: int = 7, world_size: int = 1) -> Any:
    strategy = SimpleNamespace(root_device=torch.device("cpu"))
    return SimpleNamespace(global_step=step, max_steps=1000, world_size=world_size, strategy=strategy)


@pytest.mark.usefixtures("handlers")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_asks_and_a_second_interrupt_interrupts(number: int) -> None:
    signals = StopSignals()
    signals.on_train_start(trainer(), None)  # type: ignore[arg-type]
    assert not signals.is_requested(trainer())
    signal.raise_signal(number)
    assert signals.is_requested(trainer())
    assert signals.requested == number
    with pytest.raises(KeyboardInterrupt):
        signal.raise_signal(signal.SIGINT)


@pytest.mark.usefixtures("handlers")
def test_lightnings_requeue_waits_for_the_end_of_the_iteration() -> None:
    called: list[int] = []
    signal.signal(signal.SIGUSR1, lambda number, frame: called.append(number))
    signals = StopSignals()
    signals.on_train_start(trainer(), None)  # type: ignore[arg-type]
    signal.raise_signal(signal.SIGUSR1)
    assert called == []
    requeue = signals.take_requeue()
    assert requeue is not None
    requeue()
    assert called == [signal.SIGUSR1]
    assert signals.take_requeue() is None
    assert not signals.is_requested(trainer())


def test_another_thread_leaves_the_handlers_alone() -> None:
    before = signal.getsignal(signal.SIGTERM)
    thread = threading.Thread(target=StopSignals().on_train_start, args=(trainer(), None))
    thread.start()
    thread.join()
    assert signal.getsignal(signal.SIGTERM) == before


class Ranks:
    """Stands for torch.distributed's sum over two processes, of which the other one has this number."""

    def __init__(self, other: int, signals: StopSignals, meanwhile: int = 0) -> None:
        self.other, self.signals, self.meanwhile = other, signals, meanwhile
        self.calls = 0

    def all_reduce(self, value: torch.Tensor, how: Any) -> None:
        self.calls += 1
        value.fill_(max(int(value), self.other))
        if self.meanwhile:
            self.signals.requested = self.meanwhile


@pytest.mark.parametrize("other", [0, signal.SIGTERM, OTHER])
def test_processes_agree_now_and_then(monkeypatch: pytest.MonkeyPatch, other: int) -> None:
    signals = StopSignals()
    ranks = Ranks(other, signals)
    monkeypatch.setattr(torch.distributed, "all_reduce", ranks.all_reduce)
    assert not signals.is_requested(trainer(TOGETHER_EVERY + 1, 2))
    assert ranks.calls == 0
    assert signals.is_requested(trainer(2 * TOGETHER_EVERY, 2)) == (other != 0)
    assert signals.requested == other


def test_a_signal_that_comes_while_the_processes_agree_is_kept_for_the_next_time(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The other process has answered already, so that this one must not stop alone."""
    signals = StopSignals()
    monkeypatch.setattr(torch.distributed, "all_reduce", Ranks(0, signals, signal.SIGTERM).all_reduce)
    assert not signals.is_requested(trainer(TOGETHER_EVERY, 2))
    assert signals.is_requested(trainer(2 * TOGETHER_EVERY, 2))
    assert signals.requested == signal.SIGTERM


def test_two_processes_do_not_train_in_one_folder(run_in: RunIn, tmp_path: Path) -> None:
    run_in("run", "iterations=3")
    before = final(tmp_path / "run")["global_step"]
    with lock_folder(tmp_path / "run"), pytest.raises(UserError, match=r"another process is training in .*run; wait"):
        run_in("run", "iterations=6", "resume=auto")
    assert final(tmp_path / "run")["global_step"] == before
    run_in("run", "iterations=6", "resume=auto")
    assert final(tmp_path / "run")["global_step"] == 6


def test_a_checkpoint_with_bad_numbers_is_passed_over(run_in: RunIn, caplog: pytest.LogCaptureFixture) -> None:
    """Such as Lightning may have written before SLURM ended the job."""
    folder = run_in("run", "iterations=3")
    content = final(folder)
    next(iter(content["state_dict"].values())).fill_(float("nan"))
    torch.save(content | {"global_step": 9}, folder / "hpc_ckpt_1.ckpt")
    assert newest_checkpoint(folder) == folder / "checkpoints" / "last.ckpt"
    assert "is not finite" in caplog.text


def test_a_bug_after_a_resume_keeps_its_traceback(run_in: RunIn, monkeypatch: pytest.MonkeyPatch) -> None:
    run_in("run", "iterations=3")

    def broken(*_: Any) -> None:
        raise AttributeError("a mistake of the program's")

    monkeypatch.setattr(experiment.IterationBar, "on_train_batch_end", broken)
    with pytest.raises(AttributeError, match="a mistake of the program's"):
        run_in("run", "iterations=6", "resume=auto")


def test_a_stop_passes_between_processes() -> None:
    error = pickle.loads(pickle.dumps(StoppedError("stopped", signal.SIGTERM)))
    assert (str(error), error.exit_code) == ("stopped", 143)
