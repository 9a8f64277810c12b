"""Multiruns whose jobs run in processes of a launcher."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import hydra
import pytest
from run_helpers import final, rows

from gan_lab import sweeping
from gan_lab.building import conf_folder
from gan_lab.overrides import EXTRAS, with_launcher_defaults

REPOSITORY = Path(__file__).parents[1]
TRAIN = REPOSITORY / "train.py"
NUM_SAMPLES = "metrics.num_samples=64"
TINY = ["log_every=1", "network.width=8", "data.batch_size=32", NUM_SAMPLES]
ALONE = [*TINY, "trainer=cpu", "metrics.every=100000", "sample_every=100000"]
PATIENCE = 240  # seconds for anything to happen
linux = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="reads /proc, and Linux tells orphans")

WITHOUT_PLUGINS = """
import sys
sys.modules["hydra_plugins"] = None  # whatever imports it finds nothing
from gan_lab import cli
codes = [cli.main(["train", "-m", "seed=0,1", choice]) for choice in sys.argv[1:]]
print(codes)
"""


def call(folder: Path, *choices: str, **environment: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(TRAIN), *choices]
    return subprocess.run(
        command,
        cwd=folder,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )


def summary(folder: Path) -> dict[str, Any]:
    return json.loads((folder / "summary.json").read_text())


@contextlib.contextmanager
def started(folder: Path, *choices: str) -> Iterator[subprocess.Popen[str]]:
    """The command in a session of its own; killed with all that it has started, should a test fail."""
    process = subprocess.Popen(
        [sys.executable, str(TRAIN), *choices],
        cwd=folder,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    try:
        yield process
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.communicate()


def wait_for_rows(process: subprocess.Popen[str], *folders: Path) -> None:
    """Until each of the runs has trained some iterations."""
    deadline = time.monotonic() + PATIENCE
    while not all((folder / "metrics.csv").exists() and len(rows(folder)) > 3 for folder in folders):
        assert process.poll() is None, process.communicate()[1]
        assert time.monotonic() < deadline
        time.sleep(0.05)


def processes_of(folder: Path) -> list[str]:
    """The command lines of all processes that work in `folder`."""
    found = []
    for entry in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            if Path(os.readlink(entry / "cwd")) == folder.resolve():
                found.append((entry / "cmdline").read_text().replace("\0", " "))
    return found


def wait_until_gone(folder: Path) -> None:
    deadline = time.monotonic() + 60
    while processes_of(folder):
        assert time.monotonic() < deadline, processes_of(folder)
        time.sleep(0.1)


def test_a_choice_without_its_plugin_says_what_to_install(tmp_path: Path) -> None:
    command = [sys.executable, "-c", WITHOUT_PLUGINS, *EXTRAS, "sweep=optuna"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout.strip() == str([1] * (len(EXTRAS) + 1))
    expected = [f"error: {choice} needs an extra package: pip install 'gan-lab[{EXTRAS[choice]}]'" for choice in EXTRAS]
    assert done.stderr.splitlines() == [*expected, expected[-1]]
    assert not list(tmp_path.iterdir())


def test_the_package_has_the_extras() -> None:
    text = (REPOSITORY / "pyproject.toml").read_text()
    assert all(f"\n{extra} = [" in text for extra in EXTRAS.values())


@pytest.mark.parametrize(
    ("launcher", "expected"),
    [("joblib", {"n_jobs": 3, "batch_size": "1"}), ("submitit_slurm", {"max_num_timeout": 3, "mem_gb": 8})],
)
def test_launchers_have_defaults_that_the_command_line_overrides(launcher: str, expected: dict[str, Any]) -> None:
    pytest.importorskip(f"hydra_plugins.hydra_{launcher.partition('_')[0]}_launcher")
    own = ["hydra.launcher.n_jobs=3"] if launcher == "joblib" else []
    with hydra.initialize_config_dir(str(conf_folder()), version_base="1.3"):
        overrides = with_launcher_defaults([f"hydra/launcher={launcher}", *own])
        config = hydra.compose("train", overrides, return_hydra_config=True)
    assert {key: config.hydra.launcher[key] for key in expected} == expected


def test_a_multirun_with_joblib_is_stopped_and_resumed_as_any_other(tmp_path: Path) -> None:
    """Two jobs at a time. At SIGTERM one is done, one trains, and one of two that cannot be trained may have failed."""
    pytest.importorskip("hydra_plugins.hydra_joblib_launcher")
    choices = ["-m", "hydra/launcher=joblib", *ALONE, "data.image_size=8,9", "hydra.sweep.dir=sweep", "resume=auto"]
    sweep = tmp_path / "sweep"
    with started(tmp_path, *choices, "iterations=4,100000") as process:
        wait_for_rows(process, sweep / "1")
        while not (sweep / "0" / "summary.json").exists() and process.poll() is None:
            time.sleep(0.05)
        process.terminate()
        _, told = process.communicate(timeout=PATIENCE)
    assert process.returncode == 143, told
    done = final(sweep / "1")["global_step"]
    assert f"SIGTERM: stopped and saved at iteration {done}; resume={sweep}/1 goes on from there" in told
    assert told.splitlines()[-1].startswith("SIGTERM: the jobs have stopped; the same command with hydra.sweep.dir=")
    assert "Traceback" not in told
    assert not (sweep / "1" / "summary.json").exists()

    again = call(tmp_path, *choices, f"iterations=4,{done + 5}")
    assert again.returncode == 1
    assert "not data.image_size=9" in again.stderr
    assert again.stdout.count("has done its 4 iterations already") == 1
    assert f"going on from iteration {done}, " in again.stdout
    assert [summary(sweep / job)["iterations"] for job in "01"] == [4, done + 5]
    assert not (sweep / "2" / "summary.json").exists()


def test_submitit_runs_jobs_here_as_it_would_queue_them(tmp_path: Path) -> None:
    pytest.importorskip("hydra_plugins.hydra_submitit_launcher")
    done = call(tmp_path, "-m", "hydra/launcher=submitit_local", *ALONE, "iterations=2", "hydra.sweep.dir=sweep")
    assert done.returncode == 0, done.stderr
    assert summary(tmp_path / "sweep" / "0")["iterations"] == 2
    assert "fid/classifier: " in (tmp_path / "sweep" / "0" / "train.log").read_text()


@pytest.mark.parametrize(
    ("given", "for_launcher", "expected"),
    [(None, False, "1"), ("4", False, "4"), (None, True, "1"), ("4", True, "2"), ("1", True, "1")],
)
def test_processes_of_a_job_share_its_threads(
    monkeypatch: pytest.MonkeyPatch, given: str | None, for_launcher: bool, expected: str
) -> None:
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    if given is not None:
        monkeypatch.setenv("OMP_NUM_THREADS", given)
    monkeypatch.setattr(sweeping, "_works_for_launcher", for_launcher)
    assert sweeping.threads(2) == expected


@pytest.mark.slow
@linux
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGKILL])
def test_jobs_of_joblib_save_and_end_with_the_command(tmp_path: Path, number: int) -> None:
    """Ctrl-C reaches the command and its jobs at once; after SIGKILL the orphans learn that they are such."""
    pytest.importorskip("hydra_plugins.hydra_joblib_launcher")
    long = ["iterations=100000", "checkpoint_every=100000", "seed=0,1,2", "hydra.sweep.dir=sweep"]
    with started(tmp_path, "-m", "hydra/launcher=joblib", *ALONE, *long) as process:
        wait_for_rows(process, tmp_path / "sweep" / "0", tmp_path / "sweep" / "1")
        if number == signal.SIGINT:
            os.killpg(process.pid, number)
        else:
            process.send_signal(number)
        _, told = process.communicate(timeout=PATIENCE)
        wait_until_gone(tmp_path)
    assert process.returncode == (130 if number == signal.SIGINT else -number)
    assert "Traceback" not in told
    for job in "01":
        assert f"stopped and saved at iteration {final(tmp_path / 'sweep' / job)['global_step']}; " in told
    assert not (tmp_path / "sweep" / "2" / "checkpoints").exists()


@pytest.mark.slow
@pytest.mark.parametrize("launcher", ["joblib", "submitit_local"])
def test_a_job_of_two_processes(tmp_path: Path, launcher: str) -> None:
    pytest.importorskip(f"hydra_plugins.hydra_{launcher.partition('_')[0]}_launcher")
    choices = [*TINY, "trainer=ddp_cpu", "iterations=4", "seed=0,1", "hydra.sweep.dir=sweep"]
    alone = ["hydra.launcher.n_jobs=1"] if launcher == "joblib" else []
    done = call(tmp_path, "-m", f"hydra/launcher={launcher}", *alone, *choices)
    assert done.returncode == 0, done.stderr
    assert [summary(tmp_path / "sweep" / job)["images_seen"] for job in "01"] == [4 * 32, 4 * 32]
    assert {path.name for path in tmp_path.iterdir()} == {"sweep"}


@pytest.mark.slow
def test_ray_runs_jobs_on_a_cluster_of_its_own(tmp_path: Path) -> None:
    pytest.importorskip("hydra_plugins.hydra_ray_launcher")
    choices = [*ALONE, "iterations=2", "data.image_size=8,9", "hydra.sweep.dir=sweep"]
    done = call(
        tmp_path, "-m", "hydra/launcher=ray", "hydra.launcher.ray.init.num_cpus=2", *choices, HOME=str(tmp_path)
    )
    assert done.returncode == 1
    assert "not data.image_size=9" in done.stderr
    assert summary(tmp_path / "sweep" / "0")["iterations"] == 2
    assert not (tmp_path / "sweep" / "1" / "summary.json").exists()
