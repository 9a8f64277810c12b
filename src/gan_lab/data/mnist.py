"""MNIST (LeCun et al. 1998), read and downloaded with torchvision, verified by us."""

from __future__ import annotations

import shutil
from pathlib import Path

from gan_lab.data.download import read_or_download
from gan_lab.data.files import Files
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
    from torchvision.datasets.mnist import read_image_file, read_label_file

    raw = root / "MNIST" / "raw"
    files = Files("mnist", raw, "sha256", SHA256)

    def splits() -> Splits:
        if files.damages():
            raise ValueError("not MNIST's files")
        # not by torchvision's MNIST, which would prefer a folder `processed` that its old versions have left
        train, train_labels, test, test_labels = (str(raw / file) for file in SHA256)
        return Splits(
            Images(read_image_file(train).unsqueeze(1), read_label_file(train_labels)),
            Images(read_image_file(test).unsqueeze(1), read_label_file(test_labels)),
        )

    return read_or_download(files, splits, lambda staging, missing: download(staging, missing, raw))


def download(staging: Path, missing: list[str], raw: Path) -> Path:
    """Let torchvision unpack the archives of the missing files into `staging`, from `raw` where they lie there."""
    from torchvision.datasets import MNIST

    for archive, md5 in MNIST.resources:
        if archive.removesuffix(".gz") in missing:
            if (raw / archive).is_file():
                shutil.copyfile(raw / archive, staging / archive)
            _unpack(archive, md5, MNIST.mirrors, staging)
    return staging


def _unpack(archive: str, md5: str, mirrors: list[str], folder: Path) -> None:
    """Unpack an archive in the folder, downloaded first where it is missing or damaged."""
    from torchvision.datasets import utils

    failures: list[Exception] = []
    for mirror in mirrors:
        try:
            utils.download_and_extract_archive(f"{mirror}{archive}", str(folder), filename=archive, md5=md5)
        except (RuntimeError, OSError) as error:
            failures.append(error)
        else:
            return
    raise failures[-1]
