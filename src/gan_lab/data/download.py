"""Files that are read from a data root, and downloaded into it where they are missing."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from filelock import FileLock

from gan_lab.atomic import atomic
from gan_lab.data.files import Files
from gan_lab.errors import UserError

Read = TypeVar("Read")

ELSEWHERE = "data.root=FOLDER or the environment variable GAN_LAB_DATA names another folder; data=digits needs none"


def read_or_download(files: Files, read: Callable[[], Read], download: Callable[[Path, list[str]], Path]) -> Read:
    """What `read` makes of the files, after `download` where one of them is missing.

    `download` takes an empty folder to work in and the names of the missing files, and returns the folder where they
    are then. Where no file is missing, nothing is written.

    Raises:
        UserError: where the files can neither be found nor downloaded, or are not what they should be.
    """
    missing = files.missing()
    obstacles = files.obstacles() if missing else []
    if obstacles:
        raise UserError(f"data={files.name}: {', '.join(obstacles)}; move it away. {ELSEWHERE}")
    if missing:
        try:
            _fetch(files, download)
        except (RuntimeError, OSError) as error:
            raise UserError(
                f"data={files.name}: {', '.join(missing)} not found in {files.folder}, and the download failed "
                f"({reason(error)}); put the files there by hand. {ELSEWHERE}"
            ) from error
    try:
        return read()
    except Exception as error:
        damages = files.damages()
        if not damages:
            raise
        told = f"{', '.join(damages.values())}; {files.remedy(list(damages))}"
        raise UserError(f"data={files.name}: {told}. {ELSEWHERE}") from error


def _fetch(files: Files, download: Callable[[Path, list[str]], Path]) -> None:
    """Download what is missing, one process at a time, and put each file in place once it is whole."""
    files.folder.mkdir(parents=True, exist_ok=True)
    with FileLock(files.folder / ".download.lock"):
        missing = files.missing()  # fewer, where another process has downloaded meanwhile
        if not missing:
            return
        staging = files.folder / ".download"
        shutil.rmtree(staging, ignore_errors=True)  # of a process that was killed
        try:
            staging.mkdir()
            fetched = download(staging, missing)
            for file in missing:
                with atomic(files.folder / file) as temporary:
                    os.replace(fetched / file, temporary)
        finally:
            shutil.rmtree(staging, ignore_errors=True)


def reason(error: BaseException) -> str:
    """The error's last line that says something, without its line breaks."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return lines[-1] if lines else type(error).__name__
