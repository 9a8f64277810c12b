from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from image_files import write_mnist, write_svhn


@pytest.fixture
def small_mnist(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A data root with MNIST's files, 20 + 10 random images."""
    write_mnist(tmp_path / "MNIST" / "raw", monkeypatch)
    return tmp_path


@pytest.fixture
def small_svhn(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[Path, np.ndarray]:
    """A data root with SVHN's two files of few images, and the training images [N, 32, 32, 3]."""
    folder = tmp_path / "SVHN"
    folder.mkdir()
    images = np.random.default_rng(0).integers(0, 256, (12, 32, 32, 3), dtype=np.uint8)
    write_svhn(folder, {"train": images, "test": images[:4]}, monkeypatch)
    return tmp_path, images
