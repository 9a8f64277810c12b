"""Files of MNIST and SVHN that are not what they should be: one line with the file, what is wrong and the remedy."""

from __future__ import annotations

import gzip
import hashlib
import threading
import time
from collections.abc import Callable
from pathlib import Path

import filelock
import numpy as np
import pytest
from image_files import write_idx
from torchvision.datasets import MNIST, SVHN, utils

from gan_lab.data import mnist, svhn
from gan_lab.data.images import Splits
from gan_lab.errors import UserError

IMAGES, LABELS = "train-images-idx3-ubyte", "train-labels-idx1-ubyte"
TEST_IMAGES = "t10k-images-idx3-ubyte"


def complaint(read: Callable[[Path], Splits], root: Path) -> str:
    with pytest.raises(UserError) as told:
        read(root)
    assert "\n" not in str(told.value)
    return str(told.value)


def swap(left: Path, right: Path) -> None:
    content = left.read_bytes()
    left.write_bytes(right.read_bytes())
    right.write_bytes(content)


def altered(content: bytes) -> bytes:
    return content[:100] + bytes([content[100] ^ 255]) + content[101:]


@pytest.mark.parametrize(
    ("damage", "told"),
    [
        (lambda content: content[:-10], "is truncated or altered (15686 bytes, of which its header states 15696)"),
        (altered, "is altered, or of another data set (20x28x28 bytes)"),
        (lambda content: b"", "is empty"),
        (gzip.compress, "is a .gz archive, still packed"),
        (lambda content: b"<!DOCTYPE html><html></html>", "is a web page"),
        (lambda content: content[:7], "is truncated or altered (7 bytes)"),
    ],
)
def test_a_damaged_mnist_file(small_mnist: Path, damage: Callable[[bytes], bytes], told: str) -> None:
    path = small_mnist / "MNIST/raw" / IMAGES
    path.write_bytes(damage(path.read_bytes()))
    line = complaint(mnist.read, small_mnist)
    assert f"data=mnist: {path} {told}" in line
    assert "; delete it, and it is downloaded again. data.root=FOLDER" in line
    assert TEST_IMAGES not in line


def test_labels_under_the_name_of_images(small_mnist: Path) -> None:
    path = small_mnist / "MNIST/raw" / IMAGES
    write_idx(path, np.zeros(33, dtype=np.uint8))
    assert f"{path} is altered, or of another data set (33 bytes)" in complaint(mnist.read, small_mnist)


@pytest.mark.parametrize("other", [LABELS, TEST_IMAGES])
def test_swapped_mnist_files(small_mnist: Path, other: str) -> None:
    raw = small_mnist / "MNIST/raw"
    swap(raw / IMAGES, raw / other)
    line = complaint(mnist.read, small_mnist)
    assert f"{raw / IMAGES} holds the content of {other}" in line
    assert f"{raw / other} holds the content of {IMAGES}" in line
    assert "delete them, and they are downloaded again" in line


def test_a_damaged_mnist_file_beside_its_archive(small_mnist: Path) -> None:
    path = small_mnist / "MNIST/raw" / IMAGES
    path.with_name(f"{IMAGES}.gz").write_bytes(gzip.compress(path.read_bytes()))
    path.with_name(f"{LABELS}.gz").write_bytes(b"")
    path.write_bytes(b"")
    assert f"delete it, and it is unpacked from {IMAGES}.gz or downloaded again" in complaint(mnist.read, small_mnist)


