"""How long sampling and FID take, of an untrained DCGAN on MNIST's shape; the weights change nothing about it.

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
from gan_lab.process import ready_process


def main() -> None:
    parser = argparse.ArgumentParser(description="Seconds for sampling and FID.")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--samples", type=int, default=10_000)
    options = parser.parse_args()
    ready_process()
    config = configure(["model=dcgan", "metrics=classifier", f"metrics.num_samples={options.samples}"])
    data = random_data(config, 10_000)
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    model = build("model", config["model"]).to(device).to(memory_format=torch.channels_last)
    metric = build("metrics.fid", config["metrics"]["fid"])
    with tempfile.TemporaryDirectory() as folder, patch.object(fid, "cache_folder", lambda: Path(folder)):
        metric.prepare(data, device)
    kept = [*model.sample(options.samples, seed=0)]

    def sampling() -> float:
        started = time.perf_counter()
        for batch in model.sample(options.samples, seed=0):
            batch.images.cpu()
        return time.perf_counter() - started

    def features_and_distance() -> float:
        started = time.perf_counter()
        metric.measure(kept)
        return time.perf_counter() - started

    def both() -> float:
        started = time.perf_counter()
        metric.measure(model.sample(options.samples, seed=0))
        return time.perf_counter() - started

    parts = {"sampling": sampling, "features and distance": features_and_distance, "fid/classifier": both}
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
