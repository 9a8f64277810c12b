"""MNIST (LeCun et al. 1998), read and downloaded by torchvision, verified by us."""

from __future__ import annotations

import hashlib
from pathlib import Path

from gan_lab.data.download import read_or_download
from gan_lab.data.images import Images, Splits

# SHA-256 of the four files as they are once unpacked; torchvision verifies only what it has just downloaded.
SHA256 = {
    "train-images-idx3-ubyte": "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db",
    "train-labels-idx1-ubyte": "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5",
    "t10k-images-idx3-ubyte": "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7",
    "t10k-labels-idx1-ubyte": "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2",
}

FILES = tuple(f"MNIST/raw/{file}" for file in SHA256)
"""What is read from the data root, and downloaded into it where it is missing."""


def read(root: Path) -> Splits:
    """60,000 training and 10,000 test images, `[N, 1, 28, 28]`, from `root/MNIST/raw`.

    Raises:
        UserError: where the files are missing and cannot be downloaded, or are not MNIST's.
    """
    from torchvision.datasets import MNIST

    raw = root / "MNIST" / "raw"

    def splits() -> Splits:
        for file, expected in SHA256.items():
            if hashlib.sha256((raw / file).read_bytes()).hexdigest() != expected:
                raise ValueError(f"{file} is truncated or altered: its SHA-256 is not {expected[:12]}...")
        train, test = MNIST(root, train=True), MNIST(root, train=False)
        return Splits(*(Images(part.data.unsqueeze(1), part.targets.long()) for part in (train, test)))

    return read_or_download("mnist", raw, list(SHA256), splits, lambda: MNIST(root, download=True))
