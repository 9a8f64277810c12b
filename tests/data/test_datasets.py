from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest
import torch
from image_files import no_network, write_svhn
from torchvision.datasets import SVHN, utils

from gan_lab.building import build
from gan_lab.data import digits, mnist, svhn
from gan_lab.errors import UserError
from gan_lab.overrides import compose

REAL_DATA = os.environ.get("GAN_LAB_DATA")  # read before the fixtures take it out of the environment


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


def test_mnist_without_network(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(utils, "download_and_extract_archive", no_network)
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
