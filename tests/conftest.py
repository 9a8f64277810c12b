from __future__ import annotations

import logging
import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import torch
from omegaconf import OmegaConf

from gan_lab.overrides import compose

SHORT = ["trainer=cpu", "data.batch_size=32", "log_every=1", "metrics.num_samples=64"]
TINY = [*SHORT, "network.width=8"]


@pytest.fixture(scope="session", autouse=True)
def own_cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Keep the user's cache out of the tests, and the tests out of the user's cache."""
    cache = tmp_path_factory.mktemp("cache")
    os.environ["XDG_CACHE_HOME"] = str(cache)
    os.environ.pop("GAN_LAB_DATA", None)
    return cache


@pytest.fixture(autouse=True)
def one_seed() -> None:
    torch.manual_seed(0)


@pytest.fixture
def run_in(tmp_path: Path) -> Callable[..., Path]:
    """Run an experiment in this process, small unless overridden; returns its folder.

    The default DCGAN has width 8; a test of another network brings its own sizes.
    """
    from gan_lab.experiment import run

    def start(name: str, *overrides: str) -> Path:
        folder = tmp_path / name
        sized = any(override.startswith("network") for override in overrides)
        arguments = [*(SHORT if sized else TINY), *overrides]
        run(OmegaConf.create(compose(arguments)), folder, arguments)
        return folder

    return start


@pytest.fixture(scope="session")
def honest(own_cache: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a run of two iterations, which no test changes."""
    from gan_lab.experiment import run

    folder = tmp_path_factory.mktemp("honest") / "run"
    arguments = [*TINY, "iterations=2", "metrics.every=1"]
    run(OmegaConf.create(compose(arguments)), folder, arguments)
    return folder


@pytest.fixture
def workplace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Work in a folder of its own, without the network, and leave the program's logging as it was."""
    (tmp_path / "work").mkdir()
    monkeypatch.chdir(tmp_path / "work")
    monkeypatch.setattr("sys.argv", ["train.py"])
    for name in ("http_proxy", "https_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")  # nobody listens
    monkeypatch.setenv("no_proxy", "")
    root = logging.getLogger()
    handlers, level = list(root.handlers), root.level
    yield tmp_path / "work"
    for handler in set(root.handlers) - set(handlers):
        handler.close()
    root.handlers[:], root.level = handlers, level
