"""Whole runs: what they leave."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from omegaconf import OmegaConf
from PIL import Image
from run_helpers import RunIn, equal, events, final, rows

from gan_lab import experiment
from gan_lab.checkpoint import read_checkpoint
from gan_lab.errors import UserError
from gan_lab.overrides import compose


def test_what_a_run_leaves(run_in: RunIn) -> None:
    folder = run_in("run", "iterations=12", "metrics.every=4", "sample_every=6", "seed=3", "model.ema_decay=0.9")
    names = {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}
    assert {
        "summary.json", "metrics.csv", "samples/real.png", "samples/growth.gif", "samples/0000000.png",
        "samples/0000006.png", "samples/0000012.png", "checkpoints/last.ckpt", "checkpoints/best.ckpt",
    } <= names  # fmt: skip
    assert any(name.startswith("events.out.tfevents") for name in names)
    assert not [name for name in names if "tmp" in name]
    with Image.open(folder / "samples/growth.gif") as film:
        assert film.n_frames == 3
    with Image.open(folder / "samples/0000012.png") as grid:
        assert np.asarray(grid).std() > 0


def test_summary(run_in: RunIn) -> None:
    folder = run_in("run", "iterations=12", "metrics.every=4", "seed=3", "model.n_critic=3")
    summary = json.loads((folder / "summary.json").read_text())
    assert summary["iterations"] == 12
    assert summary["generator_updates"] == 4
    assert summary["images_seen"] == 12 * 32
    assert summary["epochs"] == pytest.approx(12 / (1438 // 32))
    assert summary["seed"] == 3
    assert summary["images_per_second"] > 0
    assert 0 < summary["training_seconds"] < summary["seconds"]
    assert (
        summary["versions"]["torch"] == torch.__version__.split("+")[0]
        or summary["versions"]["torch"] == torch.__version__
    )
    fid = summary["metrics"]["fid/classifier"]
    assert fid["floor"] > 0
    assert fid["times_floor"] == pytest.approx(fid["value"] / fid["floor"])
    assert fid["best"] <= fid["value"]
    assert sum(summary["metrics"]["classes/rarest_share"]["details"]["shares"]) == pytest.approx(1)
    assert fid["protocol"]["generated"] == 64
    assert "all 1438 training images" in fid["protocol"]["reference"]
    assert "sha256" in fid["protocol"]["features"]
    assert summary["choices"]["model.n_critic"] == 3
    measured = {int(row["iteration"]): float(row["fid/classifier"]) for row in rows(folder) if row["fid/classifier"]}
    assert set(measured) == {4, 8, 12}
    assert fid["value"] == pytest.approx(measured[12])
    assert fid["best"] == pytest.approx(min(measured.values()))
    best = read_checkpoint(folder / "checkpoints" / "best.ckpt")
    assert best["global_step"] == fid["best_iteration"] == min(measured, key=lambda at: measured[at])


def test_curves_in_tensorboard_and_csv_agree_on_iterations(run_in: RunIn) -> None:
    folder = run_in("run", "iterations=6", "log_every=2", "metrics.every=3", "sample_every=3", "model.n_critic=2")
    found = events(folder)
    expected = {
        "loss/discriminator", "loss/generator", "discriminator/real", "discriminator/fake", "generator/adversarial",
        "D/real", "D/fake", "grad_norm/discriminator", "grad_norm/generator", "images_per_second", "images_seen",
        "epoch", "lr/discriminator", "lr/generator", "seconds",
    }  # fmt: skip
    assert expected <= set(found.Tags()["scalars"])
    for tag in expected:
        assert [event.step for event in found.Scalars(tag)] == [2, 4, 6], tag
    assert [event.step for event in found.Scalars("fid/classifier")] == [3, 6]
    assert [event.step for event in found.Images("samples/fixed")] == [0, 3, 6]
    assert [event.step for event in found.Images("samples/real")] == [0]
    assert [row["iteration"] for row in rows(folder)] == ["2", "3", "4", "6"]
    for row in rows(folder):
        if row["loss/generator"]:
            logged = {event.step: event.value for event in found.Scalars("loss/generator")}
            assert float(row["loss/generator"]) == pytest.approx(logged[int(row["iteration"])], rel=1e-5)
            assert float(row["images_seen"]) == 32 * int(row["iteration"])


def test_hyperparameters_and_the_final_fid_in_the_hparams_tab(run_in: RunIn) -> None:
    from tensorboard.plugins.hparams.plugin_data_pb2 import HParamsPluginData

    folder = run_in("run", "iterations=3", "seed=5")
    found = events(folder)
    content = found.summary_metadata["_hparams_/session_start_info"].plugin_data.content
    hparams = HParamsPluginData.FromString(content).session_start_info.hparams
    assert hparams["seed"].number_value == 5
    assert hparams["noise._target_"].string_value == "gan_lab.noise.Uniform"
    final_fid = found.Scalars("final/fid/classifier")[-1].value
    summary = json.loads((folder / "summary.json").read_text())
    assert final_fid == pytest.approx(summary["metrics"]["fid/classifier"]["value"], rel=1e-5)


def test_runs_repeat_and_seeds_differ(run_in: RunIn) -> None:
    one, again, other = (
        final(run_in(name, "iterations=3", f"seed={seed}"))["state_dict"]
        for name, seed in (("a", 1), ("b", 1), ("c", 2))
    )
    assert equal(one, again)
    assert not equal(one, other)


def test_a_folder_that_holds_a_run_is_left_alone(run_in: RunIn) -> None:
    folder = run_in("run", "iterations=2")
    before = (folder / "summary.json").read_text()
    with pytest.raises(UserError, match="already holds a run"):
        run_in("run", "iterations=4")
    assert (folder / "summary.json").read_text() == before


def test_without_metrics_and_tensorboard(tmp_path: Path) -> None:
    folder = tmp_path / "run"
    arguments = ["iterations=2", "metrics=none", "logger=csv", "network.width=8", "log_every=1"]
    assert experiment.run(OmegaConf.create(compose(arguments)), folder, arguments) is None
    assert json.loads((folder / "summary.json").read_text())["metrics"] == {}
    assert not (folder / "checkpoints" / "best.ckpt").exists()
    assert not list(folder.glob("events*"))
    assert len(rows(folder)) == 2


def test_the_memory_order_changes_nothing_but_rounding(run_in: RunIn) -> None:
    one, other = (
        final(run_in(name, "data.image_size=16", "iterations=3", f"channels_last={last}"))["state_dict"]
        for name, last in (("a", "true"), ("b", "false"))
    )
    weight = "generator.layers.4.weight"
    assert one[weight].is_contiguous(memory_format=torch.channels_last)
    assert not other[weight].is_contiguous(memory_format=torch.channels_last)
    for name, tensor in one.items():
        torch.testing.assert_close(tensor, other[name], rtol=1e-3, atol=2e-5)
