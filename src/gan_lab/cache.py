"""What is computed once and kept for later runs."""

from __future__ import annotations

import logging
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import TypeVar

from filelock import FileLock
from safetensors import SafetensorError

from gan_lab import atomic

Kept = TypeVar("Kept")

log = logging.getLogger(__name__)


def cached(path: Path, parse: Callable[[bytes], Kept], make: Callable[[], bytes]) -> Kept:
    """What `parse` reads from the file at `path`, which `make` makes where it is missing or damaged.

    One process makes it while the others wait. Where it cannot be written, this run uses it without keeping it.
    """
    found = _read(path, parse)
    if found is not None:
        return found
    with ExitStack() as stack:
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            stack.enter_context(FileLock(path.with_suffix(".lock")))
        except (OSError, NotImplementedError) as error:
            _warn(path, error)
            return parse(make())
        found = _read(path, parse)  # another process may have made it meanwhile
        if found is not None:
            return found
        if path.exists():
            log.warning("%s is damaged and is made anew", path)
        content = make()
        try:
            atomic.write(path, content)
        except OSError as error:
            _warn(path, error)
    return parse(content)


def _read(path: Path, parse: Callable[[bytes], Kept]) -> Kept | None:
    try:
        return parse(path.read_bytes())
    except (OSError, SafetensorError, ValueError, KeyError, TypeError, RuntimeError):
        return None


def _warn(path: Path, error: Exception) -> None:
    log.warning(
        "%s cannot be kept (%s); it will be computed again. XDG_CACHE_HOME=FOLDER names another cache", path, error
    )
