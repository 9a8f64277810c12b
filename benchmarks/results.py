"""Tables of results, made from runs' own `summary.json` and never by hand.

    python benchmarks/results.py RUN_FOLDER ... [--write README.md] [--mark results] [--choices]

`--write` puts the table between the lines `<!-- results -->` and `<!-- /results -->` of a Markdown file, `--mark` says
another word for `results`, and `--choices` adds the keys in which the runs differ.
"""

from __future__ import annotations

import argparse
import json
import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

Summary = dict[str, Any]


def fid_of(summary: Summary) -> dict[str, Any]:
    """The entry of a run's FID."""
    (fid,) = (entry for name, entry in summary["metrics"].items() if name.startswith("fid/"))
    return fid


def share(summary: Summary, name: str) -> str:
    """A share in per cent; nothing where the run has not measured it."""
    entry = summary["metrics"].get(name)
    return "" if entry is None else f"{100 * entry['value']:.1f} %"


COLUMNS: dict[str, Callable[[Summary, dict[str, Any]], str]] = {
    "experiment": lambda summary, fid: summary["task"],
    "iterations": lambda summary, fid: f"{summary['iterations']:,}",
    "images seen": lambda summary, fid: f"{summary['images_seen']:,}",
    "minutes": lambda summary, fid: f"{summary['seconds'] / 60:.1f}",
    "device": lambda summary, fid: summary["device"],
    "FID": lambda summary, fid: f"{fid['value']:.2f}",
    "floor": lambda summary, fid: f"{fid['floor']:.3f}",
    "x floor": lambda summary, fid: f"{fid['times_floor']:.1f}",
    "rarest digit": lambda summary, fid: share(summary, "classes/rarest_share"),
    "label agreement": lambda summary, fid: share(summary, "classes/label_agreement"),
    "seed": lambda summary, fid: str(summary["seed"]),
}
"""What a table can tell of a run, from its summary and its FID's entry there."""
SHOWN = [column for column in COLUMNS if column != "label agreement"]


def cells(summary: Summary, columns: Sequence[str]) -> list[str]:
    """A run's values of these columns."""
    fid = fid_of(summary)
    return [COLUMNS[column](summary, fid) for column in columns]


def differences(summaries: list[Summary]) -> list[str]:
    """For each run its values of the keys that are not the same in all."""
    all_choices = [{key: json.dumps(value) for key, value in summary["choices"].items()} for summary in summaries]
    keys = sorted({key for choices in all_choices for key in choices})
    varied = [key for key in keys if len({choices.get(key) for choices in all_choices}) > 1]
    named = [key for key in varied if not key.startswith(("optimizer.generator", "optimizer.discriminator"))]
    return [", ".join(f"`{key}={choices.get(key)}`" for key in named) for choices in all_choices]


def read(folders: Sequence[Path]) -> list[Summary]:
    """The summaries of these runs."""
    return [json.loads((folder / "summary.json").read_text()) for folder in folders]


def table(
    summaries: Sequence[Summary], columns: Sequence[str] = SHOWN, extra: dict[str, Sequence[str]] | None = None
) -> str:
    """A Markdown table with a row for each run, and below it the protocols and versions; `extra` adds columns."""
    extra = extra or {}
    head = [*columns, *extra]
    rows = [[*cells(summary, columns), *more] for summary, *more in zip(summaries, *extra.values(), strict=True)]
    protocols = dict.fromkeys(
        "{features}; reference: {reference}; {generated:,} samples, weights: {generator_weights}".format(
            **fid_of(summary)["protocol"]
        )
        for summary in summaries
    )
    versions = dict.fromkeys(f"torch {summary['versions']['torch']}" for summary in summaries)
    lines = ["| " + " | ".join(line) + " |" for line in (head, ["---"] * len(head), *rows)]
    return "\n".join([*lines, "", *(f"- {protocol}" for protocol in protocols), f"- {', '.join(versions)}"])


def fill(file: Path, mark: str, text: str) -> None:
    """Put `text` between the lines `<!-- mark -->` and `<!-- /mark -->` of a Markdown file."""
    marked = re.compile(rf"(<!-- {mark} -->\n).*(<!-- /{mark} -->)", re.DOTALL)
    file.write_text(marked.sub(lambda match: match.group(1) + text + "\n" + match.group(2), file.read_text()))


def main() -> None:
    parser = argparse.ArgumentParser(description="A Markdown table of runs.")
    parser.add_argument("runs", nargs="+", type=Path)
    parser.add_argument("--write", type=Path)
    parser.add_argument("--mark", default="results")
    parser.add_argument("--choices", action="store_true")
    options = parser.parse_args()
    summaries = read(options.runs)
    made = table(summaries, extra={"choices": differences(summaries)} if options.choices else None)
    print(made)
    if options.write:
        fill(options.write, options.mark, made)


if __name__ == "__main__":
    main()
