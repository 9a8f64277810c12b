"""Jobs of a multirun that a launcher runs in processes of their own, and what the user asks of all of them."""

from __future__ import annotations

import multiprocessing
import os
import signal
import sys
import threading
from collections.abc import Iterator
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from types import FrameType
from typing import Any

from gan_lab import launch
from gan_lab.errors import StoppedError, UserError
from gan_lab.overrides import value_of

_command_process: int | None = None
_works_for_launcher = False
_stopped: list[int] = []  # the signals that have asked this process of a launcher to end


def is_command() -> bool:
    """Whether this process is the command itself, rather than one that a launcher has started for jobs."""
    return _command_process == os.getpid()


def threads(processes: int) -> str:
    """OMP_NUM_THREADS for each process of a run that has several: 1, or what the user has set for each.

    In a process of a launcher it is the share of the whole job. On two cores that others used as well, two processes
    of two threads each trained a seventeenth of the images that two of one did.
    """
    given = os.environ.get("OMP_NUM_THREADS", "1")
    if _works_for_launcher and given.isdecimal():
        return str(max(1, int(given) // processes))
    return given


@contextmanager
def command() -> Iterator[None]:
    """Within the block this process is the command, and SIGINT and SIGTERM ask the jobs of its children to end.

    joblib would kill its processes at Ctrl-C, and leave them behind at SIGTERM. A second signal does not wait.

    Raises:
        StoppedError: after such a signal, when the jobs have saved and ended; it says how to go on.
        UserError: where a process of a launcher has died.
    """
    global _command_process
    _command_process = os.getpid()
    received: list[int] = []
    earlier: dict[int, object] = {}

    def ask(number: int, frame: FrameType | None) -> None:
        children = multiprocessing.active_children()
        if received or not children:
            signal.signal(number, earlier[number])  # type: ignore[arg-type]
            os.kill(os.getpid(), number)
            return
        received.append(number)
        for child in children:
            child.terminate()

    if threading.current_thread() is threading.main_thread():
        earlier = {number: signal.signal(number, ask) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    except BrokenProcessPool as error:
        folder = value_of("hydra.sweep.dir", sys.argv) or "FOLDER"
        raise UserError(f"a job's process has died, for want of memory perhaps; {how_to_go_on(folder)}") from error
    except RuntimeError as error:
        if "srun" not in str(error):  # of submitit
            raise
        raise UserError("there is no SLURM (srun) here; hydra/launcher=submitit_local tries a sweep") from error
    except ValueError as error:
        if "n_jobs" in str(error):
            raise UserError(f"hydra.launcher.n_jobs: {error}; choose 1 or more, or -1 for all cores") from error
        if "No trials are completed" not in str(error):  # Optuna's, at the end
            raise
        raise UserError("no trial has come to a number; what each has said stands above") from error
    except UserError:
        if not received:
            raise
    finally:
        for number, handler in earlier.items():
            signal.signal(number, handler)  # type: ignore[arg-type]
    if received:
        name, folder = signal.Signals(received[0]).name, value_of("hydra.sweep.dir", sys.argv) or "FOLDER"
        raise StoppedError(f"{name}: the jobs have stopped; {how_to_go_on(folder)}", received[0])


def refuse_nothing_to_minimize(sweeper: Any, config: dict[str, Any]) -> None:
    """Raise a `UserError` where a search for the lowest FID would train without measuring it."""
    is_search = "direction" in sweeper
    if is_search and "fid" not in config.get("metrics", {}).get("measure", {}):
        raise UserError("sweep=optuna looks for the lowest FID, which is not measured; choose metrics=quick")


def how_to_go_on(folder: str) -> str:
    """What to do about the jobs that are left in the folder of a multirun."""
    return f"the same command with hydra.sweep.dir={folder} resume=auto goes on with what is left"


@contextmanager
def job() -> Iterator[None]:
    """Within the block a job runs; in a process of a launcher a signal ends it, and each that would come after it.

    The process lives on then, for joblib kills all others when one of them ends. A job whose launcher dies ends, too.

    Raises:
        StoppedError: where a signal has asked for the end before or after training, which has its own handlers.
    """
    global _works_for_launcher
    _works_for_launcher = not is_command()
    if is_command() or threading.current_thread() is not threading.main_thread():
        yield
        return
    launch.end_with_parent()
    parent, running = os.getppid(), True

    def stop(number: int, frame: FrameType | None) -> None:
        if not running and os.getppid() != parent:
            os._exit(128 + number)
        _stopped.append(number)
        if running and len(_stopped) == 1:
            raise StoppedError(f"{signal.Signals(number).name}: stopped outside of training", number)

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, stop)
    try:
        if _stopped:
            raise StoppedError("stopped before its start", _stopped[0])
        yield
    except StoppedError as error:
        _stopped.append(error.signum)
        print(error, file=sys.stderr, flush=True)
        if os.getppid() != parent:  # nobody waits for the answer
            os._exit(error.exit_code)
        raise
    finally:
        running = False
