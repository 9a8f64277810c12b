"""What is kept for later runs: made once, whole or not at all, anew where it is damaged, and done without."""

from __future__ import annotations

import logging
import subprocess
import sys
import time
from pathlib import Path

import pytest
import torch
from safetensors.torch import load, save
from torch import nn

from gan_lab import cache
from gan_lab.building import build
from gan_lab.metrics.features import Features
from gan_lab.metrics.fid import FrechetDistance
from gan_lab.metrics.measure import Reference
from gan_lab.overrides import compose

CONTENT = save({"one": torch.arange(1000)})

SCRIPT = """
import os, sys, time
from pathlib import Path
from gan_lab.cache import cached

path, mode = Path(sys.argv[1]), sys.argv[2]

def make():
    with open(path.with_name("made.txt"), "a") as file:
        file.write("once\\n")
    time.sleep(0.5)
    return b"x" * 100_000

def stand_still(_):
    print("writing", flush=True)
    time.sleep(60)

if mode == "killed":
    os.fsync = stand_still
print(len(cached(path, bytes, make)))
"""


def make() -> bytes:
    return CONTENT


def total(content: bytes) -> int:
    return int(load(content)["one"].sum())


def start(path: Path, mode: str) -> subprocess.Popen[str]:
    return subprocess.Popen([sys.executable, "-c", SCRIPT, str(path), mode], stdout=subprocess.PIPE, text=True)


def test_it_is_made_once(tmp_path: Path) -> None:
    path = tmp_path / "kept" / "sum.safetensors"
    assert cache.cached(path, total, make) == 499500
    assert path.read_bytes() == CONTENT
    assert cache.cached(path, total, lambda: pytest.fail("made again")) == 499500


@pytest.mark.parametrize("content", [b"", CONTENT[:-1], CONTENT[:5], b"\0" * 500, b"garbage" * 99, save({})])
def test_a_damaged_file_is_made_anew(tmp_path: Path, content: bytes, caplog: pytest.LogCaptureFixture) -> None:
    path = tmp_path / "sum.safetensors"
    path.write_bytes(content)
    assert cache.cached(path, total, make) == 499500
    assert path.read_bytes() == CONTENT
    assert f"{path} is damaged and is made anew" in caplog.text


@pytest.mark.parametrize("obstacle", ["a file for a folder", "a folder for the file", "a full disk"])
def test_it_is_done_without_where_it_cannot_be_written(
    tmp_path: Path, obstacle: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / "kept" / "sum.safetensors"
    if obstacle == "a file for a folder":
        path.parent.write_text("no folder")
    elif obstacle == "a folder for the file":
        path.mkdir(parents=True)
    else:
        monkeypatch.setattr("os.fsync", lambda _: (_ for _ in ()).throw(OSError(28, "No space left on device")))
    before = {found for found in tmp_path.rglob("*") if found.suffix != ".lock"}
    assert cache.cached(path, total, make) == 499500
    assert f"{path} cannot be kept" in caplog.text
    left = {found for found in tmp_path.rglob("*") if found.suffix != ".lock"}
    assert left - {path.parent} == before - {path.parent}


def test_what_goes_wrong_while_it_is_made_is_not_hidden(tmp_path: Path) -> None:
    def broken() -> bytes:
        raise OSError(28, "of something else")

    with pytest.raises(OSError, match="of something else"):
        cache.cached(tmp_path / "sum.safetensors", total, broken)


def test_two_processes_make_it_once(tmp_path: Path) -> None:
    path = tmp_path / "kept.bin"
    both = [start(path, "usual"), start(path, "usual")]
    assert [process.communicate(timeout=60)[0] for process in both] == ["100000\n", "100000\n"]
    assert (tmp_path / "made.txt").read_text() == "once\n"


def test_after_a_process_that_was_killed_while_it_wrote_the_next_succeeds(tmp_path: Path) -> None:
    path = tmp_path / "kept.bin"
    killed = start(path, "killed")
    assert killed.stdout is not None
    assert killed.stdout.readline() == "writing\n"
    waiting = start(path, "usual")
    time.sleep(0.3)
    assert not path.exists()
    killed.kill()
    killed.communicate()
    assert waiting.communicate(timeout=60)[0] == "100000\n"
    assert {found.name for found in tmp_path.iterdir()} == {"kept.bin", "kept.lock", "made.txt"}
    assert path.stat().st_size == 100_000


class Mean(nn.Module):
    num_features = 1

    def forward(self, pictures: torch.Tensor) -> torch.Tensor:
        return pictures.float().mean((1, 2, 3))[:, None]


def test_statistics_do_without_the_cache_and_survive_a_damaged_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    data = build("data", compose(["data=digits"])["data"])
    metric = FrechetDistance()
    reference = Reference(data, Features("test", Mean(), "mean of this test"), 10, torch.device("cpu"))
    floors = []
    for name, content in (("fresh", None), ("damaged", None), ("none", b"no folder")):
        folder = tmp_path / ("fresh" if content is None else name)
        if content is not None:
            folder.write_bytes(content)
        if name == "damaged":
            (kept,) = (folder / "gan_lab" / "statistics").glob("*.safetensors")
            kept.write_bytes(save({"floor": torch.tensor(1.0)}))
        monkeypatch.setenv("XDG_CACHE_HOME", str(folder))
        with caplog.at_level(logging.WARNING):
            metric.prepare(reference)
        floors.append(metric.floor)
    assert floors[0] == floors[1] == floors[2] > 0
    assert "is made anew" in caplog.text
    assert "cannot be kept" in caplog.text
