"""Runs that stop and go on."""

from __future__ import annotations

import json
import signal
from itertools import islice
from pathlib import Path
from typing import Any

import pytest
import pytorch_lightning as pl
import torch
from conftest import TINY
from helpers import SHAPES, SMALL_GAN, Batches, build_model, same, small_overrides, train, weights
from omegaconf import OmegaConf
from pytorch_lightning.plugins import MixedPrecision
from run_helpers import RunIn, curves, equal, events, final, rows, timeless

from gan_lab import experiment
from gan_lab.building import conf_folder
from gan_lab.checkpoint import find_checkpoint, newest_checkpoint
from gan_lab.errors import UserError
from gan_lab.models.noise_gan import NoiseGAN
from gan_lab.overrides import compose, quoted, refuse_used_folders, value_of, with_resumed_choices

VARIANTS = sorted(path.stem for path in (conf_folder() / "model").glob("*.yaml"))


class CrashError(Exception):
    pass


def crash_after(iterations: int, monkeypatch: pytest.MonkeyPatch, error: type[BaseException] = CrashError) -> None:
    original = experiment.build_callbacks

    def with_crash(*arguments: Any) -> Any:
        callbacks, evaluation = original(*arguments)
        recorder = callbacks[0]
        inner = recorder.on_train_batch_end

        def crash(trainer: Any, *rest: Any) -> None:
            if trainer.global_step == iterations:
                raise error
            inner(trainer, *rest)

        recorder.on_train_batch_end = crash
        return callbacks, evaluation

    monkeypatch.setattr(experiment, "build_callbacks", with_crash)


def run_mlp(folder: Path, *overrides: str) -> None:
    arguments = [
        "model=gan",
        "data.batch_size=32",
        "log_every=1",
        "metrics.num_samples=64",
        "trainer=cpu",
        *overrides,
    ]
    experiment.run(OmegaConf.create(compose(arguments)), folder, arguments)


