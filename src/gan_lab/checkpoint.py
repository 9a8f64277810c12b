"""Checkpoint files: what ours hold beside Lightning's, and how they are found and read."""

from __future__ import annotations

import logging
import math
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.modules.module import register_module_parameter_registration_hook

from gan_lab.adversarial import CHECKPOINT_KEY
from gan_lab.building import build, first_line
from gan_lab.callbacks.checkpoints import LAST
from gan_lab.errors import UserError
from gan_lab.models.noise_gan import NoiseGAN
from gan_lab.trust import LARGEST_NUMBER, plain_leaves, refuse_foreign_targets, shown

log = logging.getLogger(__name__)

COMPARED = ("model", "data", "seed", "channels_last")
"""The parts of the configuration that a resumed run shares with the earlier one."""


def find_checkpoint(path: Path) -> Path:
    """The checkpoint that `path` names: a file, or the newest one of a run folder.

    Raises:
        UserError: where there is none.
    """
    path = path.expanduser()
    if path.is_dir():
        newest = newest_checkpoint(path)
        if newest is None and (path / "checkpoints").is_dir():
            raise UserError(f"{path} holds no whole checkpoint; resume=auto with its hydra.run.dir starts it again")
        if newest is None:
            raise UserError(f"{path} is no run folder: it has no checkpoints/{LAST}; name a run folder or a .ckpt file")
        return newest
    if not path.is_file():
        raise UserError(f"{path} does not exist; name a run folder under logs/, or a .ckpt file in its checkpoints/")
    return path.absolute()


def check_finite(path: Path, weights: dict[str, Tensor]) -> None:
    """Raise a `UserError` where one of the weights of a checkpoint is NaN or infinite."""
    for name, weight in weights.items():
        if not bool(weight.isfinite().all()):
            raise UserError(f"{path}: its weight {name} is not finite; name an earlier checkpoint")


def newest_checkpoint(folder: Path) -> Path | None:
    """The whole checkpoint of the most iterations in a run folder, `None` where there is none.

    It is `last.ckpt` but for a run that was killed between two saves and has measured its best since, or whose last
    file is damaged or holds numbers that are not finite, which a warning tells.
    """
    found: list[tuple[int, bool, Path]] = []
    for path in (*folder.glob("checkpoints/*.ckpt"), *folder.glob("hpc_ckpt_*.ckpt")):
        try:
            content = read_checkpoint(path)
            check_finite(path, content["state_dict"])
        except UserError as error:
            log.warning("passed over: %s", str(error).partition(";")[0])
        else:
            found.append((int(content["global_step"]), path.name == LAST, path.absolute()))
    return max(found)[-1] if found else None


def read_checkpoint(path: Path) -> dict[str, Any]:
    """A checkpoint of ours with all its parts, read without running any code that it may carry.

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
    wrong = _wrong_part(content, ours)
    if wrong:
        raise UserError(f"{path}: its {wrong} is missing or malformed; name a .ckpt file that a run has written")
    for section in ("model", "data"):
        plain_leaves(section, ours["config"][section])
    return content


def _wrong_part(content: dict[str, Any], ours: dict[str, Any]) -> str | None:
    """The first part of a checkpoint that is not what a run writes there."""
    config, overrides, scalars = ours.get("config"), ours.get("overrides"), ours.get("scalars")
    weights, step = content["state_dict"], content.get("global_step")
    if not isinstance(config, dict) or any(key not in config for key in COMPARED):
        return "configuration"
    if not all(isinstance(config[section], dict) for section in ("model", "data")):
        return "configuration"
    if not isinstance(overrides, list) or not all(isinstance(text, str) and len(text) < 10_000 for text in overrides):
        return "list of overrides"
    if not isinstance(scalars, dict) or not all(
        isinstance(name, str) and isinstance(value, int | float) for name, value in scalars.items()
    ):
        return "table of scalars"
    if type(step) is not int or not 0 <= step <= LARGEST_NUMBER:
        return "number of iterations"
    if not isinstance(weights, dict) or not all(
        isinstance(name, str) and isinstance(value, Tensor) and value.layout == torch.strided and not value.is_meta
        for name, value in weights.items()
    ):
        return "table of weights"
    return None


def load_model(content: dict[str, Any]) -> NoiseGAN:
    """The trained model of a checkpoint, built from the configuration that it carries, in evaluation mode.

    Raises:
        UserError: where the configuration asks for anything but networks, noise, optimizers and variants of ours, for
            larger ones than the checkpoint has weights for, or for what makes no images.
    """
    config = content[CHECKPOINT_KEY]["config"]["model"]
    refuse_foreign_targets(config)
    with limited_to(stored_bytes(content)):
        model = build("model", config)
    if not isinstance(model, NoiseGAN):
        raise UserError(f"the checkpoint's model is a {shown(type(model).__name__)}, which is no variant of gan_lab's")
    try:
        model.load_state_dict(dict(content["state_dict"]))
    except RuntimeError as error:
        raise UserError(f"the checkpoint's weights do not fit its configuration ({first_line(error)})") from error
    _check_images(model.eval())
    return model


def _check_images(model: NoiseGAN) -> None:
    """Raise a `UserError` unless the model makes images; a single one tells it."""
    try:
        images = next(iter(model.sample(1, seed=0))).images
    except Exception as error:  # layers that do not fit each other fail in any way
        raise UserError(
            f"the checkpoint's model makes no images ({type(error).__name__}: {first_line(error)}); "
            "name a checkpoint that a run has written"
        ) from error
    if images.dim() != 4 or images.shape[1] not in (1, 3) or math.prod(images.shape) == 0:
        raise UserError(f"the checkpoint's model makes no images, but values of shape {[*images.shape]}")


def stored_bytes(content: dict[str, Any]) -> int:
    """How many bytes of weights a checkpoint really holds; its tensors may claim to be larger."""
    storages = [weight.untyped_storage() for weight in content["state_dict"].values()]
    return sum({storage.data_ptr(): storage.nbytes() for storage in storages}.values())


@contextmanager
def limited_to(weights: int) -> Iterator[None]:
    """Within the block no more than so many weights are made, in all networks together.

    A layer registers its weights before it draws them, so that no memory has been touched yet where a configuration
    asks for a billion.

    Raises:
        UserError: at the first weight too many.
    """
    made = 0

    def count(module: nn.Module, name: str, parameter: nn.Parameter | None) -> None:
        nonlocal made
        made += 0 if parameter is None else parameter.numel()
        if made > weights:
            raise UserError(
                f"the checkpoint's configuration asks for networks of {made} weights and more, and it has at most "
                f"{weights}; name a checkpoint that a run has written"
            )

    handle = register_module_parameter_registration_hook(count)
    try:
        yield
    finally:
        handle.remove()
