"""The tables of `docs/benchmarks.md`, from the results that the other benchmarks have left.

    python benchmarks/report.py [--write docs/benchmarks.md]

A table whose benchmark has not been run stays as it is.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from measuring import RESULTS
from results import fill

Spread = dict[str, float]


def shown(value: Spread, digits: int = 2) -> str:
    """The median, and in brackets the least and the greatest."""
    median, least, greatest = (f"{value[key]:,.{digits}f}" for key in ("median", "least", "greatest"))
    return f"{median} ({least} to {greatest})"


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """In Markdown."""
    return "\n".join("| " + " | ".join(line) + " |" for line in (head, ["---"] * len(head), *rows))


def loop(results: dict[str, Any]) -> str:
    """Ours against the others."""
    rows = []
    for found in results.values():
        speed, ours_over = found["images_per_second"], found["ours_over"]
        usual = [shown(ours_over[key]) if key in ours_over else "" for key in ("usual", "usual, by ours in bf16")]
        median = f"{speed['ours']['median']:,.0f}"
        name, rounds = f"`{' '.join(found['overrides'][:2])}`", f"{found['rounds']}"
        rows.append([name, rounds, median, shown(ours_over["by_hand"]), *usual])
    head = [
        "system",
        "rounds",
        "images per second",
        "over a hand-written loop",
        "over the usual script",
        "the same in bf16",
    ]
    return f"{table(head, rows)}\n\nMedians of the rounds, with the least and the greatest."


def operators(results: dict[str, Any]) -> str:
    """Shares of an iteration."""
    kinds = list(next(iter(results.values()))["shares"])
    rows = [
        [f"`{' '.join(found['overrides'][:2])}`", *(f"{100 * found['shares'][kind]:.0f} %" for kind in kinds)]
        for found in results.values()
    ]
    return f"{table(['system', *kinds], rows)}\n\nOf the operators' own time in 20 iterations."


def startup(results: dict[str, Any]) -> str:
    """Seconds of whole commands."""
    rows = [[f"`{name}`", shown(seconds)] for name, seconds in results["seconds"].items()]
    return f"{table(['command', 'seconds'], rows)}\n\nMedians of {results['rounds']} rounds."


def evaluation(results: dict[str, Any]) -> str:
    """Seconds of FID and of its parts."""
    samples = results["samples"]
    rows = [
        [name, shown(seconds), f"{samples / seconds['median']:,.0f}"] for name, seconds in results["seconds"].items()
    ]
    head = [f"of {samples:,} samples", "seconds", "images per second"]
    return f"{table(head, rows)}\n\nMedians of {results['rounds']} rounds."


def scale(results: dict[str, Any]) -> str:
    """One table for each thing that grows."""
    parts = []
    for name, measured in results["tables"].items():
        rows, rounds = measured["rows"], measured["rounds"]
        if name == "images":
            head = ["training images", "images per second", "MB of memory at most"]
            lines = [
                [f"{int(images):,}", shown(found["images_per_second"], 0), f"{found['megabytes']['median']:,.0f}"]
                for images, found in rows.items()
            ]
        else:
            head = [name, "images per second"]
            lines = [[row or "as it comes", shown(speed, 0)] for row, speed in rows.items()]
        parts.append(f"{table(head, lines)}\n\nMedians of {rounds} rounds.")
    return "\n\n".join(parts)


def quality(results: dict[str, Any]) -> str:
    """Time to the goal, and the lowest FID."""
    rows = []
    for name, found in results["recipes"].items():
        seconds = found["seconds_to_goal"]
        reached = "not reached" if seconds is None else f"{seconds:,.0f} or less"
        lowest = shown(found["lowest_times_floor"], 1)
        pace = f"{1000 * found['seconds_per_iteration']['median']:,.0f}"
        command = f"`{' '.join(found['overrides'])}`"
        seeds = f"{len(found['seeds'])}"
        rows.append([name, command, seeds, f"{found['minutes']:g}", f"{found['iterations']:,}", pace, reached, lowest])
    head = [
        "recipe",
        "command",
        "seeds",
        "minutes",
        "iterations",
        "ms each",
        f"seconds to {results['goal']} x floor",
        "lowest",
    ]
    protocol = next(iter(results["recipes"].values()))["runs"][0]
    facts = "{features}; reference: {reference}; {generated:,} samples".format(**protocol["protocol"])
    note = f"Medians of the seeds. FID as a multiple of the floor, {protocol['floor']:.3f}: {facts}. {RESOLUTION}"
    return f"{table(head, rows)}\n\n{note}"


RESOLUTION = "FID was measured 30 times in a run, so that the goal may have been reached a thirtieth earlier."

TABLES: dict[str, Callable[[dict[str, Any]], str]] = {
    "loop": loop,
    "operators": operators,
    "startup": startup,
    "evaluation": evaluation,
    "scale": scale,
    "quality": quality,
}


def stamp(machine: dict[str, Any]) -> str:
    """Where and with what it was measured."""
    processor = machine["gpu"] or f"{machine['processor']}, {machine['cores']} cores"
    versions = ", ".join(f"{name} {machine[name]}" for name in ("python", "torch", "pytorch-lightning", "hydra-core"))
    return f"{processor}; {versions}; {machine['date']}."


def main() -> None:
    parser = argparse.ArgumentParser(description="Tables of the benchmarks' results.")
    parser.add_argument("--write", type=Path)
    options = parser.parse_args()
    for name, make in TABLES.items():
        path = RESULTS / f"{name}.json"
        if not path.exists():
            continue
        content = json.loads(path.read_text())
        text = f"{make(content['results'])} {stamp(content['machine'])}"
        print(f"\n{name}\n\n{text}")
        if options.write:
            fill(options.write, name, text)


if __name__ == "__main__":
    main()
