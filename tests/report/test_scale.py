"""Many runs: a report of a thousand takes less than a minute and a gigabyte."""

from __future__ import annotations

import csv
import io
import json
import subprocess
import sys
from pathlib import Path

import pytest
from report_folders import write_sweep

MEASURED = """
import json, pathlib, resource, sys, time
started = time.process_time()
from gan_lab import cli
code = cli.main(["report", sys.argv[1]])
status = pathlib.Path("/proc/self/status")  # getrusage would give the size of the process that this one was forked from
lines = status.read_text().splitlines() if status.exists() else []
highest = [int(line.split()[1]) for line in lines if line.startswith("VmHWM")]
kilobytes = highest[0] if highest else resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
print(json.dumps({"code": code, "seconds": time.process_time() - started, "bytes": 1024 * kilobytes}))
"""


def measure(root: Path) -> dict[str, float]:
    """What a report of `root` costs, in a process of its own."""
    command = [sys.executable, "-c", MEASURED, str(root)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=600, check=True)
    return json.loads(done.stdout.splitlines()[-1])


def write(root: Path, choices: int, seeds: int) -> None:
    """A sweep whose choice 1 is worse than the first, with curves of a hundred points and grids."""

    def value(option: str, seed: int) -> float:
        return 5 + 0.01 * (seed * 7919 % 31) + 0.01 * (seed * int(option) * 104729 % 37) + (1 if option == "1" else 0)

    write_sweep(root, "choice", [str(number) for number in range(choices)], range(seeds), value, points=100)


@pytest.mark.parametrize(
    ("choices", "seeds"),
    [
        (6, 10),
        pytest.param(10, 100, marks=pytest.mark.slow),
        pytest.param(100, 10, marks=pytest.mark.slow),
    ],
)
def test_the_report_of_many_runs_is_quick_and_small(tmp_path: Path, choices: int, seeds: int) -> None:
    """Seconds of processor time, imports included, which are most of what 60 runs take."""
    write(tmp_path, choices, seeds)
    cost = measure(tmp_path)
    assert cost["code"] == 0
    assert cost["seconds"] < (20 if choices * seeds < 100 else 60)
    assert cost["bytes"] < 1e9
    assert (tmp_path / "report.html").stat().st_size < 5e6
    rows = list(csv.DictReader(io.StringIO((tmp_path / "report.csv").read_text())))
    means = [row for row in rows if row["metric"] == "fid/classifier"]
    assert [int(row["runs"]) for row in means] == [seeds] * choices
    if choices <= 8:
        assert means[1]["verdict"] == "worse"