def test_a_run_that_crashed_and_was_resumed_equals_an_uninterrupted_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Bitwise: weights, averages, both optimizers, schedules; and the curves have neither gaps nor doubles."""
    budget = [
        "iterations=50", "checkpoint_every=20", "metrics.every=15", "sample_every=10", "model.ema_decay=0.9",
        "model.n_critic=2", "model.lr_decay=0.5", "network.generator.dropout=0.3", "network.generator.widths=[16]",
    ]  # fmt: skip
    whole, broken = tmp_path / "whole", tmp_path / "broken"
    run_mlp(whole, *budget)
    with monkeypatch.context() as patch:
        crash_after(48, patch)
        with pytest.raises(CrashError):
            run_mlp(broken, *budget)
    assert final(broken)["global_step"] == 40  # inside the second pass over the 44 batches of the data
    run_mlp(broken, *budget, f"resume={broken}")
    left, right = final(whole), final(broken)
    for key in ("state_dict", "optimizer_states", "lr_schedulers", "global_step"):
        assert equal(left[key], right[key]), key
    assert left["global_step"] == 50
    lines = [{key: value for key, value in row.items() if "second" not in key} for row in rows(whole)]
    assert lines == [{key: value for key, value in row.items() if "second" not in key} for row in rows(broken)]
    for tag in ("loss/generator", "fid/classifier"):
        points = [[(event.step, event.value) for event in events(folder).Scalars(tag)] for folder in (whole, broken)]
        assert points[0] == points[1]
    summaries = [json.loads((folder / "summary.json").read_text()) for folder in (whole, broken)]
    assert timeless(summaries[0]) == timeless(summaries[1])
    assert {path.name for path in (whole / "samples").iterdir()} == {
        path.name for path in (broken / "samples").iterdir()
    }


@pytest.mark.parametrize("variant", VARIANTS)
def test_every_variant_goes_on_bit_for_bit(run_in: RunIn, variant: str) -> None:
    """Its own state included: balances, estimates of spectral norms, averages."""
    small = ["data.image_size=28", *small_overrides(variant), "metrics.every=100", "logger=csv", "model.ema_decay=0.9"]
    whole = run_in("whole", *small, "iterations=7")
    run_in("parts", *small, "iterations=4")
    parts = run_in("parts", *small, "iterations=7", "resume=auto")
    left, right = final(whole), final(parts)
    for key in ("state_dict", "optimizer_states", "global_step"):
        assert equal(left[key], right[key]), key


def test_the_loss_scaling_of_fp16_goes_on(tmp_path: Path) -> None:
    """On the CPU with a CPU scaler, whose scale has grown by then."""

    class FromTheFifth(Batches):
        def __iter__(self) -> Any:
            return islice(super().__iter__(), 4, None)

    def trained(iterations: int) -> tuple[NoiseGAN, pl.Trainer]:
        model = build_model(*SMALL_GAN)
        return model, train(model, SHAPES["mnist"], iterations, plugins=[scaling()])

    def scaling() -> MixedPrecision:
        return MixedPrecision("16-mixed", "cpu", torch.amp.GradScaler("cpu", init_scale=64.0, growth_interval=3))

    whole, whole_trainer = trained(8)
    _, part_trainer = trained(4)
    part_trainer.save_checkpoint(tmp_path / "part.ckpt")
    resumed = build_model(*SMALL_GAN)
    options = {"max_steps": 8, "max_epochs": -1, "logger": False, "enable_progress_bar": False}
    quiet = {"enable_checkpointing": False, "enable_model_summary": False, "default_root_dir": tmp_path}
    trainer = pl.Trainer(accelerator="cpu", plugins=[scaling()], **options, **quiet)  # type: ignore[arg-type]
    loader = FromTheFifth(SHAPES["mnist"])
    trainer.fit(resumed, loader, ckpt_path=tmp_path / "part.ckpt", weights_only=True)
    scales = [t.precision_plugin.scaler.get_scale() for t in (whole_trainer, part_trainer, trainer)]
    assert scales[0] == scales[2] > scales[1] > 64
    assert same(weights(whole), weights(resumed))


def test_auto_starts_goes_on_and_leaves_what_is_done(run_in: RunIn, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO")
    budget = ["iterations=9", "checkpoint_every=4", "resume=auto"]
    folder = run_in("run", *budget)
    assert "going on" not in caplog.text
    content = (folder / "checkpoints" / "last.ckpt").read_bytes()
    run_in("run", *budget)
    assert "has done its 9 iterations already" in caplog.text
    assert (folder / "checkpoints" / "last.ckpt").read_bytes() == content
    run_in("run", "iterations=12", "resume=auto")
    assert "going on from iteration 9" in caplog.text
    assert [row["iteration"] for row in rows(folder)] == [str(iteration) for iteration in range(1, 13)]


def test_auto_after_a_kill_before_the_first_save_starts_again(run_in: RunIn, tmp_path: Path) -> None:
    whole, folder = run_in("whole", "iterations=9"), tmp_path / "run"
    (folder / "checkpoints").mkdir(parents=True)
    (folder / "metrics.csv").write_text("iteration,loss/generator\n1,0.5\n2,0.7\n3,0.")
    run_in("run", "iterations=9", "resume=auto")
    assert curves(folder) == curves(whole)
    assert [row["loss/generator"] for row in rows(folder)] == [row["loss/generator"] for row in rows(whole)]


def test_auto_after_a_kill_behind_the_last_save_writes_the_rest(run_in: RunIn) -> None:
    folder = run_in("run", "iterations=6", "metrics.every=3")
    before = json.loads((folder / "summary.json").read_text())
    for name in ("summary.json", "samples/growth.gif"):
        (folder / name).unlink()
    run_in("run", "iterations=6", "metrics.every=3", "resume=auto")
    assert timeless(json.loads((folder / "summary.json").read_text())) == timeless(before)
    assert (folder / "samples" / "growth.gif").exists()


def test_the_newest_whole_checkpoint_is_taken(run_in: RunIn, caplog: pytest.LogCaptureFixture) -> None:
    folder = run_in("run", "iterations=6", "metrics.every=3")
    last, best = folder / "checkpoints" / "last.ckpt", folder / "checkpoints" / "best.ckpt"
    assert newest_checkpoint(folder) == last.resolve()
    last.write_bytes(last.read_bytes()[:-100])
    (folder / "checkpoints" / ".last.ckpt.tmp").write_bytes(b"half")
    assert newest_checkpoint(folder) == best.resolve()
    assert "passed over" in caplog.text
    best.write_bytes(b"")
    assert newest_checkpoint(folder) is None
    with pytest.raises(UserError, match="holds no whole checkpoint; resume=auto"):
        find_checkpoint(folder)


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["resume=auto"], "add hydra.run.dir=FOLDER"),
        (["resume=auto", "-m", "seed=0,1", "hydra.run.dir=x"], "add hydra.sweep.dir=FOLDER"),
    ],
)
def test_auto_wants_a_folder(arguments: list[str], told: str) -> None:
    with pytest.raises(UserError, match=told):
        refuse_used_folders(arguments)


def test_a_finished_run_continues_to_a_larger_budget(run_in: RunIn) -> None:
    whole = run_in("whole", "iterations=9")
    short = run_in("short", "iterations=5")
    run_in("short", "iterations=9", f"resume={short}")
    assert equal(final(whole)["state_dict"], final(short)["state_dict"])
    assert equal(final(whole)["optimizer_states"], final(short)["optimizer_states"])
    assert [row["iteration"] for row in rows(short)] == [str(iteration) for iteration in range(1, 10)]


def test_an_interrupt_says_how_to_go_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A second Ctrl-C, which does not wait for the iteration's end; tests/test_kill.py has the first."""
    handler = signal.getsignal(signal.SIGINT)
    crash_after(8, monkeypatch, KeyboardInterrupt)
    try:
        with pytest.raises(
            UserError, match=rf"stopped at iteration 8; resume={tmp_path}/run goes on from the last save"
        ):
            run_mlp(tmp_path / "run", "iterations=20", "checkpoint_every=5")
    finally:
        signal.signal(signal.SIGINT, handler)  # Lightning switches it off while it ends the run
    assert final(tmp_path / "run")["global_step"] == 5


