"""Tables of results, made from runs' own `summary.json` and never by hand.

    python benchmarks/results.py RUN_FOLDER ... [--write README.md] [--mark results] [--choices]

`--write` puts the table between the lines `<!-- results -->` and `<!-- /results -->` of a Markdown file, `--mark` says
another word for `results`, and `--choices` adds the keys in which the runs differ.
"""

from __future__ import annotations

import argparse
import json
import re
from pathlib import Path
from typing import Any

HEAD = [
    "experiment",
    "iterations",
    "images seen",
    "minutes",
    "device",
    "FID",
    "floor",
    "x floor",
    "rarest digit",
    "seed",
]


def row(summary: dict[str, Any]) -> list[str]:
    (entry,) = summary["fid"].values()
    return [
        summary["task"],
        f"{summary['iterations']:,}",
        f"{summary['images_seen']:,}",
        f"{summary['seconds'] / 60:.1f}",
        summary["device"],
        f"{entry['value']:.2f}",
        f"{entry['floor']:.3f}",
        f"{entry['times_floor']:.1f}",
        f"{100 * min(entry['class_shares']):.1f} %",
        str(summary["seed"]),
    ]


def differences(summaries: list[dict[str, Any]]) -> list[str]:
    """For each run its values of the keys that are not the same in all."""
    all_choices = [{key: json.dumps(value) for key, value in summary["choices"].items()} for summary in summaries]
    keys = sorted({key for choices in all_choices for key in choices})
    varied = [key for key in keys if len({choices.get(key) for choices in all_choices}) > 1]
    named = [key for key in varied if not key.startswith(("optimizer.generator", "optimizer.discriminator"))]
    return [", ".join(f"`{key}={choices.get(key)}`" for key in named) for choices in all_choices]


def table(folders: list[Path], with_choices: bool = False) -> str:
    summaries = [json.loads((folder / "summary.json").read_text()) for folder in folders]
    rows = [HEAD, ["---"] * len(HEAD), *map(row, summaries)]
    if with_choices:
        rows = [[*cells, last] for cells, last in zip(rows, ["choices", "---", *differences(summaries)], strict=True)]
    protocols = dict.fromkeys(
        "{features}; reference: {reference}; {generated:,} samples, weights: {generator_weights}".format(
            **next(iter(summary["fid"].values()))["protocol"]
        )
        for summary in summaries
    )
    versions = dict.fromkeys(f"torch {summary['versions']['torch']}" for summary in summaries)
    lines = ["| " + " | ".join(cells) + " |" for cells in rows]
    return "\n".join([*lines, "", *(f"- {protocol}" for protocol in protocols), f"- {', '.join(versions)}"])


def main() -> None:
    parser = argparse.ArgumentParser(description="A Markdown table of runs.")
    parser.add_argument("runs", nargs="+", type=Path)
    parser.add_argument("--write", type=Path)
    parser.add_argument("--mark", default="results")
    parser.add_argument("--choices", action="store_true")
    options = parser.parse_args()
    made = table(options.runs, options.choices)
    print(made)
    if options.write:
        text = options.write.read_text()
        marked = re.compile(rf"(<!-- {options.mark} -->\n).*(<!-- /{options.mark} -->)", re.DOTALL)
        options.write.write_text(marked.sub(lambda match: match.group(1) + made + "\n" + match.group(2), text))


if __name__ == "__main__":
    main()
