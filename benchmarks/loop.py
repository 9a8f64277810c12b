"""Images per second of `python train.py model=dcgan data=mnist` against a hand-written loop.

Both train the same networks on the same batches with the same optimizers, in turns within one process, and the
hand-written loop gets every trick that ours gets: one forward of G for both phases, frozen opponents, fused Adam,
batches by one index from bytes in memory. Ours runs as a user has it: progress bar, curves to TensorBoard and CSV.
The images are random bytes in MNIST's shape, so that nothing need be downloaded; speed does not depend on them.

    python benchmarks/loop.py [--iterations 60] [--rounds 5] [GROUP=OPTION ...]
"""

from __future__ import annotations

import argparse
import json
import platform
import statistics
import tempfile
import time
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any

import pytorch_lightning as pl
import torch
from torch import nn

from gan_lab import experiment
from gan_lab.adversarial import frozen
from gan_lab.building import build
from gan_lab.data.datamodule import ImageDataModule
from gan_lab.data.images import Batch, Images, Splits
from gan_lab.data.stream import BatchStream
from gan_lab.models.noise_gan import NoiseGAN
from gan_lab.overrides import compose
from gan_lab.seeding import seeded_generator
from gan_lab.settings import Settings

WARM_UP = 10  # iterations before the clock starts


class Clock(pl.Callback):
    """Notes when the warm-up and when the last iteration ended."""

    def __init__(self) -> None:
        self.times: dict[int, float] = {}

    def on_train_batch_end(self, trainer: pl.Trainer, *args: Any) -> None:
        if trainer.global_step in (WARM_UP, trainer.max_steps):
            synchronize()
            self.times[trainer.global_step] = time.perf_counter()


def synchronize() -> None:
    if torch.cuda.is_available():
        torch.cuda.synchronize()


def random_data(config: dict[str, Any]) -> ImageDataModule:
    data = build("data", config["data"])
    generator = torch.Generator().manual_seed(0)
    pictures = torch.randint(0, 256, (60_000, *data.image_shape), dtype=torch.uint8, generator=generator)
    images = Images(pictures, torch.arange(60_000) % data.classes)
    data._splits = Splits(images, images)
    return data


def ours(config: dict[str, Any], data: ImageDataModule, iterations: int) -> float:
    """Seconds per iteration of the framework."""
    experiment.quiet_lightning()
    settings = Settings.of(config)
    with tempfile.TemporaryDirectory() as folder:
        prepared = experiment.prepare(config, settings, build("model", config["model"]), data, Path(folder), [])
        clock = Clock()
        prepared.trainer.callbacks.insert(0, clock)  # type: ignore[attr-defined]
        prepared.trainer.fit(prepared.model, datamodule=data)
    return (clock.times[iterations] - clock.times[WARM_UP]) / (iterations - WARM_UP)


def by_hand(config: dict[str, Any], data: ImageDataModule, iterations: int) -> float:
    """Seconds per iteration of a plain PyTorch loop, which prints its losses as often as ours draws its curves."""
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    model: NoiseGAN = build("model", config["model"]).to(device)
    if config["channels_last"]:
        model.to(memory_format=torch.channels_last)
    generator, discriminator = model.generator, model.discriminator
    generator_steps = model.generator_optimizer(generator.parameters())
    discriminator_steps = model.discriminator_optimizer(discriminator.parameters())
    random = seeded_generator(device, 0, "benchmark")
    criterion = nn.BCEWithLogitsLoss()
    start = 0.0
    batches: Iterator[Batch] = iter(BatchStream(data.splits.train.to(device), data.batch_size, 0))
    for iteration, batch in enumerate(islice(batches, iterations), start=1):
        ones = torch.ones(data.batch_size, device=device)
        fake = generator(model.noise(data.batch_size, random))
        real_loss = criterion(discriminator(batch.real), ones)
        discriminator_loss = real_loss + criterion(discriminator(fake.detach()), torch.zeros_like(ones))
        discriminator_steps.zero_grad()
        discriminator_loss.backward()
        discriminator_steps.step()
        with frozen(discriminator):
            generator_loss = criterion(discriminator(fake), ones)
            generator_steps.zero_grad()
            generator_loss.backward()
            generator_steps.step()
        if iteration % config["log_every"] == 0:
            print(f"\r{iteration}: {discriminator_loss.item():.3f} {generator_loss.item():.3f}", end="", flush=True)
        if iteration == WARM_UP:
            synchronize()
            start = time.perf_counter()
    synchronize()
    return (time.perf_counter() - start) / (iterations - WARM_UP)


def main() -> None:
    parser = argparse.ArgumentParser(description="Our loop against a hand-written one.")
    parser.add_argument("--iterations", type=int, default=60)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("overrides", nargs="*")
    options = parser.parse_args()
    config = compose(
        ["model=dcgan", "data=mnist", "data.batch_size=128", "metrics=none", "sample_every=100000",
         "checkpoint_every=100000", f"iterations={options.iterations}", *options.overrides]
    )  # fmt: skip
    data = random_data(config)
    pairs = []
    for round_number in range(options.rounds):
        first, second = (ours, by_hand) if round_number % 2 == 0 else (by_hand, ours)
        measured = {loop.__name__: data.batch_size / loop(config, data, options.iterations) for loop in (first, second)}
        pairs.append(measured)
        print(f"\nround {round_number + 1}: ours {measured['ours']:.0f}, by hand {measured['by_hand']:.0f} images/s")
    ratios = sorted(pair["ours"] / pair["by_hand"] for pair in pairs)
    report = {
        "images_per_second": {name: statistics.median(pair[name] for pair in pairs) for name in pairs[0]},
        "ratio_median": statistics.median(ratios),
        "ratio_range": [ratios[0], ratios[-1]],
        "rounds": options.rounds,
        "iterations": options.iterations,
        "overrides": options.overrides,
        "torch": torch.__version__,
        "machine": platform.machine(),
        "threads": torch.get_num_threads(),
    }
    print(json.dumps(report, indent=2))


if __name__ == "__main__":
    main()
