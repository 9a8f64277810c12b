"""Runs that go on from a stranger's checkpoint, in a stranger's folder."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from run_helpers import final
from strangers import TRAP, Change, Payload, call, command, complaint, setting, stranger, without

from gan_lab import experiment
from gan_lab.resuming import Resumed

pytestmark = pytest.mark.usefixtures("workplace")


def in_states(change: Callable[[Any], Any]) -> Change:
    """Change every tensor that an optimizer remembers of a weight."""

    def apply(content: dict[str, Any]) -> None:
        for state in content["optimizer_states"]:
            for remembered in state["state"].values():
                for name, value in remembered.items():
                    if name != "step":
                        remembered[name] = change(value)

    return apply


def in_callback(name: str, **changes: Any) -> Change:
    return lambda content: content["callbacks"][name].update(changes)


STATES = {
    "short memory": in_states(lambda value: value.flatten()[:1]),
    "no memory": in_states(lambda value: value[:0]),
    "transposed memory": in_states(lambda value: value.transpose(0, -1)[:1]),
    "words for memory": in_states(str),
    "no optimizers": setting("optimizer_states", value=[]),
    "learning rate": lambda content: content["optimizer_states"][0]["param_groups"][0].update(lr="fast"),
    "number of steps": lambda content: content["optimizer_states"][0]["state"][0].update(step=torch.zeros(0)),
    "no loops": without("loops"),
    "loops": setting("loops", value=5),
    "clock": in_callback("Recorder", total="long"),
    "curves": in_callback("Recorder", latest=[1]),
    "measured": in_callback("Evaluation", fid={"first": "low"}),
    "latest": in_callback("Evaluation", latest=[1]),
    "callback": setting("callbacks", "Recorder", value=5),
    "version": setting("pytorch-lightning_version", value="new"),
    "counters": setting("global_step", value=1),
}


@pytest.mark.parametrize("change", STATES.values(), ids=[*STATES])
def test_states(honest: Path, capsys: pytest.CaptureFixture[str], change: Change) -> None:
    """Of a resumed run, in a folder of its own."""
    checkpoint = stranger(honest, change, Path("logs/digits_dcgan/run/checkpoints/last.ckpt"))
    line = complaint(capsys, "train", f"resume={checkpoint}", "iterations=4")
    assert "checkpoint" in line


def test_memory_that_only_looks_large_is_given_room(honest: Path) -> None:
    """A fused optimizer would write past the end of a tensor that repeats its one value."""
    change = in_states(lambda value: value.flatten()[:1].clone().flatten()[0].expand(value.shape))
    checkpoint = stranger(honest, change, Path("run/checkpoints/last.ckpt"))
    assert call("train", f"resume={checkpoint}", "iterations=3") == 0
    for state in final(Path("run"))["optimizer_states"]:
        for remembered in state["state"].values():
            assert all(value.untyped_storage().nbytes() >= value.numel() * 4 for value in remembered.values())


def test_a_payload_does_not_run(honest: Path, capsys: pytest.CaptureFixture[str]) -> None:
    checkpoint = stranger(honest, setting("callbacks", "x", value=Payload()))
    for name in ("sample", "evaluate", "resume"):
        assert "is not a checkpoint" in complaint(capsys, *command(name, checkpoint))


def test_a_payload_does_not_run_when_lightning_reads_it(
    honest: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Even past our own reading."""
    checkpoint = stranger(honest, setting("callbacks", "x", value=Payload()))
    monkeypatch.setattr("gan_lab.checkpoint.read_checkpoint", lambda path: final(honest))
    monkeypatch.setattr(experiment, "find_resumed", lambda *_: Resumed(checkpoint.resolve(), 2, 10**9, False))
    code = call(*command("resume", checkpoint))
    assert code == 1
    assert "UnpicklingError" in capsys.readouterr().err
    assert not Path(TRAP).exists()


@pytest.mark.parametrize("name", ["train.log", "metrics.csv", "metrics.tmp", "samples", "checkpoints/.last.ckpt.tmp"])
def test_a_run_folder_with_a_link_is_not_written_to(
    honest: Path, capsys: pytest.CaptureFixture[str], name: str
) -> None:
    stranger(honest, lambda content: None, Path("../stranger/checkpoints/last.ckpt"))
    (Path("../stranger") / name).symlink_to(Path("../mine").absolute())
    assert "leads out of the run folder" in complaint(capsys, "train", "resume=../stranger", "iterations=4")
    assert not Path("../mine").exists()


@pytest.mark.parametrize("text", ["a,b\n1,2\n", "iteration\nmany\n", "iteration\n1,2,3\n"])
def test_curves_of_another_kind(honest: Path, capsys: pytest.CaptureFixture[str], text: str) -> None:
    folder = Path("logs/digits_dcgan/run")
    stranger(honest, lambda content: None, folder / "checkpoints" / "last.ckpt")
    (folder / "metrics.csv").write_text(text)
    assert "metrics.csv is no table" in complaint(capsys, "train", f"resume={folder}", "iterations=3")


@pytest.mark.parametrize("text", ["%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n%%EndComments\n", "no picture"])
def test_a_picture_of_another_kind(
    honest: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, text: str
) -> None:
    """PIL hands EPS, whatever its name, to Ghostscript, which runs it."""
    monkeypatch.setattr("PIL.EpsImagePlugin.Ghostscript", lambda *arguments: Path(TRAP).mkdir())
    stranger(honest, lambda content: None, Path("run/checkpoints/last.ckpt"))
    Path("run/samples").mkdir()
    Path("run/samples/0000001.png").write_text(text)
    assert call("train", "resume=run", "iterations=3") == 0
    assert "0000001.png is left out of the film" in capsys.readouterr().out
    assert not Path(TRAP).exists()
    assert Path("run/samples/growth.gif").is_file()


def test_messages_out_of_a_file_stay_on_their_line(honest: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A value with line breaks and terminal codes is told by its escapes."""
    checkpoint = stranger(honest, setting("gan_lab", "config", "seed", value="1\n\x1b]0;title\x07"))
    line = complaint(capsys, *command("resume", checkpoint))
    assert r"from 1\n\x1b]0;title\x07 to 0" in line
