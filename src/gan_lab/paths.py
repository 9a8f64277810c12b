"""Folders outside the run folder."""

from __future__ import annotations

import os
from pathlib import Path


def cache_folder() -> Path:
    """Where downloads and computed statistics are kept: `$XDG_CACHE_HOME/gan_lab`, or `~/.cache/gan_lab`."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "gan_lab"
