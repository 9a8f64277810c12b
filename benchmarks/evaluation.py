"""How long it takes to measure samples of an untrained DCGAN on MNIST's shape; the weights change nothing about it.

python benchmarks/evaluation.py [--rounds 5] [--samples 10000]
"""

from __future__ import annotations

import argparse
import tempfile
import time
from pathlib import Path
from unittest.mock import patch

import torch
from loop import configure, random_data
from measuring import in_turns, spread, write

from gan_lab.building import build
from gan_lab.metrics import fid
from gan_lab.metrics.battery import Battery
from gan_lab.process import ready_process


def main() -> None:
    parser = argparse.ArgumentParser(description="Seconds for sampling, FID and all measures.")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--samples", type=int, default=10_000)
    options = parser.parse_args()
    ready_process()
    config = configure(["model=dcgan", "metrics=classifier", f"metrics.num_samples={options.samples}"])
    data = random_data(config, options.samples)
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    model = build("model", config["model"]).to(device).to(memory_format=torch.channels_last)
    battery = build("metrics", config["metrics"])
    frechet_only = build("metrics", {**config["metrics"], "measure": {"fid": config["metrics"]["measure"]["fid"]}})
    with tempfile.TemporaryDirectory() as folder, patch.object(fid, "cache_folder", lambda: Path(folder)):
        battery.prepare(data, device)
        frechet_only.prepare(data, device)

    def sampling() -> float:
        started = time.perf_counter()
        for batch in model.sample(options.samples, seed=0):
            batch.images.cpu()
        return time.perf_counter() - started

    def all_of(chosen: Battery) -> float:
        started = time.perf_counter()
        chosen.measure(model, seed=0, at_end=True)
        return time.perf_counter() - started

    def as_at_a_runs_end() -> float:
        for name in ("train_features", "test_features"):  # which a run computes once
            battery.reference.__dict__.pop(name, None)
        for measure in battery.measures.values():
            measure.prepare(battery.reference)
        return all_of(battery)

    parts = {
        "sampling": sampling,
        "fid/classifier": lambda: all_of(frechet_only),
        "all measures at a run's end": as_at_a_runs_end,
    }
    measured = in_turns(parts, options.rounds)
    write(
        "evaluation",
        {
            "rounds": options.rounds,
            "samples": options.samples,
            "seconds": {name: spread(values) for name, values in measured.items()},
        },
    )


if __name__ == "__main__":
    main()
