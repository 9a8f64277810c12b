"""How speed changes with batch, width, image size, options, a second process, and the size of the data set.

Each measurement trains for some seconds, on random bytes in MNIST's shape; those of one table take turns.

    python benchmarks/scale.py [--rounds 3] [--only batch ...]
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from loop import configure, images_per_second, random_data, train
from measuring import RESULTS, in_turns, spread, write

WIDTH_32 = ["model=dcgan", "network.width=32"]
TABLES: dict[str, dict[str, list[str]]] = {
    "batch, mlp": {
        f"{size}": ["model=gan", f"data.batch_size={size}", f"iterations={max(12, 8192 // size)}"]
        for size in (32, 64, 128, 256, 512, 1024, 2048)
    },
    "batch, dcgan of width 32": {
        f"{size}": [*WIDTH_32, f"data.batch_size={size}", f"iterations={max(8, 2048 // size)}"]
        for size in (32, 64, 128, 256, 512, 1024, 2048)
    },
    "width, dcgan": {
        f"{width}": ["model=dcgan", "data.batch_size=64", f"network.width={width}", f"iterations={960 // width}"]
        for width in (16, 32, 64, 128)
    },
    "image size, dcgan of width 32": {
        f"{size}": [*WIDTH_32, f"data.image_size={size}", "data.batch_size=64", f"iterations={2560 // size**2 + 10}"]
        for size in (8, 16, 32, 64)
    },
    "option, dcgan of width 32": {
        option: [*WIDTH_32, "data.batch_size=64", "iterations=40", *option.split()]
        for option in ("", "channels_last=false", "precision=bf16", "compile=true")
    },
    "processes, dcgan of width 32": {
        "1 of one thread": [*WIDTH_32, "data.batch_size=128", "iterations=30"],
        "1 of all threads": [*WIDTH_32, "data.batch_size=128", "iterations=30"],
        "2 of one thread": [*WIDTH_32, "data.batch_size=128", "iterations=30", "trainer=ddp_cpu"],
    },
}
"""The rows of each table. With two processes the batch is shared out, so that all rows do the same work."""
IMAGES = (10_000, 60_000, 240_000, 960_000)  # of 28x28 bytes: 7.8 MB to 753 MB


def alone(images: int) -> dict[str, float]:
    """Images per second and the most memory, in MB, of a process that trains on so many images."""
    command = [sys.executable, __file__, "--measure", str(images)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return json.loads(done.stdout.strip().splitlines()[-1])


def measure(images: int) -> None:
    """In the process of its own: train, and print what `alone` reads."""
    config = configure(["model=gan", "data.batch_size=64", "iterations=120"])
    speed = images_per_second(train, config, random_data(config, images), 30)
    print(json.dumps({"images_per_second": speed, "megabytes": most_memory()}))


def most_memory() -> float:
    """The most memory, in MB, that this process has held; `ru_maxrss` would count that of the one that started it."""
    lines = Path("/proc/self/status").read_text().splitlines()
    (kilobytes,) = (line.split()[1] for line in lines if line.startswith("VmHWM"))
    return int(kilobytes) / 1024


def in_process(overrides: list[str]) -> float:
    """Images per second within this process."""
    config = configure(overrides)
    return images_per_second(train, config, random_data(config, 10_000), config["iterations"] // 4)


def whole_run(overrides: list[str], threads: int | None) -> float:
    """Images per second of `python train.py` on the embedded digits, which takes care of its processes itself."""
    train_py = Path(__file__).resolve().parents[1] / "train.py"
    environment = dict(os.environ) if threads is None else {**os.environ, "OMP_NUM_THREADS": str(threads)}
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, str(train_py), "data.image_size=28", "metrics=none", *overrides]
        command += ["sample_every=100000", "checkpoint_every=100000", "log_every=10", f"hydra.run.dir={folder}/run"]
        subprocess.run(command, capture_output=True, check=True, env=environment)
        lines = (Path(folder) / "run" / "metrics.csv").read_text().splitlines()
    column = lines[0].split(",").index("images_per_second")
    return float(lines[-1].split(",")[column])


def speeds(name: str, rows: dict[str, list[str]], rounds: int) -> dict[str, Any]:
    """One table."""
    print(name)
    contestants: dict[str, Callable[[], float]] = {}
    for row, overrides in rows.items():
        if name.startswith("processes"):
            contestants[row] = partial(whole_run, overrides, None if row.endswith("all threads") else 1)
        else:
            contestants[row] = partial(in_process, overrides)
    return {row: spread(values) for row, values in in_turns(contestants, rounds).items()}


def growth(rounds: int) -> dict[str, Any]:
    """Speed and memory by the number of training images."""
    print("images")
    found: dict[str, list[float]] = {}

    def once(images: int) -> float:
        got = alone(images)
        found.setdefault(f"{images}", []).append(got["megabytes"])
        return got["images_per_second"]

    measured = in_turns({f"{images}": partial(once, images) for images in IMAGES}, rounds)
    return {
        images: {"images_per_second": spread(values), "megabytes": spread(found[images])}
        for images, values in measured.items()
    }


def main() -> None:
    parser = argparse.ArgumentParser(description="Speed by batch, width, image size, processes and data.")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument(
        "--only", nargs="*", default=[*TABLES, "images"], help="tables, by the start of their names; others stay"
    )
    parser.add_argument("--measure", type=int, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.measure:
        measure(options.measure)
        return
    wanted = tuple(options.only)
    earlier = RESULTS / "scale.json"
    results: dict[str, Any] = json.loads(earlier.read_text())["results"]["tables"] if earlier.exists() else {}
    for name, rows in TABLES.items():
        if name.startswith(wanted):
            results[name] = {"rounds": options.rounds, "rows": speeds(name, rows, options.rounds)}
    if "images".startswith(wanted):
        results["images"] = {"rounds": options.rounds, "rows": growth(options.rounds)}
    write("scale", {"tables": results})


if __name__ == "__main__":
    main()
