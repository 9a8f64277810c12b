"""The benchmarks' own arithmetic, and that each loop trains; no timing is tested."""

from __future__ import annotations

import csv
import importlib
import json
from itertools import product
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

FOLDER = Path(__file__).parents[1] / "benchmarks"


@pytest.fixture
def benchmark(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Any:
    """Imports one of the benchmarks' files, whose results go to an empty folder."""
    monkeypatch.syspath_prepend(str(FOLDER))
    measuring = importlib.import_module("measuring")
    monkeypatch.setattr(measuring, "RESULTS", tmp_path)

    def load(name: str) -> ModuleType:
        module = importlib.import_module(name)
        if hasattr(module, "RESULTS"):
            monkeypatch.setattr(module, "RESULTS", tmp_path)
        return module

    return load


def test_contestants_take_turns_and_change_places(benchmark: Any) -> None:
    calls: list[str] = []
    contestants = {name: lambda name=name: float(calls.append(name) or len(calls)) for name in "abc"}
    measured = benchmark("measuring").in_turns(contestants, 3)
    assert "".join(calls) == "abcbcacab"
    assert measured == {"a": [1, 6, 8], "b": [2, 4, 9], "c": [3, 5, 7]}


def test_a_ratio_is_of_the_same_round(benchmark: Any) -> None:
    assert benchmark("measuring").ratio([2, 9, 8], [1, 3, 2]) == {"median": 3, "least": 2, "greatest": 4}


@pytest.mark.parametrize(
    ("name", "model"),
    [*product(("ours", "by_hand"), ("gan", "dcgan", "wgan_gp", "cgan")), ("usual", "gan"), ("usual", "dcgan")],
)
def test_each_loop_trains(benchmark: Any, name: str, model: str) -> None:
    loop = benchmark("loop")
    small = (
        ["network.generator_widths=[8]", "network.discriminator_widths=[8]"] if model == "gan" else ["network.width=4"]
    )
    config = loop.configure([f"model={model}", "data.batch_size=10", "iterations=6", "log_every=5", *small])
    data = loop.random_data(config, 100)
    trained = {"ours": loop.train, "by_hand": loop.hand_written.train, "usual": loop.usual_script.train}[name]
    assert trained(config, data, 5) > 0


def written_run(folder: Path, fids: list[float]) -> Path:
    folder.mkdir()
    fid = {"floor": 0.5, "protocol": {"generated": 10}}
    metrics = {"fid/classifier": fid, "classes/rarest_share": {"value": 0.1}}
    (folder / "summary.json").write_text(json.dumps({"metrics": metrics}))
    with (folder / "metrics.csv").open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["iteration", "fid/classifier"])
        writer.writerow([5, ""])
        writer.writerows(zip((10, 20, 30), fids, strict=True))
    return folder


@pytest.mark.parametrize(
    ("fids", "seconds", "lowest"), [([40, 15, 20], 40.0, 30.0), ([40, 20, 15.5], None, 31.0), ([5, 50, 1], 20.0, 2.0)]
)
def test_time_to_quality_is_that_of_the_first_point_below_the_goal(
    benchmark: Any, tmp_path: Path, fids: list[float], seconds: float | None, lowest: float
) -> None:
    read = benchmark("quality").read(written_run(tmp_path / "run", fids), pace=2.0)
    assert (read["seconds_to_goal"], read["lowest_times_floor"]) == (seconds, lowest)


def test_the_report_fills_in_what_was_measured_and_leaves_the_rest(
    benchmark: Any, tmp_path: Path, monkeypatch: Any
) -> None:
    spread = {"median": 1.5, "least": 1.25, "greatest": 1.75}
    benchmark("measuring").write("startup", {"rounds": 3, "seconds": {"train.py --help": spread}})
    page = tmp_path / "page.md"
    page.write_text("<!-- startup -->\nold\n<!-- /startup -->\n<!-- loop -->\nkept\n<!-- /loop -->\n")
    monkeypatch.setattr("sys.argv", ["report.py", "--write", str(page)])
    benchmark("report").main()
    text = page.read_text()
    assert "| `train.py --help` | 1.50 (1.25 to 1.75) |" in text
    assert "old" not in text
    assert "kept" in text
    assert "3 rounds" in text


def test_best_lines_and_verdicts_of_a_report(benchmark: Any, tmp_path: Path) -> None:
    best_lines = benchmark("best_lines")
    head = "section,choice,metric,runs,mean,low,high,baseline,pairs,difference,verdict_low,verdict_high,verdict"
    lines = [
        "board,model=b,fid/classifier,3,20,15,25,,,,,,",
        "board,model=a,fid/classifier,3,10.5,9,12,,,,,,",
        "board,model=a,precision/classifier,3,0.5,0.4,0.6,,,,,,",
        "board,model=c,fid/classifier,3,30,20,40,,,,,,",
        "noise,noise=normal,fid/classifier,3,9,8,10,noise=normal,,,,,",
        "noise,noise=uniform,fid/classifier,3,7,6,8,noise=normal,3,-2,-3,-1,better",
    ]
    (tmp_path / "report.csv").write_text("\n".join([head, *lines]))
    rows = best_lines.read(tmp_path / "report.csv")
    assert best_lines.best_lines(rows, "board", 2).splitlines()[2:] == [
        "| `model=a` | 10.50 | 9.00 to 12.00 |  | 0.50 |  | 3 |",
        "| `model=b` | 20.00 | 15.00 to 25.00 |  |  |  | 3 |",
    ]
    assert best_lines.verdicts(rows, "board").splitlines()[2:] == [
        "| `noise=uniform` | `noise=normal` | -2.0 | -3.0 to -1.0 | 3 | better |"
    ]


def test_the_numbers_of_one_generator(benchmark: Any) -> None:
    protocol = {"features": "some", "generated": 10, "generator_weights": "raw", "noise_seed": 0, "subsets": 3}
    entry = {"value": 0.123456, "floor": 0.5, "better": "lower", "seconds": 1.26, "protocol": protocol}
    found = {
        "checkpoint": "run",
        "iterations": 52000,
        "kid/x": entry,
        "D/x": {**entry, "floor": None, "better": "neither"},
    }
    assert benchmark("evaluated").table(found).splitlines()[2:] == [
        "| `kid/x` | 0.1235 | 0.5 | lower | 1.3 |",
        "| `D/x` | 0.1235 |  |  | 1.3 |",
        "",
        "- 52,000 iterations; features: some; generated: 10; generator weights: raw; noise seed: 0",
    ]
