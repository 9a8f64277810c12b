"""Images as tensors: the two value ranges, resizing, and the record that every data set is read into."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn import functional as F


class Batch(NamedTuple):
    """Real images, float32 `[N, C, H, W]` in [-1, 1], and their classes, int64 `[N]`."""

    real: Tensor
    labels: Tensor


class Fakes(NamedTuple):
    """Generated images `[N, C, H, W]`, and what they were asked to be: classes `[N]`, codes `[N, K]`, or nothing."""

    images: Tensor
    labels: Tensor | None = None


@dataclass(frozen=True)
class Images:
    """Pictures with their classes: uint8 `[N, C, H, W]` in [0, 255] and int64 `[N]`."""

    pictures: Tensor
    labels: Tensor

    def __len__(self) -> int:
        return len(self.pictures)

    def to(self, device: torch.device) -> Images:
        """The same on another device."""
        return Images(self.pictures.to(device), self.labels.to(device))

    def resized(self, size: int) -> Images:
        """The same with square pictures of `size` pixels, antialiased; itself where they have that size already."""
        return Images(resize(self.pictures, size), self.labels)

    def fingerprint(self) -> str:
        """A hash of every pixel and label."""
        digest = hashlib.blake2b(repr(tuple(self.pictures.shape)).encode(), digest_size=8)
        digest.update(self.pictures.numpy().data)
        digest.update(self.labels.numpy().data)
        return digest.hexdigest()


@dataclass(frozen=True)
class Splits:
    """A data set's training images, and its test images, which no GAN is ever trained on."""

    train: Images
    test: Images


def to_floats(pictures: Tensor, black: float = -1.0) -> Tensor:
    """uint8 in [0, 255] to float32 in [black, 1]; [-1, 1] is the range of the networks."""
    return pictures.float().mul_((1 - black) / 255).add_(black)


def to_bytes(images: Tensor, black: float = -1.0) -> Tensor:
    """Floats in [black, 1] to uint8 in [0, 255], rounded; values outside are clipped."""
    return images.float().sub(black).mul_(255 / (1 - black)).round_().clamp_(0, 255).to(torch.uint8)


def resize(pictures: Tensor, size: int) -> Tensor:
    """uint8 `[N, C, H, W]` to uint8 `[N, C, size, size]` by antialiased bilinear interpolation, in small chunks."""
    if tuple(pictures.shape[-2:]) == (size, size):
        return pictures
    chunks = [
        F.interpolate(chunk.float(), (size, size), mode="bilinear", antialias=True).round_().to(torch.uint8)
        for chunk in pictures.split(5000)
    ]
    return torch.cat(chunks)
