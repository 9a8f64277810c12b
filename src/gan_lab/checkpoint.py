"""Checkpoint files: what ours hold beside Lightning's, and how they are found and read."""

from __future__ import annotations

import importlib
import logging
from pathlib import Path
from typing import Any

import torch
from torch import nn

from gan_lab.adversarial import CHECKPOINT_KEY
from gan_lab.building import build
from gan_lab.callbacks.checkpoints import LAST
from gan_lab.errors import UserError
from gan_lab.models.noise_gan import NoiseGAN
from gan_lab.noise import Noise

log = logging.getLogger(__name__)

TRUSTED_MODULES = ("torch.nn", "torch.optim", "gan_lab.noise")
TRUSTED_PACKAGES = ("gan_lab.models.", "gan_lab.networks.")
TRUSTED_CLASSES = (nn.Module, torch.optim.Optimizer, Noise)


def find_checkpoint(path: Path) -> Path:
    """The checkpoint that `path` names: a file, or the newest one of a run folder.

    Raises:
        UserError: where there is none.
    """
    path = path.expanduser()
    if path.is_dir():
        newest = newest_checkpoint(path)
        if newest is None:
            raise UserError(f"{path} is no run folder: it has no checkpoints/{LAST}; name a run folder or a .ckpt file")
        return newest
    if not path.is_file():
        raise UserError(f"{path} does not exist; name a run folder under logs/, or a .ckpt file in its checkpoints/")
    return path.resolve()


def newest_checkpoint(folder: Path) -> Path | None:
    """The whole checkpoint of the most iterations in a run folder, `None` where there is none.

    It is `last.ckpt` but for a run that was killed between two saves and has measured its best since, or whose last
    file is damaged, which a warning tells.
    """
    found: list[tuple[int, bool, Path]] = []
    for path in (*folder.glob("checkpoints/*.ckpt"), *folder.glob("hpc_ckpt_*.ckpt")):
        try:
            done = int(read_checkpoint(path)["global_step"])
        except UserError as error:
            log.warning("passed over: %s", error)
        else:
            found.append((done, path.name == LAST, path.resolve()))
    return max(found)[-1] if found else None


def read_checkpoint(path: Path) -> dict[str, Any]:
    """A checkpoint of ours, read without running any code that it may carry.

    Raises:
        UserError: where the file is not a whole checkpoint of gan_lab's.
    """
    try:
        content = torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:  # whatever the unpickler makes of the bytes of some other file
        raise UserError(
            f"{path} is not a checkpoint, or is damaged; name a .ckpt file that a run has written"
        ) from error
    ours = content.get(CHECKPOINT_KEY) if isinstance(content, dict) else None
    if not isinstance(ours, dict) or "state_dict" not in content:
        raise UserError(f"{path} is not a checkpoint of gan_lab; name a .ckpt file that a run has written")
    return content


def load_model(content: dict[str, Any]) -> NoiseGAN:
    """The trained model of a checkpoint, built from the configuration that it carries, in evaluation mode.

    Raises:
        UserError: where the configuration asks for anything but networks, noise, optimizers and variants of ours.
    """
    config = content[CHECKPOINT_KEY]["config"]["model"]
    refuse_foreign_targets(config)
    model = build("model", config)
    assert isinstance(model, NoiseGAN)
    try:
        model.load_state_dict(content["state_dict"])
    except RuntimeError as error:
        raise UserError(
            f"the checkpoint's weights do not fit its configuration ({str(error).splitlines()[0]})"
        ) from error
    return model.eval()


def refuse_foreign_targets(config: Any) -> None:
    """Raise a `UserError` where a `_target_` is anything but a network, layer, optimizer, noise or variant."""
    if isinstance(config, dict):
        if "_target_" in config and not _is_trusted(str(config["_target_"])):
            raise UserError(f"the checkpoint asks for {config['_target_']}, which a checkpoint may not build")
        for value in config.values():
            refuse_foreign_targets(value)
    elif isinstance(config, list):
        for value in config:
            refuse_foreign_targets(value)


def _is_trusted(target: str) -> bool:
    """Whether `target` names a class of these kinds where it is defined, not through what its module imports."""
    module, _, name = target.rpartition(".")
    if module not in TRUSTED_MODULES and not module.startswith(TRUSTED_PACKAGES):
        return False
    try:
        found = getattr(importlib.import_module(module), name, None)
    except ImportError:
        return False
    return isinstance(found, type) and issubclass(found, TRUSTED_CLASSES)
