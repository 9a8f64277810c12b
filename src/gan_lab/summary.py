"""What a run has come to: `summary.json`, and the closing lines on the terminal."""

from __future__ import annotations

import json
import os
import platform
import subprocess
from importlib.metadata import version
from pathlib import Path
from typing import Any

from gan_lab import __version__, atomic
from gan_lab.building import conf_folder
from gan_lab.callbacks.checkpoints import BEST, LAST
from gan_lab.callbacks.evaluation import Evaluation
from gan_lab.callbacks.recording import Recorder
from gan_lab.callbacks.samples import GIF
from gan_lab.data.datamodule import ImageDataModule
from gan_lab.models.noise_gan import NoiseGAN

PACKAGES = ("torch", "torchvision", "pytorch-lightning", "hydra-core", "torchmetrics", "numpy")


def summarize(
    model: NoiseGAN, data: ImageDataModule, recorder: Recorder, evaluation: Evaluation | None, config: dict[str, Any]
) -> dict[str, Any]:
    """Results, their protocol, the budget spent and the software, ready for JSON."""
    iterations = model.iteration
    metrics = {} if evaluation is None else {name: dict(entry) for name, entry in evaluation.latest.items()}
    headline = None if evaluation is None else evaluation.battery.headline
    if evaluation is not None and headline in metrics and evaluation.fid:
        best_iteration = min(evaluation.fid, key=lambda at: (evaluation.fid[at], at))
        metrics[headline] |= {"best": evaluation.fid[best_iteration], "best_iteration": best_iteration}
    return {
        "metrics": metrics,
        "iterations": iterations,
        "generator_updates": model.generator_updates(iterations),
        "images_seen": recorder.images_seen(iterations),
        "epochs": iterations / data.batches_per_epoch,
        "seconds": round(recorder.stopwatch.total, 3),
        "training_seconds": round(recorder.stopwatch.training, 3),
        "images_per_second": recorder.images_seen(iterations) / recorder.stopwatch.training,
        "parameters": {
            player: sum(parameter.numel() for parameter in network.parameters())
            for player, network in (("generator", model.generator), ("discriminator", model.discriminator))
        },
        "overrides": list(model.checkpoint_config["overrides"]),
        "choices": choices(config),
        "seed": config["seed"],
        "task": config["task"],
        "git_revision": git_revision(),
        "versions": versions(),
    }


def versions() -> dict[str, str]:
    """The software that a result comes from."""
    own = {"gan_lab": __version__, "python": platform.python_version()}
    return own | {package: version(package) for package in PACKAGES}


def final_fid(summary: dict[str, Any]) -> float | None:
    """The FID of a run, which a sweeper minimizes; `None` for one that has measured none."""
    return next((entry["value"] for name, entry in summary["metrics"].items() if name.startswith("fid/")), None)


def choices(config: dict[str, Any]) -> dict[str, Any]:
    """The values by which runs differ, flat: of the model, its networks, noise and optimizers, and the data."""
    model = {key: value for key, value in config["model"].items() if not isinstance(value, dict)}
    sections = {"model": model, **{key: config[key] for key in ("network", "noise", "optimizer", "data")}}
    return {key: value for key, value in flat("", sections) if not key.endswith(("_partial_", "root", "read._target_"))}


def flat(prefix: str, value: Any) -> list[tuple[str, Any]]:
    """A nested dictionary as pairs of dotted keys and values."""
    if not isinstance(value, dict):
        return [(prefix, value)]
    return [pair for key, inner in value.items() for pair in flat(f"{prefix}.{key}" if prefix else key, inner)]


def git_revision() -> str | None:
    """The commit of the checkout that the package runs from; `None` when it is installed, or git is missing."""
    checkout = conf_folder().parent
    if not (checkout / ".git").exists():
        return None
    command = ["git", "-C", str(checkout), "rev-parse", "HEAD"]
    try:
        return subprocess.run(command, capture_output=True, text=True, check=True, timeout=10).stdout.strip()
    except (OSError, subprocess.SubprocessError):
        return None


def write_summary(summary: dict[str, Any], folder: Path) -> None:
    """Write `summary.json`, whole or not at all."""
    atomic.write(folder / "summary.json", (json.dumps(summary, indent=2) + "\n").encode())


def shown(path: Path) -> Path:
    """A path as the user would type it: relative where it lies below the working folder."""
    return Path(os.path.relpath(path)) if path.is_relative_to(Path.cwd()) else path


def number_line(name: str, entry: dict[str, Any]) -> str:
    """A number with its floor, and the best of the run where that is known."""
    facts = []
    if "times_floor" in entry:
        facts.append(f"{entry['times_floor']:.1f} x the floor {entry['floor']:.4g} of real test images")
    if "best" in entry:
        facts.append(f"best {entry['best']:.4g} at iteration {entry['best_iteration']}")
    return f"{name}: {entry['value']:.4g}" + (f" ({'; '.join(facts)})" if facts else "")


def closing_lines(summary: dict[str, Any], folder: Path) -> list[str]:
    """What to tell the user at the end: the result, and where everything is."""
    place = shown(folder)
    grids = sorted((folder / "samples").glob("[0-9]*.png"))
    lines = [number_line(name, entry) for name, entry in summary["metrics"].items() if name.startswith("fid/")]
    others = [
        f"{name} {entry['value']:.4g}" for name, entry in summary["metrics"].items() if not name.startswith("fid/")
    ]
    lines += [", ".join(others)] if others else []
    lines += [
        f"{summary['iterations']} iterations, {summary['images_seen']} images in {summary['seconds']:.0f} s, of which "
        f"{summary['training_seconds']:.0f} s training at {summary['images_per_second']:.0f} images/s",
        f"run folder   {place}",
        f"sample grid  {place / 'samples' / grids[-1].name}",
        f"film         {place / 'samples' / GIF}",
        f"checkpoint   {place / 'checkpoints' / LAST}{'' if final_fid(summary) is None else f' (lowest FID: {BEST})'}",
        f"curves       {f'tensorboard --logdir {place}' if any(folder.glob('events*')) else place / 'metrics.csv'}",
    ]
    return lines
