"""Made-up run folders, with the files that a real run leaves and a report reads."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import yaml
from PIL import Image

PROTOCOL = {
    "features": "mnist classifier, 128 features, sha256 46a8ed70393b",
    "reference": "mnist, all 60000 training images of 28 pixels",
    "generated": 10000,
    "generator_weights": "raw",
}
ABLATION = {"question": "Which noise?", "seeds": 5, "choices": {"noise": ["normal", "uniform"]}}


def entry(value: float, seed: int = 0, better: str = "lower", **protocol: Any) -> dict[str, Any]:
    """One metric of a summary."""
    made: dict[str, Any] = {"value": value, "better": better, "floor": 0.1734, "seconds": 1.8}
    made["details"] = {"rarest_share": 0.08, "class_shares": [0.1] * 10}
    return made | {"protocol": PROTOCOL | {"noise_seed": seed} | protocol}


def summary(metrics: dict[str, Any], seed: int = 0, **changed: Any) -> dict[str, Any]:
    """What stands in `summary.json`."""
    made = {
        "metrics": metrics,
        "iterations": 2000,
        "images_seen": 128000,
        "seconds": 120.0,
        "training_seconds": 100.0,
        "choices": {"noise.dimension": 100, "data.seed": seed},
        "seed": seed,
        "task": "mnist_dcgan",
        "git_revision": "0123456789abcdef",
        "versions": {"gan_lab": "0.1.0", "torch": "2.15.0"},
        "device": "cpu",
    }
    return made | changed


def write_run(
    folder: Path,
    overrides: Sequence[str] = (),
    summary: dict[str, Any] | None = None,
    ablation: dict[str, Any] | None = None,
    curve: Mapping[int, float] | None = None,
    grid: bool = False,
) -> Path:
    """A run folder; one without a summary has failed."""
    (folder / ".hydra").mkdir(parents=True)
    (folder / ".hydra" / "overrides.yaml").write_text(yaml.safe_dump([*overrides]))
    config = {"task": "mnist_dcgan"} | ({} if ablation is None else {"ablation": ablation})
    (folder / ".hydra" / "config.yaml").write_text(yaml.safe_dump(config))
    if summary is not None:
        (folder / "summary.json").write_text(json.dumps(summary))
    if curve is not None:
        others = [f"curve/{number}" for number in range(18)]  # as many as a real run has
        rows = [",".join([str(at), *["0.5913329720497131"] * 18, str(value)]) for at, value in curve.items()]
        header = ",".join(["iteration", *others, "fid/classifier"])
        (folder / "metrics.csv").write_text("\n".join([header, *rows, ""]))
    if grid:
        (folder / "samples").mkdir()
        pixels = np.random.default_rng(0).integers(0, 255, (96, 120, 3), dtype=np.uint8)
        for name in ("0000000", "0002000", "real"):
            Image.fromarray(pixels).save(folder / "samples" / f"{name}.png")
    return folder


def write_sweep(
    folder: Path,
    key: str,
    options: Sequence[str],
    seeds: Sequence[int],
    value: Callable[[str, int], float | None],
    ablation: dict[str, Any] | None = None,
    points: int = 4,
    grids: bool = True,
) -> Path:
    """A multirun over `key` and the seeds; `value` gives a run's FID, `None` where it failed."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "multirun.yaml").write_text("hydra: {}\n")
    jobs = [(option, seed) for option in options for seed in seeds]
    for job, (option, seed) in enumerate(jobs):
        fid = value(option, seed)
        overrides = [*(["+ablation=noise"] if ablation else []), f"seed={seed}", f"{key}={option}", "data=mnist"]
        curve = None if fid is None else {500 * (at + 1): fid * points / (at + 1) for at in range(points)}
        made = None
        if fid is not None:
            metrics = {"fid/classifier": entry(fid, seed), "kid/classifier": entry(fid / 100, seed)}
            made = summary(metrics, seed, choices={"noise.kind": option, "noise.dimension": 100, "data.seed": seed})
        write_run(folder / str(job), overrides, made, ablation, curve, grids and fid is not None)
    return folder
