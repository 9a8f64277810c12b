"""Files that are there whole or not at all, whatever ends the program or fills the disk meanwhile."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path


@contextmanager
def atomic(path: Path) -> Iterator[Path]:
    """Yield a temporary path beside `path`; the file that the block writes there takes the place of `path` at the end.

    The folder is made where it is missing. The temporary file always has the same name, so that nothing piles up after
    processes that were killed; two that may write one path at once need a lock.

    Raises:
        OSError: naming `path`, where it cannot be written; what stood there before still does, and nothing else.
    """
    temporary = path.with_name(f".{path.name}.tmp")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        yield temporary
        _flush(temporary)
        os.replace(temporary, path)
    except BaseException as error:
        with suppress(OSError):
            temporary.unlink()
        _name(error, path, temporary)
        raise


def write(path: Path, content: bytes | memoryview) -> None:
    """Put a file of these bytes in place.

    Raises:
        OSError: naming `path`, where it cannot be written; what stood there before still does.
    """
    with atomic(path) as temporary:
        temporary.write_bytes(content)


def append(path: Path, text: str) -> None:
    """Add `text` to the end of a file, all of it or nothing.

    Raises:
        OSError: naming `path`, where it cannot be written.
    """
    size = path.stat().st_size if path.is_file() else 0
    try:
        with path.open("a", newline="") as file:
            file.write(text)
    except OSError as error:
        with suppress(OSError):
            os.truncate(path, size)
        _name(error, path, path)
        raise


def _flush(path: Path) -> None:
    """Wait until the file is on the disk, which may find only now that it has no room."""
    with path.open("rb+") as file:
        os.fsync(file.fileno())


def _name(error: BaseException, path: Path, written: Path) -> None:
    """Let the error name `path` instead of the file that was written, or of none, as where the disk is full."""
    if isinstance(error, OSError) and error.filename in (None, str(written)):
        error.filename = str(path)
