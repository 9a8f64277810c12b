"""Seconds to a given FID on MNIST, and the lowest FID within a given time, for some recipes.

A recipe's budget is as many iterations as fit into the time at the speed that its loop has when it is alone on the
machine; evaluation and sample grids are not counted. That speed is measured first, in turns. The seeds then train,
several at a time if wanted, for what happens at an iteration depends on no clock, and

    seconds = iterations * seconds per iteration when alone.

Runs that are there already are not trained again, and the results of other recipes stay.

    python benchmarks/quality.py [RECIPE ...] [--minutes 15] [--seeds 0 1 2] [--processes 2] [--rounds 5]
"""

from __future__ import annotations

import argparse
import csv
import json
import os
import statistics
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any

from loop import configure, images_per_second, random_data, train
from measuring import RESULTS, in_turns, spread, write

RECIPES = {
    "default": ["data=mnist"],
    "mnist_dcgan": ["experiment=mnist_dcgan"],
    "mnist_quick": ["experiment=mnist_quick"],
}
GOAL = 30  # times the floor
POINTS = 30  # measurements of FID in a run


def seconds_per_iteration(recipes: list[str], rounds: int) -> dict[str, dict[str, float]]:
    """Of each recipe, alone on the machine."""
    contestants = {}
    for recipe in recipes:
        config = configure([*RECIPES[recipe], "iterations=40"])
        data = random_data(config)
        contestants[recipe] = partial(images_per_second, train, config, data, 8)
    sizes = {recipe: configure(RECIPES[recipe])["data"]["batch_size"] for recipe in recipes}
    measured = in_turns(contestants, rounds)
    return {recipe: spread([sizes[recipe] / speed for speed in speeds]) for recipe, speeds in measured.items()}


def run(recipe: str, iterations: int, seed: int, threads: int) -> Path:
    """The folder of a run, trained unless it is there."""
    folder = RESULTS / "quality" / f"{recipe}-{iterations}-{seed}"
    if not (folder / "summary.json").exists():
        train_py = Path(__file__).resolve().parents[1] / "train.py"
        command = [sys.executable, str(train_py), *RECIPES[recipe], f"iterations={iterations}", f"seed={seed}"]
        command += [f"metrics.every={max(1, iterations // POINTS)}", f"hydra.run.dir={folder}"]
        environment = {**os.environ, "OMP_NUM_THREADS": str(threads)}
        folder.parent.mkdir(parents=True, exist_ok=True)
        with (folder.parent / f"{folder.name}.log").open("w") as log:
            subprocess.run(command, stdout=log, stderr=log, check=True, env=environment)
    return folder


def read(folder: Path, pace: float) -> dict[str, Any]:
    """What a run has reached, and when, at `pace` seconds per iteration."""
    metrics = json.loads((folder / "summary.json").read_text())["metrics"]
    measured = metrics["fid/classifier"]
    with (folder / "metrics.csv").open(newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["fid/classifier"]]
    curve = [(int(row["iteration"]), float(row["fid/classifier"]) / measured["floor"]) for row in rows]
    reached = [iteration * pace for iteration, times in curve if times <= GOAL]
    return {
        "curve": curve,
        "seconds_to_goal": reached[0] if reached else None,
        "lowest_times_floor": min(times for _, times in curve),
        "rarest_class": metrics["classes/rarest_share"]["value"],
        "protocol": measured["protocol"],
        "floor": measured["floor"],
    }


def main() -> None:
    parser = argparse.ArgumentParser(description="Time to quality on MNIST.")
    parser.add_argument("recipes", nargs="*", default=[*RECIPES], help=", ".join(RECIPES))
    parser.add_argument("--minutes", type=float, default=15)
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument("--processes", type=int, default=2, help="runs at a time, of one thread each if several")
    parser.add_argument("--rounds", type=int, default=5, help="of the measurement of speed; 0 takes the last one's")
    options = parser.parse_args()
    if options.rounds:
        write("pace", seconds_per_iteration(options.recipes, options.rounds))
    paces = json.loads((RESULTS / "pace.json").read_text())["results"]
    budgets = {recipe: int(60 * options.minutes / paces[recipe]["median"]) for recipe in options.recipes}
    threads = max(1, (os.cpu_count() or 1) // options.processes)
    jobs = [(recipe, budgets[recipe], seed, threads) for seed in options.seeds for recipe in options.recipes]
    with ThreadPoolExecutor(options.processes) as pool:
        folders = [*pool.map(lambda job: run(*job), jobs)]
    earlier = RESULTS / "quality.json"
    results: dict[str, Any] = json.loads(earlier.read_text())["results"]["recipes"] if earlier.exists() else {}
    for recipe in options.recipes:
        pace = paces[recipe]["median"]
        made = [folder for folder, job in zip(folders, jobs, strict=True) if job[0] == recipe]
        runs = [read(folder, pace) for folder in made]
        times = sorted(run["seconds_to_goal"] or float("inf") for run in runs)
        median = statistics.median_high(times)
        results[recipe] = {
            "overrides": RECIPES[recipe],
            "minutes": options.minutes,
            "seeds": options.seeds,
            "iterations": budgets[recipe],
            "seconds_per_iteration": paces[recipe],
            "seconds_to_goal": None if median == float("inf") else median,
            "lowest_times_floor": spread([run["lowest_times_floor"] for run in runs]),
            "runs": runs,
        }
    write("quality", {"goal": GOAL, "recipes": results})


if __name__ == "__main__":
    main()
