"""A long run takes no more memory, files or room at its end than after its start."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest
import pytorch_lightning as pl
from run_helpers import RunIn

from gan_lab import experiment

ITERATIONS = 50_000


class Footprint(pl.Callback):
    """Megabytes in memory and open files, every thousand iterations."""

    def __init__(self) -> None:
        self.megabytes: list[float] = []
        self.files: list[int] = []

    def on_train_batch_end(self, trainer: pl.Trainer, *rest: Any) -> None:
        if trainer.global_step % 1000 == 0:
            pages = int(Path("/proc/self/statm").read_text().split()[1])
            self.megabytes.append(pages * os.sysconf("SC_PAGE_SIZE") / 2**20)
            self.files.append(len(os.listdir("/proc/self/fd")))


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="reads /proc")
def test_fifty_thousand_iterations(run_in: RunIn, monkeypatch: pytest.MonkeyPatch) -> None:
    footprint, original = Footprint(), experiment.build_callbacks

    def with_footprint(*arguments: Any) -> Any:
        callbacks, evaluation = original(*arguments)
        return [*callbacks, footprint], evaluation

    monkeypatch.setattr(experiment, "build_callbacks", with_footprint)
    widths = ["network.generator_widths=[64]", "network.discriminator_widths=[64]"]
    small = ["model=gan", "data.batch_size=32", "trainer=cpu", "metrics.num_samples=1000", "model.ema_decay=0.9"]
    folder = run_in("run", *small, *widths, f"iterations={ITERATIONS}", "log_every=50")
    print("MB", [round(value) for value in footprint.megabytes], "files", footprint.files)
    assert footprint.megabytes[-1] < footprint.megabytes[9] + 20
    assert max(footprint.files[1:]) <= footprint.files[1]
    events = [path.stat().st_size for path in folder.glob("events*")]
    print("event files", events)
    assert len(events) <= 2
    assert sum(events) < 3_000_000  # a thousand points of some 20 curves, 40 grids
