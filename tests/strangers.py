"""Checkpoints of strangers, and what a command makes of them."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from run_helpers import final

from gan_lab import cli

TRAP = "trap"
"""A folder in the working folder, that every attack tries to make."""
MKDIR = {"_target_": "os.mkdir", "path": TRAP}
Change = Callable[[dict[str, Any]], None]


def stranger(honest: Path, change: Change, path: Path = Path("../stranger.ckpt")) -> Path:
    """A checkpoint like the honest one, but for the change."""
    content = final(honest)
    change(content)
    path.parent.mkdir(parents=True, exist_ok=True)
    torch.save(content, path)
    return path


def bringing(*overrides: str) -> Change:
    return lambda content: content["gan_lab"]["overrides"].extend(overrides)


def command(name: str, checkpoint: Path) -> list[str]:
    return {
        "sample": ["sample", str(checkpoint), "--out", "out.png"],
        "evaluate": ["evaluate", str(checkpoint)],
        "resume": ["train", f"resume={checkpoint}", "iterations=4"],
    }[name]


def call(*arguments: str) -> int:
    try:
        return cli.main(arguments)
    except SystemExit as end:  # a job's own way out of Hydra
        return int(end.code or 0)


def everything(folder: Path) -> set[Path]:
    return set(folder.rglob("*"))


def complaint(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    """The one line that a command ends with, which has written nothing but the log of a run in `logs/`."""
    above = Path.cwd().parent
    before = everything(above)
    assert call(*arguments) == 1
    lines = [line for line in capsys.readouterr().err.splitlines() if line and "it/s]" not in line]
    assert len(lines) == 1, lines
    assert lines[0].startswith("error: ")
    assert lines[0].isprintable()
    made = everything(above) - before
    assert not [path for path in made if not path.is_relative_to(above / "work" / "logs")]
    return lines[0]


def setting(*keys: str, value: Any) -> Change:
    def change(content: dict[str, Any]) -> None:
        for key in keys[:-1]:
            content = content[key]
        content[keys[-1]] = value

    return change


def without(*keys: str) -> Change:
    def change(content: dict[str, Any]) -> None:
        for key in keys[:-1]:
            content = content[key]
        del content[keys[-1]]

    return change


class Payload:
    def __reduce__(self) -> Any:
        return (os.mkdir, (TRAP,))
