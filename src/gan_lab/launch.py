"""Several processes for one run."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from gan_lab.errors import UserError
from gan_lab.overrides import quoted


def is_launched() -> bool:
    """Whether this process is one of several that `launch` has started."""
    return "TORCHELASTIC_RUN_ID" in os.environ


def rank() -> int:
    """This process's number among those of the run, 0 where it is alone."""
    return int(os.environ.get("RANK", "0"))


def local_rank() -> int:
    """This process's number among those on its machine, which is the number of its GPU."""
    return int(os.environ.get("LOCAL_RANK", "0"))


def launch(processes: int, overrides: Sequence[str], folder: Path) -> None:
    """Run the same training in `processes` processes of this machine and wait for them.

    torchrun starts them and, should one fail, ends the others. Lightning's own launcher starts the command line again
    in each process, which under Hydra's multirun would run the whole sweep in each (facebookresearch/hydra#2070).

    Raises:
        UserError: where a process has failed; it has printed why.
    """
    command = [sys.executable, "-m", "torch.distributed.run", "--standalone", f"--nproc-per-node={processes}"]
    command += ["-m", "gan_lab", "train", *overrides, f"hydra.run.dir={quoted(folder)}"]
    environment = {"OMP_NUM_THREADS": "1", **os.environ}
    environment.pop("HYDRA_FULL_ERROR", None)  # set by our own command line, not by the user
    if subprocess.run(command, env=environment, check=False).returncode:
        raise UserError(f"one of the {processes} processes failed; its message stands above")
