"""Two processes on the CPU, as several GPUs would run."""

from __future__ import annotations

import csv
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from gan_lab import cli

TRAIN = Path(__file__).parents[1] / "train.py"
TINY = ["log_every=1", "network.width=8", "data.batch_size=32", "metrics.fid.num_samples=700", "sample_every=3"]

DUMP = """
import sys, torch
from gan_lab import cli, experiment, launch

finish = experiment.finish

def dump(prepared, config):
    torch.save(prepared.model.state_dict(), f"weights{launch.rank()}.pt")
    return finish(prepared, config)

experiment.finish = dump
sys.exit(cli.main(sys.argv[1:]))
"""


def call(folder: Path, *command: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=300, check=False)


def test_two_processes_train_and_log_once(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The weights on both ranks are equal; the curves, samples and checkpoints are written once."""
    arguments = [
        "trainer=ddp_cpu",
        "iterations=6",
        "metrics.every=3",
        "model.ema_decay=0.9",
        *TINY,
        "hydra.run.dir=run",
    ]
    done = call(tmp_path, sys.executable, str(TRAIN), *arguments)
    assert done.returncode == 0, done.stderr
    run = tmp_path / "run"
    with (run / "metrics.csv").open(newline="") as file:
        assert [row["iteration"] for row in csv.DictReader(file)] == [str(iteration) for iteration in range(1, 7)]
    assert len(list(run.glob("events*"))) <= 2  # the curves, and the hyper-parameters at the end
    summary = json.loads((run / "summary.json").read_text())
    assert summary["images_seen"] == 6 * 32
    assert done.stdout.count("run folder") == 1
    assert {path.name for path in tmp_path.iterdir()} == {"run"}

    assert cli.main(["evaluate", str(run), "trainer=cpu"]) == 0
    alone = json.loads(capsys.readouterr().out)["fid/classifier"]
    assert alone["value"] == pytest.approx(summary["fid"]["fid/classifier"]["value"], rel=1e-4)
    assert alone["class_shares"] == summary["fid"]["fid/classifier"]["class_shares"]


def test_more_processes_than_batches_of_samples_and_a_resume(tmp_path: Path) -> None:
    arguments = ["trainer=ddp_cpu", "iterations=3", *TINY, "metrics.fid.num_samples=64", "hydra.run.dir=run"]
    first = call(tmp_path, sys.executable, str(TRAIN), *arguments)
    assert first.returncode == 0, first.stderr
    second = call(tmp_path, sys.executable, str(TRAIN), "resume=run", "iterations=5")
    assert second.returncode == 0, second.stderr
    with (tmp_path / "run" / "metrics.csv").open(newline="") as file:
        assert [row["iteration"] for row in csv.DictReader(file)] == ["1", "2", "3", "4", "5"]


def test_weights_are_equal_on_both_ranks(tmp_path: Path) -> None:
    (tmp_path / "dump.py").write_text(DUMP)
    launcher = ["-m", "torch.distributed.run", "--standalone", "--nproc-per-node=2", "dump.py", "train"]
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    command = [
        sys.executable,
        *launcher,
        "trainer=ddp_cpu",
        "iterations=5",
        *TINY,
        "model.n_critic=2",
        "hydra.run.dir=run",
    ]
    done = subprocess.run(
        command, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=300, check=False
    )
    assert done.returncode == 0, done.stderr
    left, right = (torch.load(tmp_path / f"weights{rank}.pt", weights_only=True) for rank in (0, 1))
    learned = [name for name in left if "running" not in name and "num_batches" not in name]
    assert learned
    assert all(torch.equal(left[name], right[name]) for name in learned)
