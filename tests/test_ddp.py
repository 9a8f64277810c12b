"""Two processes on the CPU, as several GPUs would run."""

from __future__ import annotations

import csv
import json
import os
import shutil
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


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """A folder in which two processes have made the run `run`, and what they printed."""
    folder = tmp_path_factory.mktemp("user")
    choices = ["trainer=ddp_cpu", "iterations=6", "metrics.every=3", "model.ema_decay=0.9", *TINY]
    done = call(folder, sys.executable, str(TRAIN), *choices, "hydra.run.dir=run")
    assert done.returncode == 0, done.stderr
    return folder, done.stdout


def test_two_processes_train_and_log_once(trained: tuple[Path, str], capsys: pytest.CaptureFixture[str]) -> None:
    """The curves, samples and checkpoints are written once, and one process measures the same as two."""
    folder, printed = trained
    run = folder / "run"
    with (run / "metrics.csv").open(newline="") as file:
        assert [row["iteration"] for row in csv.DictReader(file)] == [str(iteration) for iteration in range(1, 7)]
    assert len(list(run.glob("events*"))) <= 2  # the curves, and the hyper-parameters at the end
    summary = json.loads((run / "summary.json").read_text())
    assert summary["images_seen"] == 6 * 32
    assert printed.count("run folder") == 1
    assert {path.name for path in folder.iterdir()} == {"run"}

    assert cli.main(["evaluate", str(run), "trainer=cpu"]) == 0
    alone = json.loads(capsys.readouterr().out)["fid/classifier"]
    assert alone["value"] == pytest.approx(summary["fid"]["fid/classifier"]["value"], rel=1e-4)
    assert alone["class_shares"] == summary["fid"]["fid/classifier"]["class_shares"]


def test_a_resume_with_fewer_batches_of_samples_than_processes(trained: tuple[Path, str], tmp_path: Path) -> None:
    run = shutil.copytree(trained[0] / "run", tmp_path / "run")
    done = call(tmp_path, sys.executable, str(TRAIN), "resume=run", "iterations=8", "metrics.fid.num_samples=64")
    assert done.returncode == 0, done.stderr
    with (run / "metrics.csv").open(newline="") as file:
        assert [row["iteration"] for row in csv.DictReader(file)] == [str(iteration) for iteration in range(1, 9)]


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
