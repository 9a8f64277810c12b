"""Inception-v3's features, those of the papers' FID, with the weights that torchmetrics and torch-fidelity use."""

from __future__ import annotations

import hashlib
from pathlib import Path

import torch
from torch import Tensor, nn

from gan_lab.data.datamodule import ImageDataModule
from gan_lab.data.download import reason
from gan_lab.errors import UserError
from gan_lab.metrics.features import Features

FILE = "weights-inception-2015-12-05-6726825d.pth"
HASH = "6726825d"  # with which the file's SHA-256 begins
URL = f"https://github.com/toshas/torch-fidelity/releases/download/v0.2.0/{FILE}"


class Inception(nn.Module):
    """uint8 pictures `[N, 1 or 3, H, W]` to Inception's 2048 features; grey pictures are repeated to three channels."""

    num_features = 2048

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network

    def forward(self, pictures: Tensor) -> Tensor:
        """uint8 `[N, 1 or 3, H, W]` to float32 `[N, 2048]`."""
        return self.network(pictures.expand(-1, 3, -1, -1))


def is_published(path: Path) -> bool:
    """Whether the file is the published one, to the bit."""
    try:
        path = path.expanduser()
        return path.is_file() and hashlib.sha256(path.read_bytes()).hexdigest().startswith(HASH)
    except (OSError, RuntimeError):  # a name that is too long; a user that is not there
        return False


def load_features(data: ImageDataModule, weights: str | None = None) -> Features:
    """Inception's features; `weights` is the path of the file, else it is in torch hub's folder or downloaded there.

    Raises:
        UserError: where the file is missing and cannot be downloaded, or is not Inception's weights.
    """
    from torchmetrics.image.fid import NoTrainInceptionV3

    path = Path(torch.hub.get_dir()) / "checkpoints" / FILE if weights is None else Path(weights).expanduser()
    if weights is not None and not path.is_file():
        raise UserError(f"metrics.features.weights={path} is not a file; fetch {URL} and give its path")
    try:
        if not path.is_file():
            path.parent.mkdir(parents=True, exist_ok=True)
            torch.hub.download_url_to_file(URL, str(path), hash_prefix=HASH, progress=True)
        torch.load(path, map_location="cpu", weights_only=True)  # torchmetrics itself would run a pickle's code
        # resized as TensorFlow 1 did, which the papers' numbers rest on; torchmetrics' default is another way
        network = NoTrainInceptionV3("inception-v3-compat", ["2048"], str(path), antialias=False)
    except Exception as error:
        raise UserError(
            f"metrics=inception: its weights cannot be had ({reason(error)}); fetch {URL} and put it at {path}, "
            "or give its path by metrics.features.weights=PATH; metrics=classifier needs none"
        ) from error
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    return Features(
        "inception",
        Inception(network.eval().requires_grad_(False)),
        f"Inception-v3, 2048 features, resized as in TensorFlow 1, sha256 {digest[:12]}",
    )
