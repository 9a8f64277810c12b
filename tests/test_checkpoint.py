"""Checkpoint files, ours and others."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from run_helpers import RunIn

from gan_lab.checkpoint import find_checkpoint, read_checkpoint
from gan_lab.errors import UserError
from gan_lab.overrides import compose
from gan_lab.trust import refuse_foreign_targets


@pytest.mark.parametrize("content", [b"", b"not a checkpoint", b"task: x", b"run", b"a,b", None])
def test_what_is_no_checkpoint(tmp_path: Path, content: bytes | None) -> None:
    path = tmp_path / "some.ckpt"
    if content is None:
        torch.save({"weights": torch.zeros(1)}, path)
    else:
        path.write_bytes(content)
    with pytest.raises(UserError, match=r"is not a checkpoint"):
        read_checkpoint(path)


def test_a_truncated_checkpoint(run_in: RunIn) -> None:
    path = run_in("run", "iterations=2") / "checkpoints" / "last.ckpt"
    path.write_bytes(path.read_bytes()[:-2000])
    with pytest.raises(UserError, match=r"is not a checkpoint, or is damaged"):
        read_checkpoint(path)


def test_where_a_checkpoint_is_looked_for(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="does not exist"):
        find_checkpoint(tmp_path / "missing")
    with pytest.raises(UserError, match=r"it has no checkpoints/last.ckpt"):
        find_checkpoint(tmp_path)


class Payload:
    def __reduce__(self) -> Any:
        return (Path.touch, (Path("payload-ran"),))


def test_a_checkpoint_cannot_run_code(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    torch.save({"gan_lab": {"config": Payload()}, "state_dict": {}}, tmp_path / "bad.ckpt")
    with pytest.raises(UserError, match="is not a checkpoint"):
        read_checkpoint(tmp_path / "bad.ckpt")
    assert not (tmp_path / "payload-ran").exists()


@pytest.mark.parametrize(
    "target",
    [
        "os.system",
        "torch.nn.modules.module.torch.os.system",
        "gan_lab.models.gan.losses.F.torch.os.system",
        "torch.nn.init.normal_",
        "torch.optim.Adam.__init__",
        "gan_lab.launch.launch",
        "gan_lab.models.nothing.Here",
    ],
)
def test_only_networks_noise_optimizers_and_variants_are_built(target: str) -> None:
    with pytest.raises(UserError, match=f"asks for {target}, which a checkpoint may not build"):
        refuse_foreign_targets({"generator": [{"_target_": target}]})


@pytest.mark.parametrize("overrides", [["model=gan"], ["model=dcgan", "noise=sphere", "optimizer=rmsprop"]])
def test_our_own_configurations_are_built(overrides: list[str]) -> None:
    refuse_foreign_targets(compose(overrides)["model"])
