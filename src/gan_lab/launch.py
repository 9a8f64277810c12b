"""Several processes for one run."""

from __future__ import annotations

import ctypes
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

from gan_lab.errors import StoppedError, UserError
from gan_lab.overrides import quoted

PR_SET_PDEATHSIG = 1  # of Linux's prctl
TORCHRUN = """
from gan_lab.launch import end_with_parent
end_with_parent({parent})
import sys
from torch.distributed.elastic.multiprocessing.api import SignalException
from torch.distributed.elastic.multiprocessing.errors import ChildFailedError
from torch.distributed.run import main
try:
    main()
except SignalException:
    sys.exit(1)
except ChildFailedError as error:
    rank, failure = error.get_first_failure()
    sys.exit(f"process {{rank}} has ended with exit code {{failure.exitcode}}")
"""
"""torchrun without its tracebacks; what the processes say stands above."""

PATIENCE = "600"  # seconds that torchrun gives the processes to save; an evaluation may have to end first


def is_launched() -> bool:
    """Whether this process is one of several that `launch` has started."""
    return "TORCHELASTIC_RUN_ID" in os.environ


def rank() -> int:
    """This process's number among those of the run, 0 where it is alone."""
    return int(os.environ.get("RANK", "0"))


def local_rank() -> int:
    """This process's number among those on its machine, which is the number of its GPU."""
    return int(os.environ.get("LOCAL_RANK", "0"))


def end_with_parent(parent: int | None = None) -> None:
    """Have Linux send SIGTERM to this process when its parent dies, so that nobody trains on unasked.

    `parent` is the number of the process that should be the parent, for it may have died already.
    """
    if sys.platform.startswith("linux"):
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
        if parent not in (None, os.getppid()):
            raise SystemExit(f"process {parent}, which has started this one, is gone")


@contextmanager
def passing_on(process: subprocess.Popen[bytes]) -> Iterator[list[int]]:
    """Within the block SIGINT and SIGTERM ask the other process to end, instead of ending this one; yields them."""
    received: list[int] = []

    def pass_on(number: int, frame: FrameType | None) -> None:
        received.append(number)
        process.terminate()

    if threading.current_thread() is not threading.main_thread():
        yield received  # Python lets no other thread set handlers
        return
    earlier = {number: signal.signal(number, pass_on) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield received
    finally:
        for number, handler in earlier.items():
            signal.signal(number, handler)


def launch(processes: int, overrides: Sequence[str], folder: Path) -> None:
    """Run the same training in `processes` processes of this machine and wait for them.

    torchrun starts them and, should one fail, ends the others; they end, too, when this process is killed. Lightning's
    own launcher starts the command line again in each process, which under Hydra's multirun would run the whole sweep
    in each (facebookresearch/hydra#2070).

    Raises:
        UserError: where a process has failed; it has printed why.
        StoppedError: where a signal has asked for the end, which the processes answer by saving.
    """
    from gan_lab.sweeping import threads  # which needs this module

    torchrun = TORCHRUN.format(parent=os.getpid())
    command = [sys.executable, "-c", torchrun, "--standalone", f"--nproc-per-node={processes}"]
    command += ["-m", "gan_lab", "train", *overrides, f"hydra.run.dir={quoted(folder)}"]
    environment = {
        "TORCH_ELASTIC_SHUTDOWN_TIMEOUT": PATIENCE,
        "LOGLEVEL": "ERROR",
        **os.environ,
        "OMP_NUM_THREADS": threads(processes),
    }
    environment.pop("HYDRA_FULL_ERROR", None)  # set by our own command line, not by the user
    # in a session of its own, so that Ctrl-C reaches it once, and from here
    process = subprocess.Popen(command, env=environment, start_new_session=True)
    with passing_on(process) as received:
        failed = process.wait() != 0
    if failed and received:
        raise StoppedError(f"{signal.Signals(received[0]).name}: all {processes} processes have stopped", received[0])
    if failed:
        remedy = (
            f"; resume={folder} goes on from the last save" if (folder / "checkpoints" / "last.ckpt").exists() else ""
        )
        raise UserError(f"one of the {processes} processes failed; what it has said stands above{remedy}")
