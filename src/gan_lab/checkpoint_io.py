"""How Lightning writes a checkpoint."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import torch
from lightning_fabric.plugins.io import TorchCheckpointIO

from gan_lab import atomic


class WholeCheckpoints(TorchCheckpointIO):
    """Writes a checkpoint beside its place and then renames it, so that its name is always that of a whole file.

    Lightning's own way writes to the system's folder of temporary files first, which may be another, smaller disk,
    and says nothing where the permission is missing.
    """

    def save_checkpoint(self, checkpoint: dict[str, Any], path: str | Path, storage_options: Any = None) -> None:
        """Write the file.

        Raises:
            OSError: naming `path`, where it cannot be written; an earlier file there stays as it is.
        """
        content = io.BytesIO()  # torch.save into a file would hide the system's error behind its own
        torch.save(checkpoint, content)
        atomic.write(Path(path), content.getbuffer())
