"""Images per second of `python train.py` against a hand-written loop, and against the script of most tutorials.

All train the same networks on random bytes in MNIST's shape, so that nothing need be downloaded; speed does not depend
on them. They take turns within one process. Ours runs as a user has it: progress bar, curves to TensorBoard and CSV.

    python benchmarks/loop.py [SYSTEM ...] [--rounds 9]
"""

from __future__ import annotations

import argparse
import contextlib
import os
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
from measuring import in_turns, ratio, spread, write

from gan_lab import experiment
from gan_lab.building import build
from gan_lab.data.datamodule import ImageDataModule
from gan_lab.data.images import Images, Splits
from gan_lab.overrides import compose
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
    experiment.quiet_lightning()
    experiment.rule_out_gpus()
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


def measure(system: str, rounds: int) -> dict[str, Any]:
    """The speeds of one system, and how ours compares."""
    print(system)
    config = configure(SYSTEMS[system])
    data = random_data(config)
    loops = {"ours": train, "by_hand": hand_written.train}
    if system in TUTORIALS:
        loops["usual"] = usual_script.train
    warm_up = WARM_UP.get(system, 5)
    speeds = in_turns(
        {name: partial(images_per_second, loop, config, data, warm_up) for name, loop in loops.items()}, rounds
    )
    ratios = {name: ratio(speeds["ours"], values) for name, values in speeds.items() if name != "ours"}
    return {
        "overrides": SYSTEMS[system],
        "rounds": rounds,
        "images_per_second": {name: spread(values) for name, values in speeds.items()},
        "ours_over": ratios,
    }


def main() -> None:
    parser = argparse.ArgumentParser(description="Our loop against a hand-written one and the usual script.")
    parser.add_argument("systems", nargs="*", default=[*SYSTEMS], help=", ".join(SYSTEMS))
    parser.add_argument("--rounds", type=int, default=9)
    options = parser.parse_args()
    write("loop", {system: measure(system, options.rounds) for system in options.systems})


if __name__ == "__main__":
    main()
