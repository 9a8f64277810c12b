"""Timing side by side, and the facts about the machine that a timing depends on."""

from __future__ import annotations

import json
import os
import platform
import statistics
from collections.abc import Callable, Mapping, Sequence
from datetime import date
from importlib.metadata import version
from pathlib import Path
from typing import Any

import torch

RESULTS = Path(__file__).resolve().parents[1] / "logs" / "benchmarks"


def in_turns(contestants: Mapping[str, Callable[[], float]], rounds: int) -> dict[str, list[float]]:
    """What each contestant measures of itself in each round; who goes first changes from round to round.

    A shared machine's speed drifts by tens of per cent within minutes: only the contestants of one round compare.
    """
    measured: dict[str, list[float]] = {name: [] for name in contestants}
    order = list(contestants)
    for number in range(1, rounds + 1):
        for name in order:
            measured[name].append(contestants[name]())
        order.append(order.pop(0))
        latest = ", ".join(f"{name} {values[-1]:.4g}" for name, values in measured.items())
        print(f"\n  round {number} of {rounds}: {latest}", flush=True)
    return measured


def spread(values: Sequence[float]) -> dict[str, float]:
    """The median, the least and the greatest."""
    return {"median": statistics.median(values), "least": min(values), "greatest": max(values)}


def ratio(numerators: Sequence[float], denominators: Sequence[float]) -> dict[str, float]:
    """The spread of the rounds' ratios."""
    return spread([above / below for above, below in zip(numerators, denominators, strict=True)])


def machine() -> dict[str, Any]:
    """Processor, its cores, GPU, versions, and the day."""
    models = [line for line in _lines(Path("/proc/cpuinfo")) if line.startswith("model name")]
    return {
        "processor": models[0].partition(":")[2].strip() if models else platform.machine(),
        "cores": len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count(),
        "threads": torch.get_num_threads(),
        "gpu": torch.cuda.get_device_name() if torch.cuda.is_available() else None,
        "python": platform.python_version(),
        **{name: version(name) for name in ("torch", "pytorch-lightning", "hydra-core")},
        "date": date.today().isoformat(),
    }


def write(name: str, results: Any) -> None:
    """Keep the results of one benchmark for `report.py`."""
    RESULTS.mkdir(parents=True, exist_ok=True)
    path = RESULTS / f"{name}.json"
    path.write_text(json.dumps({"machine": machine(), "results": results}, indent=2) + "\n")
    print(f"\n{path}")


def _lines(path: Path) -> list[str]:
    return path.read_text().splitlines() if path.is_file() else []
