"""Full disks and missing permissions: the user can mend them, so they end a command in one line."""

from __future__ import annotations

import errno
import logging
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from gan_lab.errors import UserError

WRITING = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EROFS}  # errors that reading has not
MENDS = {
    errno.ENOSPC: "free some space there",
    errno.EDQUOT: "free some space there",
    errno.EFBIG: "raise the largest size of a file (ulimit -f)",
    errno.EROFS: "make it writable",
    errno.EACCES: "give yourself the permission",
    errno.EPERM: "give yourself the permission",
    errno.ENOTDIR: "move the file away that stands where a folder is wanted",
    errno.EEXIST: "move the file away that stands where a folder is wanted",
    errno.EISDIR: "move the folder away that stands where a file is wanted",
    errno.ENAMETOOLONG: "choose a shorter name",
    errno.EBUSY: "choose a folder that nothing is mounted on",
    errno.EIO: "check the disk",
}
"""What the user can do about an error of the disk; an error of any other number may be a mistake of the program's."""


def disk_error(error: BaseException | None) -> OSError | None:
    """The error of the disk that `error` is or was raised from, or `None`."""
    while error is not None:
        if isinstance(error, OSError) and error.errno in MENDS:
            return error
        error = error.__cause__
    return None


@contextmanager
def disk_errors_told(place: Path | str, remedy: Callable[[], str]) -> Iterator[None]:
    """Make an error of the disk in the block a `UserError`; all others pass with their traceback.

    `place` is named where the error names no file; `remedy` ends the line, after what to do about the disk.
    """
    with _quiet_writers():
        try:
            yield
        except UserError:
            raise
        except Exception as error:
            found = disk_error(error)
            if found is None or found.errno is None:
                raise
            file = found.filename.decode() if isinstance(found.filename, bytes) else found.filename
            used = "written" if found.errno in WRITING else "used"
            raise UserError(
                f"{file or place} cannot be {used} ({found.strerror}); {MENDS[found.errno]}, {remedy()}"
            ) from error


@contextmanager
def _quiet_writers() -> Iterator[None]:
    """TensorBoard writes in a thread, which prints its error of the disk and then hands it on to us: once is enough."""
    usual = threading.excepthook

    def hook(arguments: threading.ExceptHookArgs) -> None:
        if disk_error(arguments.exc_value) is None:
            usual(arguments)

    threading.excepthook = hook
    try:
        yield
    finally:
        threading.excepthook = usual


class LogFile(logging.FileHandler):
    """`train.log`, which ends the run where it cannot be written, as the other files of the run do."""

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802, logging's name
        """Hand an error of the disk on; print any other, as logging does."""
        error = disk_error(sys.exc_info()[1])
        if error is None:
            super().handleError(record)
        else:
            error.filename = error.filename or self.baseFilename
            raise error
