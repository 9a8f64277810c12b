"""Samples as files."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import numpy as np
import torch

from gan_lab.data.images import Fakes
from gan_lab.errors import UserError
from gan_lab.grids import image_grid, save_png


def write_images(batches: Iterable[Fakes], out: Path) -> None:
    """Write batches of uint8 images `[N, C, H, W]` to `out`, in the form that its ending asks for.

    `.png` is one grid, `.npz` one array `images`, uint8 `[N, H, W, C]`, with `labels` `[N]` beside it where images were
    asked for by class; a name without an ending is a folder of numbered PNG files, made anew.

    Raises:
        UserError: for another ending, or a folder that holds something already.
    """
    if out.suffix not in (".png", ".npz", ""):
        raise UserError(f"--out {out}: choose FILE.png for a grid, FILE.npz for an array, or a folder's name")
    if out.suffix == "" and out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise UserError(f"--out {out} exists and is no empty folder; choose another")
    made = list(batches)
    pictures = torch.cat([batch.images.cpu() for batch in made])
    out.parent.mkdir(parents=True, exist_ok=True)
    if out.suffix == ".png":
        save_png(image_grid(pictures), out)
    elif out.suffix == ".npz":
        labels = [batch.labels.cpu() for batch in made if batch.labels is not None]
        images = pictures.permute(0, 2, 3, 1).numpy()
        if labels:
            np.savez_compressed(out, images=images, labels=torch.cat(labels).numpy())
        else:
            np.savez_compressed(out, images=images)
    else:
        digits = len(str(len(pictures) - 1))
        for index, picture in enumerate(pictures):
            save_png(picture, out / f"{index:0{digits}d}.png")
