"""Every variant on MNIST, each within a few minutes, and their table in docs/variants.md.

    python benchmarks/variants.py [NAME ...] [--folder logs/variants] [--jobs 2] [--write docs/variants.md]

A run that is already in the folder is not repeated; with no name, all are made. Every job has one thread.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from results import fill, read, table

COLUMNS = ["iterations", "images/s", "minutes", "FID", "x floor", "rarest digit", "label agreement"]
TRAIN = Path(__file__).parents[1] / "train.py"
SHORT = "experiment=mnist_short"
RUNS = {
    "gan": [SHORT, "model=gan", "network=mlp"],
    "dcgan": [SHORT, "model=dcgan"],
    "lsgan": [SHORT, "model=lsgan"],
    "wgan": [SHORT, "model=wgan", "optimizer.lr=0.0005"],
    "wgan_gp": [SHORT, "model=wgan_gp"],
    "sngan": [SHORT, "model=sngan", "model.n_critic=1"],
    "dragan": [SHORT, "model=dragan"],
    "r1gan": [SHORT, "model=r1gan"],
    "ragan": [SHORT, "model=ragan"],
    "r3gan": [SHORT, "model=r3gan"],
    "began": [
        SHORT,
        "model=began",
        "batchnorm=generator",
        "activation=leaky_relu",
        "model.gamma=0.7",
        "model.balance_rate=0.05",
    ],
    "cgan": [SHORT, "model=cgan"],
    "acgan": [SHORT, "model=acgan"],
    "projection_gan": [SHORT, "model=projection_gan", "model.n_critic=1"],
    "infogan": [SHORT, "model=infogan", "batchnorm=generator"],
    "pacgan": [SHORT, "model=pacgan"],
}


def command(name: str) -> list[str]:
    """What a user types for this run."""
    return ["python", "train.py", *RUNS[name]]


def train(name: str, folder: Path) -> int:
    """One run, into its own folder, with its output beside it; returns the exit code."""
    if (folder / name / "summary.json").exists():
        return 0
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / f"{name}.txt").open("w") as output:
        arguments = [*RUNS[name], "trainer=cpu", f"hydra.run.dir={folder / name}"]
        environment = {**os.environ, "OMP_NUM_THREADS": "1"}
        done = subprocess.run(
            [sys.executable, str(TRAIN), *arguments], env=environment, stdout=output, stderr=output, check=False
        )
    print(f"{name}: exit code {done.returncode}", flush=True)
    return done.returncode


def main() -> int:
    parser = argparse.ArgumentParser(description="Train every variant for a short time and make their table.")
    parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join(RUNS))
    parser.add_argument("--folder", type=Path, default=Path("logs/variants"))
    parser.add_argument("--jobs", type=int, default=2, help="runs at the same time (2)")
    parser.add_argument("--write", type=Path)
    options = parser.parse_args()
    names = options.names or [*RUNS]
    unknown = [name for name in names if name not in RUNS]
    if unknown:
        parser.error(f"no run {unknown[0]}; choose from {', '.join(RUNS)}")
    with ThreadPoolExecutor(options.jobs) as pool:
        failed = any(list(pool.map(lambda name: train(name, options.folder), names)))
    made = [name for name in names if (options.folder / name / "summary.json").exists()]
    if made:
        commands = [f"`{' '.join(command(name))}`" for name in made]
        summaries = read([options.folder / name for name in made])
        text = table(summaries, COLUMNS, extra={"command": commands})
        print(text)
        if options.write:
            fill(options.write, "variants", text)
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
