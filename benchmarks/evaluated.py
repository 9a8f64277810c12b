"""A Markdown table of all numbers of one generator, out of what `gan-lab evaluate RUN --out FOLDER` has written.

python benchmarks/evaluated.py FOLDER/evaluation.json --write docs/metrics.md [--mark evaluated]
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

from results import fill

COMMON = ("features", "generated", "generator_weights", "noise_seed")


def table(found: dict[str, Any]) -> str:
    """A row for each number, with its floor and the seconds of its measure; below it what all rest on."""
    entries = {name: entry for name, entry in found.items() if isinstance(entry, dict)}
    lines = ["| number | value | floor | better | seconds |", "| --- | --- | --- | --- | --- |"]
    for name, entry in entries.items():
        floor = "" if entry["floor"] is None else f"{entry['floor']:.4g}"
        better = "" if entry["better"] == "neither" else entry["better"]
        lines.append(f"| `{name}` | {entry['value']:.4g} | {floor} | {better} | {entry['seconds']:.1f} |")
    protocol = next(iter(entries.values()))["protocol"]
    stamp = "; ".join(f"{key.replace('_', ' ')}: {protocol[key]}" for key in COMMON)
    return "\n".join([*lines, "", f"- {found['iterations']:,} iterations; {stamp}"])


def main() -> None:
    parser = argparse.ArgumentParser(description="A Markdown table of one generator's numbers.")
    parser.add_argument("evaluation", type=Path)
    parser.add_argument("--write", type=Path)
    parser.add_argument("--mark", default="evaluated")
    options = parser.parse_args()
    made = table(json.loads(options.evaluation.read_text()))
    print(made)
    if options.write:
        fill(options.write, options.mark, made)


if __name__ == "__main__":
    main()
