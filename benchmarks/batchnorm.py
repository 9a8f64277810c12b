"""The table of a run of experiment=seeds/batchnorm_benchmark, from its `summary.json`.

python benchmarks/batchnorm.py RUN_FOLDER [--write docs/seeds.md]
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from results import fill, read


def table(summary: dict[str, Any]) -> str:
    """Mean, deviation and range of the test accuracies of each kind."""
    kinds = {kind: found for kind, found in summary["results"].items() if "test_accuracy" in found}
    seeds = len(next(iter(kinds.values()))["test_accuracy"])
    lines = [
        f"| network | mean test accuracy over {seeds} seeds | std | lowest | highest |",
        "| --- | --- | --- | --- | --- |",
    ]
    for kind, found in kinds.items():
        values = [found["mean"], found["std"], min(found["test_accuracy"]), max(found["test_accuracy"])]
        lines.append(f"| {kind} | " + " | ".join(f"{100 * value:.2f} %" for value in values) + " |")
    epochs = len(next(iter(summary["results"]["training_loss"].values())))
    return "\n".join([*lines, "", f"- {epochs} passes, torch {summary['versions']['torch']}"])


def main() -> None:
    parser = argparse.ArgumentParser(description="A Markdown table of the batch norm benchmark.")
    parser.add_argument("run", type=Path)
    parser.add_argument("--write", type=Path)
    options = parser.parse_args()
    made = table(read([options.run])[0])
    print(made)
    if options.write:
        fill(options.write, "batchnorm", made)


if __name__ == "__main__":
    main()
