"""Pictures of many images."""

from __future__ import annotations

import io
import math
from pathlib import Path

import torch
from PIL import Image
from torch import Tensor
from torchvision.utils import make_grid

from gan_lab import atomic

SHOWN_SIZE = 56  # pixels that a small image is enlarged to, at least half of it


def image_grid(pictures: Tensor, columns: int | None = None) -> Tensor:
    """uint8 `[N, 1 or 3, H, W]` to one picture, uint8 `[3, height, width]`, small images enlarged without blur.

    The pictures stand row by row in so many columns, by default in as many as rows.
    """
    columns = columns or math.ceil(math.sqrt(len(pictures)))
    factor = max(1, SHOWN_SIZE // pictures.shape[-1])
    enlarged = pictures.repeat_interleave(factor, 2).repeat_interleave(factor, 3)
    return make_grid(enlarged, nrow=columns, padding=2).to(torch.uint8)


def save_png(picture: Tensor, path: Path) -> None:
    """Write uint8 `[1 or 3, height, width]` to a PNG file, making its folder."""
    atomic.write(path, as_png(picture))


def as_png(picture: Tensor) -> bytes:
    """A PNG file of uint8 `[1 or 3, height, width]`; Pillow, writing by itself, loses the reason where it cannot."""
    array = picture.squeeze(0).numpy() if picture.shape[0] == 1 else picture.permute(1, 2, 0).numpy()
    file = io.BytesIO()
    Image.fromarray(array).save(file, "PNG")
    return file.getvalue()
