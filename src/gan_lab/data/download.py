"""Files that are read from a data root, and downloaded into it where they are missing."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from filelock import FileLock

from gan_lab.errors import UserError

Read = TypeVar("Read")

ELSEWHERE = "data.root=FOLDER or the environment variable GAN_LAB_DATA names another folder; data=digits needs none"


def read_or_download(
    name: str, folder: Path, files: list[str], read: Callable[[], Read], download: Callable[[], object]
) -> Read:
    """What `read` makes of `files` in `folder`, after `download` where one of them is missing.

    One process downloads at a time; the others wait for it.

    Raises:
        UserError: where the files can neither be found nor downloaded, or cannot be read.
    """
    missing = [file for file in files if not (folder / file).is_file()]
    if missing:
        try:
            folder.mkdir(parents=True, exist_ok=True)
            with FileLock(folder / ".download.lock"):
                download()
        except (RuntimeError, OSError) as error:
            raise UserError(
                f"data={name}: {', '.join(missing)} not found in {folder}, and the download failed ({reason(error)}); "
                f"put the files there by hand. {ELSEWHERE}"
            ) from error
    try:
        return read()
    except (RuntimeError, OSError, ValueError, AssertionError, TypeError) as error:
        raise UserError(
            f"data={name}: the files in {folder} cannot be read ({reason(error)}); "
            f"delete {', '.join(files)} there and they will be downloaded again. {ELSEWHERE}"
        ) from error


def reason(error: BaseException) -> str:
    """The error's last line that says something, without its line breaks."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return lines[-1] if lines else type(error).__name__
