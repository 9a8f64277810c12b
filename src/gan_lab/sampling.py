"""Samples as files."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

import numpy as np
import torch

from gan_lab.atomic import atomic
from gan_lab.data.images import Fakes
from gan_lab.errors import UserError
from gan_lab.grids import as_png, image_grid, save_png


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
    if out.suffix == ".png":
        save_png(image_grid(pictures), out)
    elif out.suffix == ".npz":
        labels = [batch.labels.cpu() for batch in made if batch.labels is not None]
        images = pictures.permute(0, 2, 3, 1).numpy()
        with atomic(out) as temporary, temporary.open("wb") as file:
            if labels:
                np.savez_compressed(file, images=images, labels=torch.cat(labels).numpy())
            else:
                np.savez_compressed(file, images=images)
    else:
        _write_folder(pictures, out)


def _write_folder(pictures: torch.Tensor, folder: Path) -> None:
    """Write numbered PNG files, all or none; to wait for the disk after each would take longer than sampling."""
    digits = len(str(len(pictures) - 1))
    files = [folder / f"{index:0{digits}d}.png" for index in range(len(pictures))]
    there = folder.exists()
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for file, picture in zip(files, pictures, strict=True):
            file.write_bytes(as_png(picture))
    except BaseException:
        for file in files:
            with suppress(OSError):
                file.unlink()
        if not there:
            with suppress(OSError):
                folder.rmdir()
        raise
