"""The folder of a run."""

from __future__ import annotations

from pathlib import Path

from gan_lab.errors import UserError

TRACES = ("checkpoints", "samples", "metrics.csv", "summary.json")


def refuse_used_folder(folder: Path) -> None:
    """Raise a `UserError` where a new run would write over an earlier one."""
    if any((folder / name).exists() for name in TRACES):
        raise UserError(
            f"{folder} already holds a run; resume={folder} continues it, another hydra.run.dir starts afresh"
        )
