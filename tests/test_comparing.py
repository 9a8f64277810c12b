from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from conftest import TINY
from omegaconf import OmegaConf
from PIL import Image

from gan_lab import cli
from gan_lab.checkpoint import find_checkpoint, load_model, read_checkpoint
from gan_lab.comparing import GAP, side_by_side
from gan_lab.experiment import run
from gan_lab.grids import image_grid
from gan_lab.overrides import compose as compose_choices

RunIn = Callable[..., Path]
GRID = 3 * 58 + 2  # pixels of nine images, each of 56 with 2 between


def entry(value: float, better: str = "lower", **protocol: Any) -> dict[str, Any]:
    return {"value": value, "better": better, "floor": 1.0, "details": {}, "seconds": 0.1, "protocol": protocol}


def give_metrics(folder: Path, **metrics: dict[str, Any]) -> None:
    """Metrics that no run of two iterations could have, so that each number is known."""
    path = folder / "summary.json"
    summary = json.loads(path.read_text())
    summary["metrics"] = {name.replace("_", "/"): entry for name, entry in metrics.items()}
    path.write_text(json.dumps(summary))


@pytest.fixture(scope="module")
def other(own_cache: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a run that differs from `honest`, but has the same noise; no test changes it."""
    folder = tmp_path_factory.mktemp("other") / "run"
    arguments = [*TINY, "iterations=3", "seed=1", "optimizer.lr=0.001"]
    run(OmegaConf.create(compose_choices(arguments)), folder, arguments)
    return folder


@pytest.fixture
def runs(honest: Path, other: Path, tmp_path: Path) -> tuple[Path, Path]:
    """Both, with metrics of their own."""
    left, right = shutil.copytree(honest, tmp_path / "left"), shutil.copytree(other, tmp_path / "right")
    give_metrics(left, fid_classifier=entry(40.0, samples=64), coverage=entry(0.5, "higher", k=5))
    give_metrics(right, fid_classifier=entry(30.5, samples=64), coverage=entry(0.25, "higher", k=5))
    return left, right


def compare(capsys: pytest.CaptureFixture[str], *arguments: str | Path) -> list[str]:
    """What the command prints."""
    assert cli.main(["compare", *map(str, arguments)]) == 0
    return capsys.readouterr().out.splitlines()


def samples(folder: Path, num: int, seed: int) -> torch.Tensor:
    model = load_model(read_checkpoint(find_checkpoint(folder)))
    return torch.cat([batch.images for batch in model.sample(num, seed)])


def test_the_picture_has_both_grids_of_the_same_noise(
    runs: tuple[Path, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out" / "both.png"
    lines = compare(capsys, *runs, "--num", "9", "--seed", "4", "--out", out)
    with Image.open(out) as picture:
        pixels = np.asarray(picture)
    assert pixels.shape == (GRID, 2 * GRID + GAP, 3)
    for folder, start in zip(runs, (0, GRID + GAP), strict=True):
        expected = image_grid(samples(folder, 9, 4)).permute(1, 2, 0).numpy()
        np.testing.assert_array_equal(pixels[:, start : start + GRID], expected)
    assert "9 samples each, of the same noise: Uniform of 100, seed 4" in lines
    assert lines[-1] == f"picture {out}"


def test_metrics_and_choices_that_differ_are_told(runs: tuple[Path, Path], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(runs[0].parent)
        rows = [line.split() for line in compare(capsys, "left", "right", "--num", "1")]
        assert Path("compare.png").is_file()
    assert ["fid/classifier", "40", "30.5", "-9.5", "right"] in rows
    assert ["coverage", "0.5", "0.25", "-0.25", "left"] in rows
    assert ["optimizer.lr", "0.0002", "0.001"] in rows
    assert ["seed", "0", "1"] in rows
    assert ["iterations", "2", "3"] in rows
    assert not [row for row in rows if row and row[0] in ("warning:", "data.batch_size")]


def test_other_protocols_are_warned_of(
    runs: tuple[Path, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    give_metrics(runs[1], fid_classifier=entry(30.5, samples=10_000, split="train"), kid_classifier=entry(0.1))
    lines = compare(capsys, *runs, "--num", "1", "--out", tmp_path / "a.png")
    start = "warning: fid/classifier was measured differently: "
    assert f"{start}samples 64 on the left, 10000 on the right" in lines
    assert f"{start}split - on the left, train on the right" in lines
    rows = [line.split() for line in lines]
    assert ["coverage", "0.5", "-", "-", "-"] in rows
    assert ["kid/classifier", "-", "0.1", "-", "-"] in rows


@pytest.mark.parametrize(
    ("choices", "told"),
    [
        (["noise.dimension=6"], "(Uniform of 100 and Uniform of 6)"),
        (["noise=normal"], "(Uniform of 100 and Normal of 100)"),
    ],
)
def test_noise_of_another_kind_cannot_be_the_same(
    honest: Path, run_in: RunIn, tmp_path: Path, capsys: pytest.CaptureFixture[str], choices: list[str], told: str
) -> None:
    smaller = run_in("smaller", "iterations=1", "data.image_size=16", *choices)
    lines = compare(
        capsys, *(folder / "checkpoints" / "last.ckpt" for folder in (honest, smaller)), "--out", tmp_path / "a.png"
    )
    assert [line for line in lines if "cannot be of the same noise" in line and told in line]
    assert sum("is a checkpoint, which has no numbers" in line for line in lines) == 2


def test_pictures_of_any_sizes_stand_side_by_side() -> None:
    left, right = torch.full((3, 2, 3), 7, dtype=torch.uint8), torch.full((3, 4, 1), 9, dtype=torch.uint8)
    both = side_by_side(left, right)
    assert both.shape == (3, 4, 3 + GAP + 1)
    assert (both[:, :2, :3] == 7).all()
    assert (both[:, 2:, :3] == 255).all()
    assert (both[:, :, 3 : 3 + GAP] == 255).all()
    assert (both[:, :, -1] == 9).all()


@pytest.mark.parametrize(
    "text",
    ["", "[]", '{"metrics": 3}', '{"metrics": {"fid": {}}}', '{"metrics": {"fid": {"value": "x"}}}', "[" * 100_000],
)
def test_a_summary_of_another_kind_is_told(
    runs: tuple[Path, Path], text: str, capsys: pytest.CaptureFixture[str]
) -> None:
    (runs[0] / "summary.json").write_text(text)
    assert cli.main(["compare", *map(str, runs), "--out", str(runs[0] / "a.png")]) == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert "summary.json is not a summary that this version writes" in line
    assert not (runs[0] / "a.png").exists()


def test_a_strangers_summary_does_not_steer_the_terminal(
    runs: tuple[Path, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    strange = {"\x1b[2Jfid": entry(1.0, "\x1b[31m", note="a\nb\x07")}
    path = runs[0] / "summary.json"
    path.write_text(json.dumps({"metrics": strange}))
    give_metrics(runs[1])
    lines = compare(capsys, *runs, "--num", "1", "--out", tmp_path / "a.png")
    assert all(line.isprintable() for line in lines)
    assert any(line.startswith("\\x1b[2Jfid") for line in lines)


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (["--num", "0"], "--num 0 must be from 1 to 500"),
        (["--num", "501"], "--num 501 must be from 1 to 500"),
        (["--out", "a.jpg"], "--out a.jpg: choose FILE.png"),
    ],
)
def test_wrong_options_are_told(
    honest: Path, capsys: pytest.CaptureFixture[str], options: list[str], told: str
) -> None:
    assert cli.main(["compare", str(honest), str(honest), *options]) == 1
    assert told in capsys.readouterr().err
