from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch
from run_helpers import RunIn

from gan_lab.borrowed import _has_files
from gan_lab.building import build
from gan_lab.data import mnist, stacked_mnist
from gan_lab.data.images import Images
from gan_lab.errors import UserError
from gan_lab.overrides import compose

FEW = ["data=stacked_mnist", "data.read.train_images=50", "data.read.test_images=30"]


def test_channels_are_digits_of_the_same_split_and_spell_the_class(small_mnist: Path) -> None:
    splits = build("data", compose([*FEW, f"data.root={small_mnist}"])["data"]).splits
    digits = mnist.read(small_mnist)
    for stacked, singles, num in ((splits.train, digits.train, 50), (splits.test, digits.test, 30)):
        assert stacked.pictures.shape == (num, 3, 28, 28)
        for picture, label in zip(stacked.pictures, stacked.labels.tolist(), strict=True):
            assert 0 <= label < 1000
            for channel, digit in zip(picture, f"{label:03d}", strict=True):
                same = (singles.pictures[:, 0] == channel).all(2).all(1)
                assert singles.labels[same].tolist() == [int(digit)]


def test_the_draw_is_random_and_always_the_same(small_mnist: Path) -> None:
    first, second = (stacked_mnist.read(small_mnist, 50, 30) for _ in range(2))
    assert first.train.fingerprint() == second.train.fingerprint()
    assert first.test.fingerprint() == second.test.fingerprint()
    assert len(set(first.train.labels.tolist())) > 40


def test_each_digit_is_drawn_by_itself() -> None:
    images = Images(torch.zeros(10, 1, 1, 1, dtype=torch.uint8), torch.arange(10))
    labels = stacked_mnist.stack(images, 100_000, "train").labels
    assert labels.bincount(minlength=1000).min() > 50  # 100 are expected, with a deviation of 10
    assert labels.bincount(minlength=1000).max() < 150


def test_the_numbers_of_the_literature_by_default() -> None:
    config = compose(["data=stacked_mnist"])["data"]
    assert (config["read"]["train_images"], config["read"]["test_images"]) == (128_000, 26_000)
    assert (config["classes"], config["channels"]) == (1000, 3)


def test_its_files_are_mnists(small_mnist: Path, tmp_path: Path) -> None:
    assert _has_files(compose([*FEW, f"data.root={small_mnist}"])["data"])
    assert not _has_files(compose([*FEW, f"data.root={tmp_path / 'elsewhere'}"])["data"])


@pytest.mark.parametrize("key", ["train_images", "test_images"])
def test_bad_numbers_are_told(small_mnist: Path, key: str) -> None:
    data = build("data", compose([*FEW, f"data.root={small_mnist}", f"data.read.{key}=0"])["data"])
    with pytest.raises(UserError, match=rf"data.read.{key}=0 must be a whole number from 1"):
        _ = data.splits


def test_a_run(small_mnist: Path, run_in: RunIn) -> None:
    folder = run_in("run", *FEW, f"data.root={small_mnist}", "data.batch_size=16", "iterations=2")
    metrics = json.loads((folder / "summary.json").read_text())["metrics"]
    assert "on each of 3 channels" in metrics["fid/classifier"]["protocol"]["features"]
    assert len(metrics["classes/rarest_share"]["details"]["shares"]) == 1000


def test_too_many_images_are_told(small_mnist: Path) -> None:
    with pytest.raises(UserError, match=r"data.read.train_images=1000000000000000 .*no memory for so many images"):
        stacked_mnist.read(small_mnist, 10**15, 10)
