"""Every variant on MNIST, each within a few minutes, and their tables in docs/variants.md.

    python benchmarks/variants.py [NAME ...] [--folder logs/variants] [--jobs 2] [--write docs/variants.md]

With no name all runs are made: first the trainings, `--jobs` at a time with one thread each, then one by one, with all
threads, a short run of each that measures its speed. A run that is already in the folder is not repeated; the tables
show all that are there.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from results import fill, read, table

COLUMNS = ["iterations", "minutes", "FID", "x floor", "rarest digit", "label agreement"]
TRAIN = Path(__file__).parents[1] / "train.py"
FEW = ["iterations=200", "metrics=none", "sample_every=200", "checkpoint_every=200"]
SHORT = {
    "gan": ["network=mlp"],
    "dcgan": [],
    "lsgan": [],
    "wgan": ["optimizer.lr=0.0005"],
    "wgan_gp": [],
    "sngan": ["model.n_critic=1"],
    "dragan": [],
    "r1gan": [],
    "ragan": [],
    "r3gan": [],
    "began": ["batchnorm=generator", "activation=leaky_relu", "model.gamma=1.0", "model.balance_rate=0.2"],
    "cgan": [],
    "acgan": [],
    "projection_gan": ["model.n_critic=1"],
    "infogan": ["batchnorm=generator"],
    "pacgan": [],
}
"""What each variant's short run is told beside experiment=mnist_short."""
LONGER: dict[str, list[str]] = {
    "mnist_cgan": ["experiment=mnist_cgan"],
    "wgan_longer": ["experiment=mnist_short", "model=wgan", *SHORT["wgan"], "iterations=8000"],
}
"""Whole command lines of longer runs."""


def arguments(name: str) -> list[str]:
    """What a user types for this run."""
    return LONGER[name] if name in LONGER else ["experiment=mnist_short", f"model={name}", *SHORT[name]]


def train(chosen: Sequence[str], run: Path, threads: int | None) -> int:
    """One run, into its own folder, with its output beside it; returns the exit code."""
    if (run / "summary.json").exists():
        return 0
    run.parent.mkdir(parents=True, exist_ok=True)
    environment = dict(os.environ) | ({} if threads is None else {"OMP_NUM_THREADS": str(threads)})
    command = [sys.executable, str(TRAIN), *chosen, "trainer=cpu", f"hydra.run.dir={run}"]
    with run.with_suffix(".txt").open("w") as output:
        done = subprocess.run(command, env=environment, stdout=output, stderr=output, check=False)
    print(f"{run}: exit code {done.returncode}", flush=True)
    return done.returncode


def results(names: Sequence[str], folder: Path) -> str:
    """The table of the runs that have come to their end, with the speed that was measured apart."""
    made = [name for name in names if (folder / name / "summary.json").exists()]
    speeds = [folder / "speed" / name / "summary.json" for name in made]
    shown = [f"{read([path.parent])[0]['images_per_second']:,.0f}" if path.exists() else "" for path in speeds]
    commands = [f"`python train.py {' '.join(arguments(name))}`" for name in made]
    return table(read([folder / name for name in made]), COLUMNS, {"images/s": shown, "command": commands})


def main() -> int:
    parser = argparse.ArgumentParser(description="Train every variant for a short time and make their tables.")
    parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join([*SHORT, *LONGER]))
    parser.add_argument("--folder", type=Path, default=Path("logs/variants"))
    parser.add_argument("--jobs", type=int, default=2, help="trainings at the same time (2)")
    parser.add_argument("--write", type=Path)
    options = parser.parse_args()
    names = options.names or [*SHORT, *LONGER]
    unknown = [name for name in names if name not in SHORT | LONGER]
    if unknown:
        parser.error(f"no run {unknown[0]}; choose from {', '.join([*SHORT, *LONGER])}")
    with ThreadPoolExecutor(options.jobs) as pool:
        codes = list(pool.map(lambda name: train(arguments(name), options.folder / name, threads=1), names))
    for name in names:
        codes.append(train([*arguments(name), *FEW], options.folder / "speed" / name, threads=None))
    for mark, runs in (("variants", SHORT), ("longer", LONGER)):
        text = results([*runs], options.folder)
        print(text)
        if options.write:
            fill(options.write, mark, text)
    return int(any(codes))


if __name__ == "__main__":
    sys.exit(main())
