"""scikit-learn's handwritten digits: they ship in its wheel, so they are there on every machine."""

from __future__ import annotations

from pathlib import Path

import torch

from gan_lab.data.images import Images, Splits

FILES: tuple[str, ...] = ()
"""What is read from the data root: nothing."""


def read(root: Path) -> Splits:
    """1,438 training and 359 test images, `[N, 1, 8, 8]`; `root` is not used.

    scikit-learn has no split of its own: every fifth image is a test image, so that both splits hold every writer.
    """
    from sklearn.datasets import load_digits  # takes a second

    bunch = load_digits()
    pictures = torch.from_numpy(bunch.images).mul(255 / 16).round().to(torch.uint8).unsqueeze(1)  # grey levels 0 to 16
    labels = torch.from_numpy(bunch.target).long()
    is_test = torch.arange(len(labels)) % 5 == 4
    return Splits(Images(pictures[~is_test], labels[~is_test]), Images(pictures[is_test], labels[is_test]))
