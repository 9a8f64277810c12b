"""Small files in the formats of MNIST and SVHN."""

from __future__ import annotations

import hashlib
import struct
from pathlib import Path

import numpy as np
import pytest
import scipy.io
from torchvision.datasets import SVHN
from torchvision.datasets.utils import calculate_md5

from gan_lab.data import mnist


def write_idx(path: Path, array: np.ndarray) -> None:
    header = struct.pack(">HBB", 0, 8, array.ndim) + struct.pack(f">{array.ndim}I", *array.shape)
    path.write_bytes(header + array.tobytes())


def write_mnist(raw: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """MNIST's files with 20 + 10 random images, and their hashes in place of the real ones."""
    raw.mkdir(parents=True)
    random = np.random.default_rng(0)
    for split, num in (("train", 20), ("t10k", 10)):
        write_idx(raw / f"{split}-images-idx3-ubyte", random.integers(0, 256, (num, 28, 28), dtype=np.uint8))
        write_idx(raw / f"{split}-labels-idx1-ubyte", (np.arange(num) % 10).astype(np.uint8))
    for file in mnist.SHA256:
        monkeypatch.setitem(mnist.SHA256, file, hashlib.sha256((raw / file).read_bytes()).hexdigest())


def write_svhn(folder: Path, splits: dict[str, np.ndarray], monkeypatch: pytest.MonkeyPatch) -> None:
    """SVHN's files with these images `[N, 32, 32, 3]`, and their hashes in place of the real ones."""
    entries = dict(SVHN.split_list)
    for split, images in splits.items():
        url, name, _ = entries[split]
        labels = (np.arange(len(images)) % 10 + 1).astype(np.uint8)[:, None]  # SVHN writes the digit 0 as 10
        scipy.io.savemat(folder / name, {"X": images.transpose(1, 2, 3, 0), "y": labels})
        entries[split] = [url, name, calculate_md5(str(folder / name))]
    monkeypatch.setattr(SVHN, "split_list", entries)


def no_network(*_: object, **__: object) -> None:
    raise OSError("Name or service not known")
