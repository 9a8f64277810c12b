"""Files of run folders, read with care: the folders may come from anyone, whole or damaged."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import yaml

YAMLLoader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # libyaml's is ten times as fast, where it is there

MEBIBYTE = 2**20
TEXT_LENGTH = 160  # characters of one value that a page shows


class DamagedError(Exception):
    """A file that is not what its name says; the message is one line without the file's folder."""


def read_bytes(path: Path, limit: int = MEBIBYTE) -> bytes:
    """The content of an ordinary file of at most `limit` bytes.

    A pipe would keep us waiting for ever, and a link could bring a file of the reader's own into a page for others.

    Raises:
        FileNotFoundError: where there is none.
        DamagedError: where it is larger, no ordinary file, or cannot be read.
    """
    try:
        if path.is_symlink() or (path.exists() and not path.is_file()):
            raise DamagedError(f"{path.name} is no ordinary file")
        with path.open("rb") as file:
            content = file.read(limit + 1)
    except FileNotFoundError:
        raise
    except OSError as error:
        raise DamagedError(f"{path.name} cannot be read ({error.strerror})") from error
    if len(content) > limit:
        raise DamagedError(f"{path.name} is larger than {limit // MEBIBYTE} MiB")
    return content


def read_json(path: Path) -> dict[str, Any]:
    """The object in a JSON file.

    Raises:
        FileNotFoundError: where there is none.
        DamagedError: where it holds no JSON object.
    """
    try:
        content = json.loads(read_bytes(path))
    except (ValueError, RecursionError) as error:
        raise DamagedError(f"{path.name} is no JSON ({type(error).__name__})") from error
    if not isinstance(content, dict):
        raise DamagedError(f"{path.name} holds no JSON object")
    return content


def read_yaml(path: Path) -> Any:
    """What a YAML file holds: plain values only.

    Raises:
        FileNotFoundError: where there is none.
        DamagedError: where it is no YAML.
    """
    try:
        return yaml.load(read_bytes(path).decode(), Loader=YAMLLoader)
    except (yaml.YAMLError, ValueError, TypeError, RecursionError) as error:
        raise DamagedError(f"{path.name} is no YAML ({type(error).__name__})") from error


def number(value: Any) -> float | None:
    """A finite number as a float; `None` for everything else, truth values among it."""
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return None
    try:
        return float(value) if math.isfinite(value) else None
    except OverflowError:
        return None


def text(value: Any, length: int = TEXT_LENGTH) -> str:
    """A value as one line of at most `length` characters, none of which steers a terminal or turns the line round."""
    said = value if isinstance(value, str) else json.dumps(value, default=lambda _: "...")
    line = "".join(sign if sign.isprintable() else " " for sign in said[: length + 1])
    return line if len(line) <= length else line[: length - 1] + "…"


def section(content: dict[str, Any], key: str) -> dict[str, Any]:
    """The object under `key`; an empty one where there is none, or something else."""
    value = content.get(key)
    return value if isinstance(value, dict) else {}
