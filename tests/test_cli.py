"""The command line as a user meets it: subprocesses in a folder of their own."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from gan_lab import cli

TRAIN = Path(__file__).parents[1] / "train.py"
TINY = [
    "iterations=4",
    "log_every=1",
    "network.width=8",
    "data.batch_size=32",
    "metrics.num_samples=64",
    "trainer=cpu",
]


def call(folder: Path, *command: str) -> subprocess.CompletedProcess[str]:
    offline = {
        "http_proxy": "http://127.0.0.1:9",
        "https_proxy": "http://127.0.0.1:9",
        "no_proxy": "",
    }  # nobody listens
    environment = {key: value for key, value in os.environ.items() if key != "GAN_LAB_DATA"} | offline
    return subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, timeout=300, check=False
    )


def gan_lab(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return call(folder, sys.executable, "-m", "gan_lab", *arguments)


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """A folder with one run in `logs/`, made by `python train.py`, and what it printed."""
    folder = tmp_path_factory.mktemp("user")
    done = call(folder, sys.executable, str(TRAIN), *TINY)
    assert done.returncode == 0, done.stderr
    return folder, done.stdout


def run_folder(folder: Path) -> Path:
    (found,) = (folder / "logs" / "digits_dcgan").iterdir()
    return found


def test_a_run_says_where_everything_is(trained: tuple[Path, str]) -> None:
    folder, printed = trained
    run = run_folder(folder)
    assert "fid/classifier: " in printed
    for line in ("run folder", "sample grid", "film", "checkpoint", "tensorboard --logdir"):
        assert line in printed
    named = [word for line in printed.splitlines()[-6:] for word in line.split() if word.startswith("logs/")]
    assert len(named) >= 5
    assert all((folder / path).exists() for path in named)
    assert (run / ".hydra" / "overrides.yaml").is_file()
    assert "fid/classifier: " in (run / "train.log").read_text()


def test_sample_writes_a_grid_a_folder_and_an_array(trained: tuple[Path, str]) -> None:
    folder, _ = trained
    checkpoint = str(run_folder(folder) / "checkpoints" / "best.ckpt")
    grid, array, images = folder / "out" / "grid.png", folder / "out" / "images.npz", folder / "out" / "images"
    done = gan_lab(folder, "sample", checkpoint, "--num", "9", "--seed", "4", "--out", str(grid))
    assert done.returncode == 0, done.stderr
    for out in (array, images):
        assert cli.main(["sample", checkpoint, "--num", "9", "--seed", "4", "--out", str(out)]) == 0
    with Image.open(grid) as picture:
        assert picture.size == (3 * 58 + 2, 3 * 58 + 2)  # 56 pixels each, 2 between
    with np.load(array) as opened:
        pictures = opened["images"]
    assert pictures.shape == (9, 8, 8, 1)
    assert pictures.dtype == np.uint8
    files = sorted(images.iterdir())
    assert len(files) == 9
    for file, expected in zip(files, pictures, strict=True):
        with Image.open(file) as picture:
            np.testing.assert_array_equal(np.asarray(picture), expected[..., 0])


def test_the_seed_decides_the_samples(trained: tuple[Path, str]) -> None:
    folder, _ = trained
    contents = []
    for name, seed in (("a", "1"), ("b", "1"), ("c", "2")):
        out = folder / f"{name}.npz"
        assert cli.main(["sample", str(run_folder(folder)), "--seed", seed, "--out", str(out)]) == 0
        with np.load(out) as opened:
            contents.append(opened["images"])
    np.testing.assert_array_equal(contents[0], contents[1])
    assert (contents[0] != contents[2]).any()


def test_evaluate_gives_the_number_of_the_run(trained: tuple[Path, str], capsys: pytest.CaptureFixture[str]) -> None:
    folder, _ = trained
    assert cli.main(["evaluate", str(run_folder(folder))]) == 0
    again = json.loads(capsys.readouterr().out)
    summary = json.loads((run_folder(folder) / "summary.json").read_text())
    assert again["fid/classifier"]["value"] == pytest.approx(summary["metrics"]["fid/classifier"]["value"], rel=1e-5)
    assert again["fid/classifier"]["protocol"] == summary["metrics"]["fid/classifier"]["protocol"]
    assert again["iterations"] == 4


def test_help_lists_the_choices(tmp_path: Path) -> None:
    done = call(tmp_path, sys.executable, str(TRAIN), "--help")
    assert done.returncode == 0
    choices = done.stdout[: done.stdout.index("Keys and their defaults")]
    lines = [line.split(": ") for line in choices.splitlines() if ": " in line]
    listed = {line[0].strip(): line[1].split(", ") for line in lines if len(line) == 2}
    for group in ("model", "data", "network", "batchnorm", "noise", "optimizer", "budget"):
        files = (TRAIN.parent / "conf" / group).glob("*.yaml")
        assert listed[group] == sorted(file.stem for file in files)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("arguments", [["modle=dcgan"], ["data.image_size=30"]])
def test_wrong_input_gives_one_line_and_exit_code_1(tmp_path: Path, arguments: list[str]) -> None:
    """Before and after Hydra composes; tests/test_wrong_input.py has the mistakes one by one."""
    done = call(tmp_path, sys.executable, str(TRAIN), *arguments)
    assert done.returncode == 1
    lines = [line for line in done.stderr.splitlines() if line]
    assert len(lines) == 1, done.stderr
    assert lines[0].startswith("error: ")
    assert not list(tmp_path.rglob("*.ckpt"))


def test_a_used_run_folder_is_left_as_it_was(trained: tuple[Path, str]) -> None:
    folder, _ = trained
    run = run_folder(folder)
    before = {path: path.stat().st_mtime_ns for path in run.rglob("*")}
    done = call(folder, sys.executable, str(TRAIN), *TINY, f"hydra.run.dir={run}")
    assert done.returncode == 1
    assert "already holds a run" in done.stderr
    assert {path: path.stat().st_mtime_ns for path in run.rglob("*")} == before


def test_resume_from_the_command_line(trained: tuple[Path, str], tmp_path: Path) -> None:
    run = shutil.copytree(run_folder(trained[0]), tmp_path / "run")
    done = call(tmp_path, sys.executable, str(TRAIN), "resume=run", "iterations=6")
    assert done.returncode == 0, done.stderr
    assert json.loads((run / "summary.json").read_text())["iterations"] == 6
    assert json.loads((run / "summary.json").read_text())["choices"]["data.batch_size"] == 32  # its own choices again
    assert [path.name for path in tmp_path.iterdir()] == ["run"]


def test_multirun_makes_a_folder_for_each_job_goes_on_after_a_bad_one_and_is_resumed(tmp_path: Path) -> None:
    done = call(tmp_path, sys.executable, str(TRAIN), "-m", *TINY, "data.image_size=8,9,16", "hydra.sweep.dir=sweep")
    assert done.returncode == 1
    assert "not data.image_size=9" in done.stderr
    finished = sorted(path.parent.name for path in (tmp_path / "sweep").glob("*/summary.json"))
    assert finished == ["0", "2"]
    (tmp_path / "sweep" / "2" / "summary.json").unlink()  # as if killed before its end
    again = call(tmp_path, sys.executable, str(TRAIN), "-m", *TINY, "data.image_size=8,9,16", "hydra.sweep.dir=sweep")
    assert "already holds a multirun; resume=auto goes on with it" in again.stderr
    sizes = ["data.image_size=8,9,16", "hydra.sweep.dir=sweep", "resume=auto"]
    again = call(tmp_path, sys.executable, str(TRAIN), "-m", *TINY, *sizes)
    assert again.returncode == 1
    assert "not data.image_size=9" in again.stderr
    assert again.stdout.count("has done its 4 iterations already") == 1
    assert (tmp_path / "sweep" / "2" / "summary.json").exists()
