"""Seconds from the command to what a user waits for: help, the answer to a wrong choice, the first iterations.

Beside them stand the imports that no training can do without, in a process of their own. The first process of all is
not counted: it finds neither the files in the system's memory nor compiled byte code.

    python benchmarks/startup.py [--rounds 7]
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from functools import partial
from pathlib import Path

from measuring import in_turns, spread, write

TRAIN = [sys.executable, str(Path(__file__).resolve().parents[1] / "train.py")]
COMMANDS = {
    "import torch": [sys.executable, "-c", "import torch"],
    "import pytorch_lightning": [sys.executable, "-c", "import pytorch_lightning"],
    "train.py --help": [*TRAIN, "--help"],
    "train.py model=nope": [*TRAIN, "model=nope"],
    "train.py optimizer.lr=fast": [*TRAIN, "optimizer.lr=fast"],
    "train.py iterations=1 metrics=none": [*TRAIN, "iterations=1", "metrics=none"],
    "train.py iterations=1": [*TRAIN, "iterations=1"],
    "train.py -m iterations=1 seed=0,1": [*TRAIN, "-m", "iterations=1", "seed=0,1"],
}


def seconds(command: list[str]) -> float:
    """Until the process has ended, in an empty folder, with byte code as a user has it."""
    environment = {key: value for key, value in os.environ.items() if key != "PYTHONDONTWRITEBYTECODE"}
    with tempfile.TemporaryDirectory() as folder:
        started = time.perf_counter()
        subprocess.run(command, cwd=folder, env=environment, capture_output=True, check=False)
        return time.perf_counter() - started


def main() -> None:
    parser = argparse.ArgumentParser(description="How long one waits for an answer.")
    parser.add_argument("--rounds", type=int, default=7)
    options = parser.parse_args()
    seconds(COMMANDS["train.py iterations=1"])
    measured = in_turns({name: partial(seconds, command) for name, command in COMMANDS.items()}, options.rounds)
    write("startup", {"rounds": options.rounds, "seconds": {name: spread(values) for name, values in measured.items()}})


if __name__ == "__main__":
    main()
