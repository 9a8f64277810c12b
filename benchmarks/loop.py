"""Images per second of `python train.py` against a hand-written loop, and against the script of most tutorials.

All train the same networks on random bytes in MNIST's shape, so that nothing need be downloaded; speed does not depend
on them. They take turns. Ours runs as a user has it: progress bar, curves to TensorBoard and CSV. The hand-written loop
shares its process, and with it what ours asks of the C library's memory; the usual script has a process of its own.

    python benchmarks/loop.py [SYSTEM ...] [--rounds 9]
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import hand_written
import pytorch_lightning as pl
import torch
import usual_script
from measuring import RESULTS, in_turns, ratio, spread, write

from gan_lab import experiment
from gan_lab.building import build
from gan_lab.data.datamodule import ImageDataModule
from gan_lab.data.images import Images, Splits
from gan_lab.overrides import compose
from gan_lab.process import ready_process
from gan_lab.settings import Settings

SYSTEMS = {
    "gan": ["model=gan", "data.batch_size=64", "iterations=220", "log_every=50"],
    "dcgan": ["model=dcgan", "data.batch_size=128", "iterations=20", "log_every=5"],
    "wgan_gp": ["model=wgan_gp", "data.batch_size=64", "iterations=30", "log_every=5"],
    "cgan": ["model=cgan", "data.batch_size=64", "iterations=30", "log_every=5"],
}
"""What is trained. Few iterations draw their curves more often than a user's would; many cost the same for each."""
TUTORIALS = ("gan", "dcgan")  # which are also trained by the usual script
WARM_UP = {"gan": 20}  # iterations before the clock starts; of the others 5, a whole round of n_critic


class Clock(pl.Callback):
    """Notes when the warm-up and when the last iteration ended."""

    def __init__(self, warm_up: int) -> None:
        self.warm_up = warm_up
        self.times: dict[int, float] = {}

    def on_train_batch_end(self, trainer: pl.Trainer, *args: Any) -> None:
        if trainer.global_step in (self.warm_up, trainer.max_steps):
            hand_written.synchronize()
            self.times[trainer.global_step] = time.perf_counter()


def random_data(config: dict[str, Any], images: int = 60_000) -> ImageDataModule:
    """Random bytes in place of the images."""
    data = build("data", config["data"])
    generator = torch.Generator().manual_seed(0)
    pictures = torch.randint(0, 256, (images, *data.image_shape), dtype=torch.uint8, generator=generator)
    made = Images(pictures, torch.arange(images) % data.classes)
    data._splits = Splits(made, made)
    return data


def train(config: dict[str, Any], data: ImageDataModule, warm_up: int) -> float:
    """Seconds per iteration of the framework, from the end of the warm-up to the end of the run."""
    ready_process()
    settings = Settings.of(config)
    with tempfile.TemporaryDirectory() as folder:
        prepared = experiment.prepare(config, settings, build("model", config["model"]), data, Path(folder), [])
        clock = Clock(warm_up)
        prepared.trainer.callbacks.insert(0, clock)  # type: ignore[attr-defined]
        prepared.trainer.fit(prepared.model, datamodule=data)
    return (clock.times[config["iterations"]] - clock.times[warm_up]) / (config["iterations"] - warm_up)


def configure(overrides: list[str]) -> dict[str, Any]:
    """A run on MNIST's shape that measures nothing, draws no samples and saves nothing before its end."""
    return compose(["data=mnist", "metrics=none", "sample_every=100000", "checkpoint_every=100000", *overrides])


def images_per_second(loop: Callable[..., float], config: dict[str, Any], data: ImageDataModule, warm_up: int) -> float:
    """A loop's speed; what it prints goes nowhere."""
    with open(os.devnull, "w") as nowhere, contextlib.redirect_stdout(nowhere), contextlib.redirect_stderr(nowhere):
        return data.batch_size / loop(config, data, warm_up)


def usual(system: str) -> float:
    """Images per second of the usual script, in a process of its own."""
    command = [sys.executable, __file__, "--usual", system]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return float(done.stdout.strip().splitlines()[-1])


def measure(system: str, rounds: int) -> dict[str, Any]:
    """The speeds of one system, and how ours compares."""
    print(system)
    config = configure(SYSTEMS[system])
    data = random_data(config)
    warm_up = WARM_UP.get(system, 5)
    contestants: dict[str, Callable[[], float]] = {
        "ours": partial(images_per_second, train, config, data, warm_up),
        "by_hand": partial(images_per_second, hand_written.train, config, data, warm_up),
    }
    if system in TUTORIALS:
        bfloat16 = configure([*SYSTEMS[system], "precision=bf16"])
        contestants["ours_in_bf16"] = partial(images_per_second, train, bfloat16, data, warm_up)
        contestants["usual"] = partial(usual, system)
    speeds = in_turns(contestants, rounds)
    ratios = {name: ratio(speeds["ours"], values) for name, values in speeds.items() if name != "ours"}
    if system in TUTORIALS:
        ratios["usual, by ours in bf16"] = ratio(speeds["ours_in_bf16"], speeds["usual"])
    return {
        "overrides": SYSTEMS[system],
        "rounds": rounds,
        "images_per_second": {name: spread(values) for name, values in speeds.items()},
        "ours_over": ratios,
    }


def main() -> None:
    parser = argparse.ArgumentParser(description="Our loop against a hand-written one and the usual script.")
    names = f"{', '.join(SYSTEMS)}; the results of others stay"
    parser.add_argument("systems", nargs="*", default=[*SYSTEMS], help=names)
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--usual", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.usual:
        config = configure(SYSTEMS[options.usual])
        warm_up = WARM_UP.get(options.usual, 5)
        print(images_per_second(usual_script.train, config, random_data(config), warm_up))
        return
    earlier = RESULTS / "loop.json"
    results = json.loads(earlier.read_text())["results"] if earlier.exists() else {}
    write("loop", results | {system: measure(system, options.rounds) for system in options.systems})


if __name__ == "__main__":
    main()
