"""Measuring during training and at its end: what is chosen, what is kept, and what a checkpoint brings back."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from run_helpers import RunIn, rows

from gan_lab import cli
from gan_lab.building import build
from gan_lab.callbacks.evaluation import Evaluation
from gan_lab.callbacks.recording import Recorder
from gan_lab.data.datamodule import ImageDataModule
from gan_lab.errors import UserError
from gan_lab.overrides import compose


def metrics_of(folder: Path) -> dict[str, Any]:
    return json.loads((folder / "summary.json").read_text())["metrics"]


def test_what_is_not_for_training_waits_for_the_end(run_in: RunIn) -> None:
    folder = run_in("run", "iterations=4", "metrics.every=2", "metrics.measure.fid.in_training=false")
    measured = [row["iteration"] for row in rows(folder) if row["fid/classifier"]]
    assert measured == ["4"]
    assert [row["iteration"] for row in rows(folder) if row["classes/missing"]] == ["2", "4"]
    assert metrics_of(folder)["fid/classifier"]["best_iteration"] == 4


def test_a_run_without_fid(run_in: RunIn) -> None:
    folder = run_in("run", "iterations=2", "metrics/measure=[kid]")
    assert [*metrics_of(folder)] == ["kid/classifier"]
    assert not (folder / "checkpoints" / "best.ckpt").exists()


def test_the_end_has_more_numbers_than_the_curves_and_pictures(run_in: RunIn) -> None:
    folder = run_in("run", "model=cgan", "iterations=4", "metrics.every=2")
    first, last = ({name for name, value in row.items() if value} for row in rows(folder)[1::2])
    assert {"precision/classifier", "kid/classifier", "nearest/ratio"} <= last - first
    assert {"D/held_out_auc", "score/classifier", "measuring_seconds"} <= first
    assert (folder / "samples" / "nearest" / "ratio.png").is_file()
    assert (folder / "samples" / "train_on_real" / "accuracy.png").is_file()


def test_distances_that_are_measured_otherwise_do_not_compare(run_in: RunIn) -> None:
    """After a resume with another number of samples the best is one of the new ones."""
    run_in("run", "iterations=4", "metrics.every=2")
    folder = run_in("run", "iterations=8", "metrics.every=2", "metrics.num_samples=500", "resume=auto")
    assert metrics_of(folder)["fid/classifier"]["best_iteration"] > 4
    again = run_in("other", "iterations=4", "metrics.every=2")
    run_in("other", "iterations=8", "metrics.every=2", "resume=auto")
    curve = {int(row["iteration"]): float(row["fid/classifier"]) for row in rows(again) if row["fid/classifier"]}
    assert metrics_of(again)["fid/classifier"]["best"] == min(curve.values())


def change(key: str, value: Any) -> Callable[[dict[str, Any]], None]:
    return lambda state: state["latest"]["fid/classifier"].update({key: value})


@pytest.mark.parametrize(
    "spoil",
    [
        change("value", float("nan")),
        change("better", "sideways"),
        change("floor", "none"),
        change("details", {"text": "\x1b[2J"}),
        lambda state: state["fid"].update({2: float("inf")}),
        lambda state: state["latest"].update({"fid\x1b]0;": dict(state["latest"]["fid/classifier"])}),
    ],
)
def test_a_state_out_of_a_checkpoint_is_checked(spoil: Callable[[dict[str, Any]], None]) -> None:
    config = compose(["metrics/measure=[fid]", "metrics.num_samples=64"])
    battery = build("metrics", config["metrics"])
    data: ImageDataModule = build("data", config["data"])
    battery.prepare(data, "cpu")
    callback = Evaluation(battery, 1, 0, Path(), Recorder(1, 1, 1))
    state: dict[str, Any] = {
        "measured_as": battery.how_fid_is_measured(),
        "fid": {1: 5.0},
        "latest": {
            "fid/classifier": {
                "value": 5.0, "better": "lower", "floor": 1.0, "times_floor": 5.0, "details": {}, "seconds": 1.0,
                "protocol": {"generated": 64}, "best": 4.0,
            }
        },
    }  # fmt: skip
    callback.load_state_dict(state)
    assert callback.fid == {1: 5.0}
    assert "best" not in callback.latest["fid/classifier"]
    spoil(state)
    with pytest.raises((ValueError, UserError)):
        callback.load_state_dict(state)


def test_evaluate_refuses_images_of_another_size(honest: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["evaluate", str(honest), "data.image_size=16"]) == 1
    assert "images are 1x8x8 (channels, height, width), and those of data=digits 1x16x16" in capsys.readouterr().err


def test_a_set_of_measures_replaces_those_that_the_run_has_named(
    run_in: RunIn, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = run_in("run", "iterations=2", "metrics/measure=[kid]")
    assert cli.main(["evaluate", str(folder), "metrics=quick", "metrics.num_samples=64"]) == 0
    assert {"fid/classifier", "score/classifier"} <= json.loads(capsys.readouterr().out).keys()
    assert cli.main(["evaluate", str(folder), "metrics/measure=[train_on_synthetic]"]) == 1
    assert capsys.readouterr().err.startswith("error: train_on_synthetic: no number of this model")


@pytest.mark.parametrize("empty", ["metrics/measure=[]", "metrics=none"])
def test_evaluate_wants_something_to_measure(honest: Path, capsys: pytest.CaptureFixture[str], empty: str) -> None:
    assert cli.main(["evaluate", str(honest), empty]) == 1
    assert "metrics=none measures nothing" in capsys.readouterr().err


def test_evaluate_writes_numbers_and_pictures(honest: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "out"
    assert cli.main(["evaluate", str(honest), "metrics/measure=[fid,nearest]", "--out", str(out)]) == 0
    printed = json.loads(capsys.readouterr().out)
    assert json.loads((out / "evaluation.json").read_text()) == printed
    assert {"fid/classifier", "nearest/ratio", "nearest/ratio_low"} <= printed.keys()
    assert (out / "nearest" / "ratio.png").is_file()
