"""Where an iteration of the hand-written loop spends its time, by kind of operator: what no framework can save.

python benchmarks/operators.py
"""

from __future__ import annotations

import contextlib
import os
from typing import Any

import hand_written
from loop import SYSTEMS, configure, random_data
from measuring import write
from torch.profiler import ProfilerActivity, profile

KINDS = {
    "convolutions": ("conv",),
    "matrix products": ("mm", "linear"),
    "Adam": ("adam", "zero_grad"),
    "normalization": ("norm",),
    "activations and losses": ("relu", "tanh", "softplus", "threshold", "sigmoid", "clamp"),
}
"""Parts of the operators' names; the first kind that fits counts."""


def shares(overrides: list[str]) -> dict[str, float]:
    """Each kind's share of all operators' own time, 0 to 1."""
    config = configure([*overrides, "iterations=20"])
    data = random_data(config)
    with open(os.devnull, "w") as nowhere, contextlib.redirect_stdout(nowhere):
        hand_written.train(config, data, 2)
        with profile(activities=[ProfilerActivity.CPU]) as profiled:
            hand_written.train(config, data, 2)
    times = {event.key.lower(): event.self_cpu_time_total for event in profiled.key_averages()}
    found = dict.fromkeys([*KINDS, "the rest"], 0.0)
    for operator, time in times.items():
        fitting = (kind for kind, parts in KINDS.items() if any(part in operator for part in parts))
        found[next(fitting, "the rest")] += time / sum(times.values())
    return found


def main() -> None:
    results: dict[str, Any] = {}
    for system, overrides in SYSTEMS.items():
        results[system] = {"overrides": overrides, "shares": shares(overrides)}
        print(system, {kind: f"{100 * share:.0f} %" for kind, share in results[system]["shares"].items()})
    write("operators", results)


if __name__ == "__main__":
    main()
