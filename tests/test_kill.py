"""Runs that are killed, stopped and requeued at any moment end as if nothing had happened."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from run_helpers import curves, equal, final, rows, timeless

TRAIN = Path(__file__).parents[1] / "train.py"
CHOICES = [
    "model=gan", "trainer=cpu", "data.batch_size=32", "network.generator_widths=[32]",
    "network.discriminator_widths=[32]", "network.generator.dropout=0.2", "model.n_critic=2", "model.ema_decay=0.9",
    "model.lr_decay=0.5", "log_every=5", "checkpoint_every=50", "sample_every=150", "metrics.every=175",
    "metrics.num_samples=64",
]  # fmt: skip
PATIENCE = 120  # seconds for anything to happen

SCONTROL = """#!/bin/sh
echo "$@" >> "$(dirname "$0")/asked"
"""
SLURM = {"SLURM_JOB_ID": "17", "SLURM_NTASKS": "1", "SLURM_JOB_NAME": "train", "SLURM_PROCID": "0"}
SLURM |= {"SLURM_LOCALID": "0", "SLURM_NODEID": "0"}


def start(folder: Path, iterations: int, **environment: str) -> subprocess.Popen[str]:
    """The user's command, the same each time."""
    command = [sys.executable, str(TRAIN), *CHOICES, f"iterations={iterations}", f"hydra.run.dir={folder}"]
    return subprocess.Popen(
        [*command, "resume=auto"],
        env={**os.environ, "OMP_NUM_THREADS": "1", **environment},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )


def wait_for(process: subprocess.Popen[str], happens: Callable[[], bool]) -> None:
    """Until it happens, or the process has ended."""
    deadline = time.monotonic() + PATIENCE
    while not happens() and process.poll() is None:
        assert time.monotonic() < deadline
        time.sleep(0.0005)


def reached(folder: Path) -> int:
    """The iteration of the last whole row of the curves."""
    path = folder / "metrics.csv"
    lines = path.read_text().splitlines() if path.exists() else []
    first = [line.split(",")[0] for line in lines[1:-1]]
    return int(first[-1]) if first and first[-1].isdigit() else 0


def end(process: subprocess.Popen[str], number: int) -> int:
    """Send the signal, and return how the process has ended."""
    process.send_signal(number)
    process.communicate(timeout=PATIENCE)
    return process.returncode


def kill_at_an_iteration(folder: Path, iterations: int, moment: random.Random) -> int:
    process = start(folder, iterations)
    goal = reached(folder) + moment.randrange(1, 120)
    wait_for(process, lambda: reached(folder) >= goal)
    time.sleep(moment.uniform(0, 0.02))
    return end(process, signal.SIGKILL)


def kill_while_saving(folder: Path, iterations: int, moment: random.Random) -> int:
    process = start(folder, iterations)
    wait_for(process, (folder / "checkpoints" / ".last.ckpt.tmp").exists)
    time.sleep(moment.choice([0, 0.001, 0.003]))
    return end(process, signal.SIGKILL)


def kill_at_any_time(folder: Path, iterations: int, moment: random.Random) -> int:
    process = start(folder, iterations)
    time.sleep(moment.uniform(0, 8))
    return end(process, signal.SIGKILL)


def requeue(folder: Path, iterations: int, moment: random.Random) -> int:
    """SLURM announces the end by SIGUSR1, and ends the job a little later."""
    tools = folder.parent / "slurm"
    tools.mkdir(exist_ok=True)
    (tools / "scontrol").write_text(SCONTROL)
    (tools / "scontrol").chmod(0o755)
    before = {*folder.glob("hpc_ckpt_*.ckpt")}
    process = start(folder, iterations, PATH=f"{tools}:{os.environ['PATH']}", **SLURM)
    goal = reached(folder) + moment.randrange(1, 30)
    wait_for(process, lambda: reached(folder) >= goal)
    process.send_signal(signal.SIGUSR1)
    wait_for(process, lambda: (tools / "asked").exists() and (tools / "asked").read_text() != "")
    assert (tools / "asked").read_text().split() == ["requeue", "17"]
    (tools / "asked").unlink()
    assert {*folder.glob("hpc_ckpt_*.ckpt")} > before
    return end(process, signal.SIGKILL)


def stop(folder: Path, iterations: int, moment: random.Random, number: int) -> int:
    """The run saves what it has done, says so, and ends within seconds."""
    process = start(folder, iterations)
    goal = reached(folder) + moment.randrange(1, 30)
    wait_for(process, lambda: reached(folder) >= goal)
    process.send_signal(number)
    sent = time.monotonic()
    _, told = process.communicate(timeout=PATIENCE)
    assert time.monotonic() - sent < 10
    assert process.returncode == 128 + number, told
    assert f"\n{signal.Signals(number).name}: stopped and saved at iteration" in told
    assert f"resume={folder}" in told
    assert final(folder)["global_step"] >= goal
    return process.returncode


def finish(folder: Path, iterations: int) -> None:
    process = start(folder, iterations)
    _, told = process.communicate(timeout=PATIENCE)
    assert process.returncode == 0, told


def assert_same_run(left: Path, right: Path) -> None:
    """Weights, optimizers, averages, counters, curves, events, grids and numbers, all but times."""
    contents = final(left), final(right)
    for key in ("state_dict", "optimizer_states", "lr_schedulers", "global_step"):
        assert equal(contents[0][key], contents[1][key]), key
    points = [
        [{key: value for key, value in row.items() if "second" not in key} for row in rows(f)] for f in (left, right)
    ]
    assert points[0] == points[1]
    assert curves(left) == curves(right)
    grids = [
        {path.relative_to(folder): path.read_bytes() for path in (folder / "samples").rglob("*") if path.is_file()}
        for folder in (left, right)
    ]
    assert grids[0] == grids[1]
    summaries = [json.loads((folder / "summary.json").read_text()) for folder in (left, right)]
    assert timeless(summaries[0]) == timeless(summaries[1])
    assert not [path.name for path in right.rglob("*") if "tmp" in path.name]


def test_a_run_killed_stopped_and_requeued_equals_an_uninterrupted_one(tmp_path: Path) -> None:
    moment, iterations = random.Random(os.urandom(8)), 1500
    whole, broken = tmp_path / "whole", tmp_path / "broken"
    finish(whole, iterations)
    assert kill_at_an_iteration(broken, iterations, moment) == -signal.SIGKILL
    assert stop(broken, iterations, moment, signal.SIGTERM) == 128 + signal.SIGTERM
    kill_while_saving(broken, iterations, moment)
    requeue(broken, iterations, moment)
    assert stop(broken, iterations, moment, signal.SIGINT) == 128 + signal.SIGINT
    finish(broken, iterations)
    assert_same_run(whole, broken)
    finish(broken, iterations)  # has nothing left to do
    assert_same_run(whole, broken)


@pytest.mark.slow
def test_thirty_kills_at_random_moments(tmp_path: Path) -> None:
    moment, iterations, killed = random.Random(os.urandom(8)), 5000, 0
    whole, broken = tmp_path / "whole", tmp_path / "broken"
    finish(whole, iterations)
    kinds = [kill_at_an_iteration, kill_at_an_iteration, kill_while_saving, kill_at_any_time]
    for number in range(60):
        if killed == 30:
            break
        how = kinds[number % len(kinds)]
        ended = how(broken, iterations, moment)
        killed += ended == -signal.SIGKILL
        print(number, how.__name__, ended, reached(broken), flush=True)
    finish(broken, iterations)
    assert killed == 30
    assert_same_run(whole, broken)