def test_archives_are_unpacked_without_network(small_mnist: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    raw, resources = small_mnist / "MNIST/raw", []
    expected = mnist.read(small_mnist).train.fingerprint()
    for file in mnist.SHA256:
        content = gzip.compress((raw / file).read_bytes())
        (raw / f"{file}.gz").write_bytes(content)
        (raw / file).unlink()
        resources.append((f"{file}.gz", hashlib.md5(content).hexdigest()))
    monkeypatch.setattr(MNIST, "resources", resources)
    monkeypatch.setattr(MNIST, "mirrors", ["http://127.0.0.1:9/"])
    assert mnist.read(small_mnist).train.fingerprint() == expected
    assert sorted(path.name for path in raw.iterdir() if not path.name.startswith(".")) == sorted(
        [*mnist.SHA256, *(name for name, _ in resources)]
    )


def test_a_folder_in_place_of_a_file(small_mnist: Path) -> None:
    path = small_mnist / "MNIST/raw" / IMAGES
    path.unlink()
    path.mkdir()
    assert f"data=mnist: {path} is a folder; move it away" in complaint(mnist.read, small_mnist)


def test_an_unreadable_file(small_mnist: Path) -> None:
    path = small_mnist / "MNIST/raw" / IMAGES
    path.unlink()
    path.symlink_to("/proc/self/mem")  # whose first page nobody can read, root neither
    assert f"{path} cannot be read (Input/output error; check the disk)" in complaint(mnist.read, small_mnist)


def test_a_file_in_place_of_the_root(tmp_path: Path) -> None:
    (tmp_path / "root").write_text("no folder")
    assert "Not a directory" in complaint(mnist.read, tmp_path / "root")


def test_what_an_old_torchvision_has_left_is_not_read(small_mnist: Path) -> None:
    folder = small_mnist / "MNIST" / "processed"
    folder.mkdir()
    for name in ("training.pt", "test.pt"):
        (folder / name).write_bytes(b"damaged")
    assert len(mnist.read(small_mnist).train) == 20


@pytest.mark.parametrize("content", [b"", b"MATLAB 5.0 MAT-file, no more", b"\0" * 5000])
def test_a_damaged_svhn_file(small_svhn: tuple[Path, np.ndarray], content: bytes) -> None:
    path = small_svhn[0] / "SVHN" / "train_32x32.mat"
    path.write_bytes(content)
    line = complaint(svhn.read, small_svhn[0])
    what = "truncated or altered" if content else "empty"
    assert f"data=svhn: {path} is {what}" in line
    assert f"its MD5 is not {SVHN.split_list['train'][2][:12]}...; delete it, and it is downloaded again" in line


def test_swapped_svhn_files(small_svhn: tuple[Path, np.ndarray]) -> None:
    folder = small_svhn[0] / "SVHN"
    swap(folder / "train_32x32.mat", folder / "test_32x32.mat")
    line = complaint(svhn.read, small_svhn[0])
    assert f"{folder / 'train_32x32.mat'} holds the content of test_32x32.mat" in line


def test_nothing_is_written_where_all_files_are(
    small_mnist: Path, small_svhn: tuple[Path, np.ndarray], monkeypatch: pytest.MonkeyPatch
) -> None:
    """As on a read-only disk."""

    def refused(*_: object, **__: object) -> None:
        raise OSError(30, "Read-only file system")

    monkeypatch.setattr(Path, "mkdir", refused)
    monkeypatch.setattr(filelock.FileLock, "acquire", refused)
    before = sorted(small_mnist.rglob("*"))
    assert (len(mnist.read(small_mnist).train), len(svhn.read(small_svhn[0]).train)) == (20, 12)
    assert sorted(small_mnist.rglob("*")) == before


def test_a_download_that_fails_leaves_nothing(small_mnist: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    raw = small_mnist / "MNIST/raw"
    (raw / IMAGES).unlink()
    (raw / ".download").mkdir()  # of a process that was killed
    (raw / ".download" / IMAGES).write_bytes(b"half")

    def full(url: str, folder: str, **_: str) -> None:
        assert not list(Path(folder).iterdir())
        (Path(folder) / IMAGES).write_bytes(b"half")
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(MNIST, "mirrors", MNIST.mirrors[:1])
    monkeypatch.setattr(utils, "download_and_extract_archive", full)
    line = complaint(mnist.read, small_mnist)
    assert f"{IMAGES} not found in {raw}, and the download failed ([Errno 28] No space left on device)" in line
    assert {path.name for path in raw.iterdir()} == {*mnist.SHA256, ".download.lock"} - {IMAGES}


def test_two_that_need_the_same_files_download_them_once(small_mnist: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    raw = small_mnist / "MNIST/raw"
    expected = mnist.read(small_mnist).train.fingerprint()
    missing = {file: (raw / file).read_bytes() for file in (IMAGES, TEST_IMAGES)}
    for file in missing:
        (raw / file).unlink()
    downloads: list[str] = []
    found: list[str] = []

    def slow(url: str, folder: str, filename: str, md5: str) -> None:
        file = filename.removesuffix(".gz")
        downloads.append(file)
        time.sleep(0.2)
        (Path(folder) / file).write_bytes(missing[file])

    monkeypatch.setattr(utils, "download_and_extract_archive", slow)
    threads = [
        threading.Thread(target=lambda: found.append(mnist.read(small_mnist).train.fingerprint())) for _ in range(2)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [expected, expected]
    assert downloads == [IMAGES, TEST_IMAGES]
