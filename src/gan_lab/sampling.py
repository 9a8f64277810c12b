"""Samples as files."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from gan_lab.errors import UserError
from gan_lab.grids import image_grid, save_png


def write_images(batches: Iterable[Tensor], out: Path) -> None:
    """Write uint8 batches `[N, C, H, W]` to `out`, in the form that its ending asks for.

    `.png` is one grid, `.npz` one array `images`, uint8 `[N, H, W, C]`; a name without an ending is a folder of
    numbered PNG files, made anew.

    Raises:
        UserError: for another ending, or a folder that holds something already.
    """
    if out.suffix not in (".png", ".npz", ""):
        raise UserError(f"--out {out}: choose FILE.png for a grid, FILE.npz for an array, or a folder's name")
    if out.suffix == "" and out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise UserError(f"--out {out} exists and is no empty folder; choose another")
    pictures = torch.cat([batch.cpu() for batch in batches])
    out.parent.mkdir(parents=True, exist_ok=True)
    if out.suffix == ".png":
        save_png(image_grid(pictures), out)
    elif out.suffix == ".npz":
        np.savez_compressed(out, images=pictures.permute(0, 2, 3, 1).numpy())
    else:
        digits = len(str(len(pictures) - 1))
        for index, picture in enumerate(pictures):
            save_png(picture, out / f"{index:0{digits}d}.png")
