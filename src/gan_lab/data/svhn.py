"""Street View House Numbers, cropped digits (Netzer et al. 2011), read, verified and downloaded by torchvision."""

from __future__ import annotations

from pathlib import Path

import torch

from gan_lab.data.download import read_or_download
from gan_lab.data.files import Files
from gan_lab.data.images import Images, Splits

SPLITS = ("train", "test")
FILES = tuple(f"SVHN/{split}_32x32.mat" for split in SPLITS)
"""What is read from the data root, and downloaded into it where it is missing."""


def read(root: Path) -> Splits:
    """73,257 training and 26,032 test images, `[N, 3, 32, 32]`, from `root/SVHN`; label 0 is the digit 0.

    Raises:
        UserError: where the files are missing and cannot be downloaded, or are not SVHN's.
    """
    from torchvision.datasets import SVHN

    folder = root / "SVHN"
    names = {split: SVHN.split_list[split][1] for split in SPLITS}
    files = Files("svhn", folder, "md5", {names[split]: SVHN.split_list[split][2] for split in SPLITS})

    def splits() -> Splits:
        parts = [SVHN(folder, split) for split in SPLITS]  # checks the files' MD5
        return Splits(*(Images(torch.from_numpy(part.data.copy()), torch.from_numpy(part.labels)) for part in parts))

    def download(staging: Path, missing: list[str]) -> Path:
        for split in SPLITS:
            if names[split] in missing:
                SVHN(staging, split, download=True)
        return staging

    return read_or_download(files, splits, download)
