"""Two processes on the CPU, as several GPUs would run."""

from __future__ import annotations

import contextlib
import csv
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import torch
from run_helpers import curves, equal, final, rows

from gan_lab import cli

TRAIN = Path(__file__).parents[1] / "train.py"
TINY = ["log_every=1", "network.width=8", "data.batch_size=32", "metrics.num_samples=700", "sample_every=3"]
linux = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="reads /proc, and Linux tells orphans")

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
    assert 1 <= len(list(run.glob("events*"))) <= 2  # the curves, and the hyper-parameters at the end
    summary = json.loads((run / "summary.json").read_text())
    assert summary["images_seen"] == 6 * 32
    assert printed.count("run folder") == 1
    assert {path.name for path in folder.iterdir()} == {"run"}

    assert cli.main(["evaluate", str(run), "trainer=cpu"]) == 0
    alone = json.loads(capsys.readouterr().out)
    for name, entry in summary["metrics"].items():
        assert alone[name]["value"] == pytest.approx(entry["value"], rel=1e-3), name
        assert alone[name]["protocol"] == entry["protocol"]


def test_a_resume_with_fewer_batches_of_samples_than_processes(trained: tuple[Path, str], tmp_path: Path) -> None:
    run = shutil.copytree(trained[0] / "run", tmp_path / "run")
    done = call(tmp_path, sys.executable, str(TRAIN), "resume=run", "iterations=8", "metrics.num_samples=64")
    assert done.returncode == 0, done.stderr
    with (run / "metrics.csv").open(newline="") as file:
        assert [row["iteration"] for row in csv.DictReader(file)] == [str(iteration) for iteration in range(1, 9)]


def started(folder: Path, *choices: str) -> subprocess.Popen[str]:
    """A long run of two processes in `folder`/run, once it trains."""
    long = ["iterations=100000", "metrics.every=100000"]
    command = [sys.executable, str(TRAIN), "trainer=ddp_cpu", *TINY, *long, *choices]
    process = subprocess.Popen(
        [*command, "hydra.run.dir=run"], cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
    )
    metrics = folder / "run" / "metrics.csv"
    deadline = time.monotonic() + 120
    while not metrics.exists() or metrics.read_text().count("\n") < 3:
        assert process.poll() is None, process.communicate()[1]
        assert time.monotonic() < deadline
        time.sleep(0.02)
    return process


def processes_of(folder: Path) -> dict[int, str]:
    """Numbers and command lines of all processes that work in `folder`."""
    found = {}
    for entry in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            if Path(os.readlink(entry / "cwd")) == folder.resolve():
                found[int(entry.name)] = (entry / "cmdline").read_text().replace("\0", " ")
    return found


def is_worker(line: str) -> bool:
    return " -m gan_lab train " in line and "--nproc-per-node" not in line


def wait_until_gone(folder: Path) -> None:
    deadline = time.monotonic() + 60
    while processes_of(folder):
        assert time.monotonic() < deadline, processes_of(folder)
        time.sleep(0.1)


@linux
def test_a_rank_that_dies_ends_the_run_and_leaves_no_process(tmp_path: Path) -> None:
    process = started(tmp_path, "checkpoint_every=2")
    workers = [number for number, line in processes_of(tmp_path).items() if is_worker(line)]
    assert len(workers) == 2
    os.kill(max(workers), signal.SIGKILL)
    _, told = process.communicate(timeout=120)
    assert process.returncode == 1
    assert "error: one of the 2 processes failed; what it has said stands above; resume=" in told
    assert "Traceback" not in told
    assert f"process {1} has ended with exit code -9" in told or "process 0 has ended with exit code -9" in told
    wait_until_gone(tmp_path)


@linux
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_both_ranks_save_and_end_with_the_command(tmp_path: Path, number: int) -> None:
    """SIGTERM is passed on; after SIGKILL the orphans learn that they are such."""
    process = started(tmp_path, "checkpoint_every=100000")
    process.send_signal(number)
    _, told = process.communicate(timeout=120)
    assert process.returncode == (128 + number if number == signal.SIGTERM else -number)
    wait_until_gone(tmp_path)
    done = final(tmp_path / "run")["global_step"]
    assert done >= 2
    assert "Traceback" not in told
    assert f"stopped and saved at iteration {done}; resume=" in told


def test_a_resumed_run_of_two_processes_equals_an_uninterrupted_one(tmp_path: Path) -> None:
    """In a job of a multirun, which starts its processes as a single run does."""
    budget = ["trainer=ddp_cpu", *TINY, "metrics.every=3", "model.ema_decay=0.9", "checkpoint_every=3"]
    for folder, iterations in (("whole", "8"), ("parts", "4"), ("parts", "8")):
        choices = [*budget, f"iterations={iterations}", "seed=5", f"hydra.sweep.dir={folder}", "resume=auto"]
        done = call(tmp_path, sys.executable, str(TRAIN), "-m", *choices)
        assert done.returncode == 0, done.stderr
    left, right = tmp_path / "whole" / "0", tmp_path / "parts" / "0"
    for key in ("state_dict", "optimizer_states", "global_step"):
        assert equal(final(left)[key], final(right)[key]), key
    losses = [{tag: points for tag, points in curves(run).items() if tag.startswith("loss")} for run in (left, right)]
    assert losses[0] == losses[1]
    assert [row["iteration"] for row in rows(right)] == [str(iteration) for iteration in range(1, 9)]
    assert {path.name for path in tmp_path.iterdir()} == {"whole", "parts"}


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
