"""Full and read-only disks: one line with the file, the reason and the remedy; what was there stays as it was."""

from __future__ import annotations

import errno
import logging
import os
import resource
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import numpy as np
import pytest
import torch
from tensorboard.compat.tensorflow_stub.io.gfile import LocalFileSystem

from gan_lab import atomic, cli
from gan_lab.checkpoint import read_checkpoint
from gan_lab.data.images import Fakes
from gan_lab.disk import LogFile, disk_errors_told
from gan_lab.errors import UserError
from gan_lab.sampling import write_images

TINY = ["trainer=cpu", "data.batch_size=32", "log_every=1", "metrics.num_samples=64", "network.width=8"]
SHORT = [*TINY, "iterations=3", "checkpoint_every=2", "sample_every=2", "metrics.every=2"]


def full(*_: object) -> None:
    raise OSError(errno.ENOSPC, "No space left on device")


@pytest.fixture(autouse=True)
def in_own_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Work in an empty folder, and leave the program's logging as it was."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("sys.argv", ["train.py"])
    root = logging.getLogger()
    handlers, level = list(root.handlers), root.level
    yield
    for handler in set(root.handlers) - set(handlers):
        with suppress(OSError):
            handler.close()
    root.handlers[:], root.level = handlers, level


@contextmanager
def largest_file(size: int) -> Iterator[None]:
    """No file can grow beyond `size` bytes, whoever runs the tests; Python ignores the signal that comes with it."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def complaint(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    """The one line of error that the program ends with."""
    try:
        code = cli.main(arguments)
    except SystemExit as end:  # a job's own way out of Hydra
        code = end.code
    printed = capsys.readouterr()
    assert code == 1
    assert "Traceback" not in printed.err + printed.out
    assert "Exception" not in printed.err + printed.out
    lines = [line for line in printed.err.splitlines() if line.startswith("error: ")]
    assert len(lines) == 1, printed.err
    assert not [path for path in Path().rglob("*") if path.suffix == ".tmp"]
    return lines[0]


def refuse(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    """Let the disk be full whenever a file of this name is to be put in place."""
    replace = os.replace

    def replace_unless_full(source: Path, target: Path) -> None:
        if Path(target).name == name:
            raise OSError(errno.ENOSPC, "No space left on device", str(source), None, str(target))
        replace(source, target)

    monkeypatch.setattr("os.replace", replace_unless_full)


def test_a_file_that_fails_leaves_the_earlier_one_and_nothing_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "folder" / "file"
    atomic.write(path, b"earlier")
    with pytest.raises(TypeError):
        atomic.write(path, "no bytes")  # type: ignore[arg-type]
    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(OSError, match="No space") as told:
        atomic.write(path, b"later")
    assert told.value.filename == str(path)
    assert path.read_bytes() == b"earlier"
    assert list(path.parent.iterdir()) == [path]


def test_an_append_that_fails_adds_nothing(tmp_path: Path) -> None:
    path = tmp_path / "file"
    atomic.append(path, "earlier\n")
    with largest_file(20_000), pytest.raises(OSError, match="too large") as told:
        atomic.append(path, "x" * 30_000)
    assert told.value.filename == str(path)
    assert path.read_text() == "earlier\n"


@pytest.mark.parametrize("error", [ValueError("a mistake"), FileNotFoundError(errno.ENOENT, "missing"), OSError("odd")])
def test_other_errors_keep_their_traceback(error: Exception) -> None:
    with pytest.raises(type(error)) as told, disk_errors_told("place", lambda: "remedy"):
        raise error
    assert told.value is error


def test_an_error_of_the_disk_is_told_with_its_place_and_remedy() -> None:
    def log() -> None:
        try:
            full()
        except OSError as error:
            raise ValueError("you tried to log 1") from error  # as Lightning does

    with pytest.raises(UserError) as told, disk_errors_told("place", lambda: "remedy"):
        log()
    assert str(told.value) == "place cannot be written (No space left on device); free some space there, remedy"


@pytest.mark.parametrize(
    "name", ["metrics.csv", "real.png", "0000002.png", "last.ckpt", "best.ckpt", "growth.gif", "summary.json"]
)
def test_a_full_disk_ends_training_in_one_line(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    refuse(monkeypatch, name)
    line = complaint(capsys, "train", *SHORT, "hydra.run.dir=run")
    assert f"/{name} cannot be written (No space left on device); free some space there, then " in line
    last = Path("run/checkpoints/last.ckpt")
    if name in ("growth.gif", "summary.json"):
        assert f"resume={last.parent.parent.resolve()} goes on" in line
        assert read_checkpoint(last)["global_step"] == 3
    else:
        assert "nothing was saved yet" in line
        assert not last.exists()
    assert not Path("run", name).exists()


def test_a_checkpoint_stays_whole_where_the_next_finds_no_room(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["train", *SHORT, "hydra.run.dir=run"]) == 0
    kept = {path: path.read_bytes() for path in Path("run/checkpoints").iterdir()}
    curves = Path("run/metrics.csv").read_text()
    with largest_file(min(len(content) for content in kept.values()) // 2):
        line = complaint(capsys, "train", "resume=run", "iterations=9", "metrics.every=100", "logger=csv")
    assert "last.ckpt cannot be written (File too large); raise the largest size of a file (ulimit -f), then re" in line
    assert {path: path.read_bytes() for path in Path("run/checkpoints").iterdir()} == kept
    assert Path("run/metrics.csv").read_text().startswith(curves)
    assert cli.main(["train", "resume=run", "iterations=5"]) == 0


@pytest.mark.parametrize("write", [1, 4, 30])
def test_a_full_disk_under_tensorboard(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, write: int
) -> None:
    """Its thread fails at that write, and the run ends at the next one, at the last at the latest."""
    left = iter(range(write))
    append = LocalFileSystem.append

    def append_until_full(self: LocalFileSystem, *arguments: object) -> None:
        if next(left, None) is None:
            full()
        append(self, *arguments)

    monkeypatch.setattr(LocalFileSystem, "append", append_until_full)
    line = complaint(capsys, "train", *SHORT, "hydra.run.dir=run")
    assert f"{Path('run').resolve()} cannot be written (No space left on device); free some space there, then " in line


def test_a_full_disk_under_the_log(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    Path("run").mkdir()
    Path("run/train.log").symlink_to("/dev/full")
    line = complaint(capsys, "train", *SHORT, "hydra.run.dir=run")
    assert f"{tmp_path / 'run/train.log'} cannot be written (No space left on device)" in line


def test_other_errors_of_the_log_are_printed_as_ever(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    handler = LogFile(tmp_path / "train.log")
    handler.handle(logging.makeLogRecord({"msg": "%d", "args": ("word",)}))
    handler.close()
    assert "Logging error" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("folder", "told"),
    [
        ("file/run", "file/run cannot be used (Not a directory); move the file away"),
        ("file", "file cannot be used (File exists); move the file away that stands where a folder is wanted"),
        ("x" * 300, "cannot be used (File name too long); choose a shorter name"),
    ],
)
def test_a_run_folder_that_cannot_be(capsys: pytest.CaptureFixture[str], folder: str, told: str) -> None:
    Path("file").write_text("kept")
    line = complaint(capsys, "train", *SHORT, f"hydra.run.dir={folder}")
    assert told in line
    assert "or choose another folder by hydra.run.dir=FOLDER" in line
    assert Path("file").read_text() == "kept"


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_without_permission(capsys: pytest.CaptureFixture[str]) -> None:
    Path("locked").mkdir(mode=0o500)
    line = complaint(capsys, "train", *SHORT, "hydra.run.dir=locked/run")
    assert "locked/run cannot be used (Permission denied); give yourself the permission, or choose another" in line


@pytest.mark.parametrize("name", ["grid.png", "images.npz", "folder"])
def test_samples_are_written_whole_or_not_at_all(name: str, tmp_path: Path) -> None:
    pictures = torch.from_numpy(np.random.default_rng(0).integers(0, 256, (20, 3, 64, 64), dtype=np.uint8))
    out = tmp_path / name
    if name == "folder":
        write_images([Fakes(pictures)], out)
        assert len(list(out.iterdir())) == 20
        out = tmp_path / "other"
    else:
        out.write_bytes(b"earlier")
    with largest_file(5_000), pytest.raises(OSError, match="too large"):
        write_images([Fakes(pictures)], out)
    assert not [path for path in tmp_path.iterdir() if path.suffix == ".tmp"]
    assert not out.exists() if name == "folder" else out.read_bytes() == b"earlier"
