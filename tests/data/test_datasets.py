from __future__ import annotations

import hashlib
import os
import struct
from pathlib import Path

import numpy as np
import pytest
import scipy.io
import torch
from torchvision.datasets import MNIST, SVHN
from torchvision.datasets.utils import calculate_md5

from gan_lab.building import build
from gan_lab.data import digits, mnist, svhn
from gan_lab.errors import UserError
from gan_lab.overrides import compose

REAL_DATA = os.environ.get("GAN_LAB_DATA")  # read before the fixtures take it out of the environment


def write_idx(path: Path, array: np.ndarray) -> None:
    header = struct.pack(">HBB", 0, 8, array.ndim) + struct.pack(f">{array.ndim}I", *array.shape)
    path.write_bytes(header + array.tobytes())


@pytest.fixture
def small_mnist(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """MNIST's files with 20 + 10 random images, and their hashes in place of the real ones."""
    raw = tmp_path / "MNIST" / "raw"
    raw.mkdir(parents=True)
    random = np.random.default_rng(0)
    for split, num in (("train", 20), ("t10k", 10)):
        write_idx(raw / f"{split}-images-idx3-ubyte", random.integers(0, 256, (num, 28, 28), dtype=np.uint8))
        write_idx(raw / f"{split}-labels-idx1-ubyte", (np.arange(num) % 10).astype(np.uint8))
    for file in mnist.SHA256:
        monkeypatch.setitem(mnist.SHA256, file, hashlib.sha256((raw / file).read_bytes()).hexdigest())
    return tmp_path


@pytest.fixture
def small_svhn(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[Path, np.ndarray]:
    """SVHN's two files with few images, and their hashes; returns the root and the training images [N, 32, 32, 3]."""
    folder = tmp_path / "SVHN"
    folder.mkdir()
    images = np.random.default_rng(0).integers(0, 256, (12, 32, 32, 3), dtype=np.uint8)
    write_svhn(folder, {"train": images, "test": images[:4]}, monkeypatch)
    return tmp_path, images


def write_svhn(folder: Path, splits: dict[str, np.ndarray], monkeypatch: pytest.MonkeyPatch) -> None:
    entries = dict(SVHN.split_list)
    for split, images in splits.items():
        url, name, _ = entries[split]
        labels = (np.arange(len(images)) % 10 + 1).astype(np.uint8)[:, None]  # SVHN writes the digit 0 as 10
        scipy.io.savemat(folder / name, {"X": images.transpose(1, 2, 3, 0), "y": labels})
        entries[split] = [url, name, calculate_md5(str(folder / name))]
    monkeypatch.setattr(SVHN, "split_list", entries)


def no_network(*_: object, **__: object) -> None:
    raise OSError("Name or service not known")


def test_digits() -> None:
    splits = digits.read(Path("unused"))
    assert splits.train.pictures.shape == (1438, 1, 8, 8)
    assert splits.test.pictures.shape == (359, 1, 8, 8)
    assert splits.train.pictures.dtype == torch.uint8
    assert (splits.train.pictures.min(), splits.train.pictures.max()) == (0, 255)
    assert splits.train.labels.bincount().min() > 100
    assert splits.test.labels.bincount().min() > 20


def test_mnist_is_read(small_mnist: Path) -> None:
    splits = mnist.read(small_mnist)
    assert splits.train.pictures.shape == (20, 1, 28, 28)
    assert splits.test.labels.tolist() == list(range(10))
    raw = (small_mnist / "MNIST/raw/train-images-idx3-ubyte").read_bytes()[16:]
    assert splits.train.pictures.numpy().tobytes() == raw


@pytest.mark.parametrize("damage", ["truncated", "altered", "empty"])
def test_a_damaged_mnist_file_is_told(small_mnist: Path, damage: str) -> None:
    path = small_mnist / "MNIST/raw/train-images-idx3-ubyte"
    content = bytearray(path.read_bytes())
    content[100] ^= 255
    path.write_bytes({"truncated": content[:-10], "altered": content, "empty": b""}[damage])
    with pytest.raises(UserError, match=r"train-images-idx3-ubyte is truncated or altered") as told:
        mnist.read(small_mnist)
    assert "\n" not in str(told.value)


def test_mnist_without_network(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(MNIST, "download", no_network)
    with pytest.raises(UserError, match=r"not found in .*MNIST/raw.*Name or service not known.*GAN_LAB_DATA") as told:
        mnist.read(tmp_path)
    assert "\n" not in str(told.value)


def test_svhn_is_read_with_its_orientation_and_colours(small_svhn: tuple[Path, np.ndarray]) -> None:
    root, images = small_svhn
    splits = svhn.read(root)
    assert splits.train.pictures.shape == (12, 3, 32, 32)
    np.testing.assert_array_equal(splits.train.pictures.permute(0, 2, 3, 1).numpy(), images)
    assert splits.train.labels.tolist() == [1, 2, 3, 4, 5, 6, 7, 8, 9, 0, 1, 2]
    assert splits.train.labels.dtype == torch.int64


@pytest.mark.skipif(
    REAL_DATA is None or not (Path(REAL_DATA) / "SVHN/train_first288.npz").is_file(), reason="needs real SVHN images"
)
def test_real_svhn_images_come_out_as_they_are(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with np.load(Path(str(REAL_DATA)) / "SVHN/train_first288.npz") as opened:
        images = opened[opened.files[0]]
    (tmp_path / "SVHN").mkdir()
    write_svhn(tmp_path / "SVHN", {"train": images, "test": images[:4]}, monkeypatch)
    pictures = svhn.read(tmp_path).train.pictures
    np.testing.assert_array_equal(pictures.permute(0, 2, 3, 1).numpy(), images)


def test_a_damaged_svhn_file_is_told(small_svhn: tuple[Path, np.ndarray]) -> None:
    root, _ = small_svhn
    path = root / "SVHN" / "train_32x32.mat"
    path.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(UserError, match=r"cannot be read.*corrupted.*train_32x32.mat"):
        svhn.read(root)


def test_svhn_without_network(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(SVHN, "download", no_network)
    with pytest.raises(UserError, match=r"train_32x32.mat, test_32x32.mat not found in"):
        svhn.read(tmp_path)


def test_images_are_resized_when_read() -> None:
    data = build("data", compose(["data=digits", "data.image_size=16"])["data"])
    assert data.splits.train.pictures.shape == (1438, 1, 16, 16)


def test_batch_size_is_checked() -> None:
    data = build("data", compose(["data=digits", "data.batch_size=2000"])["data"])
    with pytest.raises(UserError, match=r"data.batch_size=2000 is larger than data=digits, which has 1438"):
        data.check(world_size=1)
    data = build("data", compose(["data=digits", "data.batch_size=33"])["data"])
    with pytest.raises(UserError, match=r"multiple of 2"):
        data.check(world_size=2)
    with pytest.raises(UserError, match=r"data.batch_size=0"):
        build("data", compose(["data=digits", "data.batch_size=0"])["data"])


def test_where_the_data_root_is(monkeypatch: pytest.MonkeyPatch, own_cache: Path) -> None:
    assert build("data", compose([])["data"]).root == own_cache / "gan_lab" / "data"
    monkeypatch.setenv("GAN_LAB_DATA", "/from/environment")
    assert build("data", compose([])["data"]).root == Path("/from/environment")
    assert build("data", compose(["data.root=/from/key"])["data"]).root == Path("/from/key")
