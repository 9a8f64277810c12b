"""The last sample grids of runs, small enough to stand side by side."""

from __future__ import annotations

import io
import struct
import warnings
from dataclasses import dataclass
from pathlib import Path

from gan_lab.report.files import MEBIBYTE, DamagedError, read_bytes
from gan_lab.report.sections import Choice, Section

MOST_GRIDS = 24  # of a section
MOST_FILES = 100_000
LARGEST = 16 * MEBIBYTE
MOST_PIXELS = 40_000_000
WIDTH = 320  # pixels


@dataclass(frozen=True)
class Grid:
    """A choice's samples at the end of one run, as a JPEG file."""

    label: str
    seed: int
    iteration: int
    picture: bytes
    width: int
    height: int


def read_grids(section: Section) -> tuple[list[Grid], list[str]]:
    """The last grids of the lowest seed that all choices have, else of each choice's lowest; and warnings."""
    grids, told = [], []
    choices = [choice for choice in section.choices if choice.counted][:MOST_GRIDS]
    common = set.intersection(*({*choice.counted} for choice in choices)) if choices else set()
    for choice in choices:
        seed = min(common or choice.counted)
        run = choice.counted[seed]
        try:
            grid = read_grid(choice, seed, run.folder)
        except DamagedError as error:
            told.append(f"{run.name}: {error}")
        else:
            grids += [] if grid is None else [grid]
    return grids, told


def read_grid(choice: Choice, seed: int, folder: Path) -> Grid | None:
    """The grid of the highest iteration in a run's `samples`; `None` where there is none.

    Raises:
        DamagedError: where the file is no picture, or too large.
    """
    last = last_grid(folder / "samples")
    if last is None:
        return None
    try:
        picture, width, height = downscale(read_bytes(last, LARGEST))
    except FileNotFoundError:
        return None
    except (OSError, ValueError, SyntaxError, EOFError, struct.error, Warning) as error:
        raise DamagedError(f"samples/{last.name} is no PNG ({type(error).__name__})") from error
    return Grid(choice.label, seed, int(last.stem), picture, width, height)


def last_grid(folder: Path) -> Path | None:
    """The file of the highest iteration."""
    try:
        if folder.is_symlink():
            return None
        names = [path for path in folder.iterdir() if path.suffix == ".png" and path.stem.isdecimal()]
    except OSError:
        return None
    return max(names[:MOST_FILES], key=lambda path: int(path.stem[:18]), default=None)


def downscale(content: bytes) -> tuple[bytes, int, int]:
    """A PNG as a JPEG of at most `WIDTH` pixels in width, with its width and height.

    Raises:
        OSError, ValueError, SyntaxError, EOFError, struct.error, Warning: from Pillow, for what is no picture.
    """
    from PIL import Image

    with warnings.catch_warnings():
        warnings.simplefilter("error")
        try:
            with Image.open(io.BytesIO(content), formats=["PNG"]) as opened:
                if opened.width * opened.height > MOST_PIXELS:
                    raise ValueError("too many pixels")
                picture = opened.convert("RGB")
        except Image.DecompressionBombError as error:
            raise ValueError("too many pixels") from error
    picture.thumbnail((WIDTH, 2 * WIDTH), Image.Resampling.LANCZOS)
    file = io.BytesIO()
    picture.save(file, "JPEG", quality=85)
    return file.getvalue(), picture.width, picture.height
