"""The best lines of a leaderboard, and the verdicts of ablations, out of a report's CSV into a Markdown file.

    python benchmarks/best_lines.py docs/results.csv --write README.md [--section mnist_leaderboard] [--lines 5]

They go between the lines `<!-- best -->` and `<!-- /best -->`, and `<!-- verdicts -->` and `<!-- /verdicts -->`.
"""

from __future__ import annotations

import argparse
import csv
from collections.abc import Sequence
from pathlib import Path

from results import fill

Row = dict[str, str]

FID = "fid/classifier"
BESIDE = {f"{FID}: times floor": "x floor", "precision/classifier": "precision", "recall/classifier": "recall"}


def read(path: Path) -> list[Row]:
    """The rows of the CSV."""
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def markdown(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A Markdown table."""
    return "\n".join("| " + " | ".join(line) + " |" for line in (head, ["---"] * len(head), *rows))


def best_lines(rows: Sequence[Row], section: str, lines: int) -> str:
    """The choices of a section with the lowest mean FID, each with its 95 % interval and a few numbers beside."""
    own = [row for row in rows if row["section"] == section]
    ranked = sorted((row for row in own if row["metric"] == FID and row["mean"]), key=lambda row: float(row["mean"]))
    means = {(row["choice"], row["metric"]): row["mean"] for row in own}
    table = []
    for row in ranked[:lines]:
        interval = f"{float(row['low']):.2f} to {float(row['high']):.2f}" if row["low"] else "one seed"
        beside = [means.get((row["choice"], name)) for name in BESIDE]
        shown = [f"{float(value):.2f}" if value else "" for value in beside]
        table.append([f"`{row['choice']}`", f"{float(row['mean']):.2f}", interval, *shown, row["runs"]])
    return markdown(["best of " + str(len(ranked)), "FID", "95 % interval", *BESIDE.values(), "seeds"], table)


def verdicts(rows: Sequence[Row], but: str) -> str:
    """What each ablation has found: the difference in FID from its baseline, with the interval that it is judged by."""
    table = []
    for row in rows:
        if row["section"] == but or row["metric"] != FID or row["choice"] == row["baseline"] or not row["verdict_low"]:
            continue
        interval = f"{float(row['verdict_low']):+.1f} to {float(row['verdict_high']):+.1f}"
        cells = [f"`{row['choice']}`", f"`{row['baseline']}`", f"{float(row['difference']):+.1f}", interval]
        table.append([*cells, row["pairs"], row["verdict"]])
    return markdown(["choice", "against", "FID", "interval", "seeds", "verdict"], table)


def main() -> None:
    parser = argparse.ArgumentParser(description="A report's best lines and verdicts, in a Markdown file.")
    parser.add_argument("report", type=Path)
    parser.add_argument("--write", type=Path)
    parser.add_argument("--section", default="mnist_leaderboard")
    parser.add_argument("--lines", type=int, default=5)
    options = parser.parse_args()
    rows = read(options.report)
    tables = {"best": best_lines(rows, options.section, options.lines), "verdicts": verdicts(rows, options.section)}
    for mark, table in tables.items():
        print(table, end="\n\n")
        if options.write:
            fill(options.write, mark, table)


if __name__ == "__main__":
    main()
