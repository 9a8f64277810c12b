"""Stacked MNIST: three digits as the three channels of an image, which makes 1,000 modes (Metz et al. 2017)."""

from __future__ import annotations

from pathlib import Path

import torch
from torch import Tensor

from gan_lab.checks import check_whole
from gan_lab.data import mnist
from gan_lab.data.images import Images, Splits
from gan_lab.errors import UserError
from gan_lab.seeding import seeded_generator

CHANNELS = 3
DIGITS = 10

FILES = mnist.FILES
"""What is read from the data root, and downloaded into it where it is missing: MNIST."""


def read(root: Path, train_images: int, test_images: int) -> Splits:
    """So many images, `[N, 3, 28, 28]`, of digits drawn at random, and always the same ones.

    An image of the digits r, g and b is of class 100 r + 10 g + b. Each digit is drawn by itself and with replacement;
    those of the training images are MNIST's training images, and those of the test images its test images. Metz et al.
    2017, "Unrolled Generative Adversarial Networks"; the paper on PacGAN (Lin et al. 2018) trains on 128,000 of them.

    Raises:
        UserError: where MNIST cannot be had, or there is no memory for so many.
    """
    check_whole("data.read.train_images", train_images, 1)
    check_whole("data.read.test_images", test_images, 1)
    digits = mnist.read(root)
    try:
        return Splits(stack(digits.train, train_images, "train"), stack(digits.test, test_images, "test"))
    except RuntimeError as error:  # of PyTorch, which finds no memory for them
        raise UserError(
            f"data.read.train_images={train_images} and test_images={test_images}: there is no memory for so many "
            "images; choose less"
        ) from error


def stack(digits: Images, num: int, split: str) -> Images:
    """`num` images of three of the digits each; `split` names the draw."""
    random = seeded_generator("cpu", 0, "stacked_mnist", split)
    chosen = torch.randint(len(digits), (num, CHANNELS), generator=random)
    pictures = digits.pictures[:, 0][chosen.flatten()].view(num, CHANNELS, *digits.pictures.shape[2:])
    return Images(pictures, joint_class(digits.labels[chosen]))


def joint_class(labels: Tensor) -> Tensor:
    """The digits of the channels, `[N, channels]`, to the image's class `[N]`: the number that they spell."""
    places = DIGITS ** torch.arange(labels.shape[1] - 1, -1, -1, device=labels.device)
    return (labels * places).sum(1)