def test_a_used_up_budget_is_told(run_in: RunIn) -> None:
    folder = run_in("run", "iterations=3")
    before = final(folder)["global_step"]
    with pytest.raises(UserError, match=r"already done 3 of 3 iterations.*iterations=6"):
        run_in("run", "iterations=3", f"resume={folder}")
    assert final(folder)["global_step"] == before


def start(folder: Path, *overrides: str) -> Path:
    arguments = [*TINY, *overrides]
    experiment.run(OmegaConf.create(compose(arguments)), folder, arguments)
    return folder


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a run of two iterations."""
    return start(tmp_path_factory.mktemp("trained") / "run", "iterations=2")


@pytest.mark.parametrize(
    ("override", "told"),
    [
        ("network.width=16", "width from 8 to 16"),
        ("optimizer.lr=0.1", "lr from 0.0002 to 0.1"),
        ("model.ema_decay=0.5", "ema_decay from 0.0 to 0.5"),
        ("data.batch_size=16", "data.batch_size from 32 to 16"),
        ("channels_last=false", "channels_last from True to False"),
        ("seed=9", "seed from 0 to 9"),
    ],
)
def test_a_resumed_run_keeps_its_set_up(trained: Path, tmp_path: Path, override: str, told: str) -> None:
    with pytest.raises(UserError, match=f"a resumed run cannot change .*{told}"):
        start(tmp_path, "iterations=4", override, f"resume={trained}")
    assert final(trained)["global_step"] == 2


def test_a_failed_resume_takes_nothing_away(run_in: RunIn) -> None:
    folder = run_in("run", "iterations=6", "metrics.every=2")
    before = (folder / "metrics.csv").read_text()
    missing = ["metrics=inception", "metrics.features.weights=missing.pth", "metrics.num_samples=64"]
    with pytest.raises(UserError, match="is not a file"):
        run_in("run", "iterations=8", *missing, f"resume={folder}/checkpoints/best.ckpt")
    assert (folder / "metrics.csv").read_text() == before


def test_a_checkpoint_elsewhere_does_not_write_beside_it(run_in: RunIn, tmp_path: Path) -> None:
    folder = run_in("run", "iterations=2")
    copy = tmp_path / "copies" / "some.ckpt"
    copy.parent.mkdir()
    copy.write_bytes((folder / "checkpoints" / "last.ckpt").read_bytes())
    assert value_of("hydra.run.dir", with_resumed_choices([f"resume={copy}"])) is None
    named = value_of("hydra.run.dir", with_resumed_choices([f"resume={folder}"]))
    assert named == str(folder)


def test_choices_of_the_resumed_run_give_way_to_new_ones(run_in: RunIn) -> None:
    folder = run_in("run", "iterations=2", "metrics.every=1")
    arguments = with_resumed_choices([f"resume={folder}", "iterations=9", "metrics=inception"])
    assert "iterations=9" in arguments
    assert "iterations=2" not in arguments
    assert not [argument for argument in arguments if argument.startswith("metrics.")]
    assert "network.width=8" in arguments


@pytest.mark.parametrize("path", ["plain", "with space", "o'brien", "back\\slash", "a=b,c"])
def test_any_path_survives_the_command_line(path: str) -> None:
    argument = f"resume={quoted(path)}"
    assert value_of("resume", [argument]) == path
    assert compose([argument])["resume"] == path
