"""The folder of a run: a new run never writes into an earlier one's."""

from __future__ import annotations

import os
from pathlib import Path

from filelock import FileLock, Timeout

from gan_lab.errors import UserError

TRACES = ("checkpoints", "samples", "metrics.csv", "summary.json")
AUTO = "auto"
"""As the value of `resume`: go on with what the run folder holds, or start where it holds nothing."""


def is_used(folder: Path) -> bool:
    """Whether a run has left something in `folder`."""
    return any((folder / name).exists() for name in TRACES)


def owner(checkpoint: Path) -> Path | None:
    """The run folder that a checkpoint lies in; `None` for one that was copied elsewhere."""
    folder = checkpoint.absolute().parent
    if folder.name == "checkpoints":
        return folder.parent
    return folder if (folder / "checkpoints").is_dir() else None  # Lightning saves there before SLURM ends a job


def refuse_used_folder(folder: Path) -> None:
    """Raise a `UserError` where `folder` holds a run already."""
    if is_used(folder):
        remedy = "another hydra.run.dir starts afresh"
        if (folder / "checkpoints").exists():  # a study leaves none
            remedy = f"resume={folder} continues it, {remedy}"
        raise UserError(f"{folder} already holds a run; {remedy}")


def refuse_used_sweep(folder: Path) -> None:
    """Raise a `UserError` where `folder` holds the jobs of an earlier multirun."""
    if any(is_used(job) for job in folder.glob("*/")):
        raise UserError(
            f"{folder} already holds a multirun; resume={AUTO} goes on with it, another hydra.sweep.dir starts afresh"
        )


def lock_folder(folder: Path) -> FileLock:
    """Let no other process write into the folder as long as this one holds the lock, or lives.

    Raises:
        UserError: where another process holds it.
    """
    lock = FileLock(folder / ".lock")
    try:
        lock.acquire(blocking=False)
    except Timeout as error:
        raise UserError(
            f"another process is training in {folder}; wait for its end, or choose another hydra.run.dir"
        ) from error
    return lock


def claim_folder(folder: Path) -> None:
    """Make the folder this run's own; of two runs that want it at the same moment, one gets a `UserError`."""
    refuse_used_folder(folder)
    try:
        (folder / "checkpoints").mkdir(parents=True)
    except FileExistsError:
        refuse_used_folder(folder)


def refuse_links(folder: Path) -> None:
    """Raise a `UserError` where a link in a run folder leads out of it: what the run writes would go there."""
    whole = folder.resolve()
    for place, folders, files in os.walk(folder):
        for path in (Path(place) / name for name in (*folders, *files)):
            if path.is_symlink() and not path.resolve().is_relative_to(whole):
                raise UserError(f"{path} leads out of the run folder, to {os.readlink(path)}; remove the link to go on")
