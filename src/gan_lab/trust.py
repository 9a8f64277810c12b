"""What a checkpoint may hold and build. It may come from a stranger, and must run no code.

A configuration out of a file is plain: dictionaries, lists, text, numbers. None of its text is evaluated, so that each
`_target_` stands in plain sight. `borrowed` says which overrides of a file are taken.
"""

from __future__ import annotations

import importlib
import re
from collections.abc import Iterator
from typing import Any

from gan_lab.errors import UserError

BUILT = ("model", "network", "noise", "optimizer", "activation")
"""The sections that a model is built from."""

TRUSTED_MODULES = ("torch.nn", "torch.optim", "gan_lab.noise")
TRUSTED_PACKAGES = ("gan_lab.models.", "gan_lab.networks.")
SHIPPED_PACKAGES = ("gan_lab.data.", "gan_lab.metrics.")
JOB = "gan_lab.experiment.run"
DEEPEST = 20  # levels of a configuration; ours have five
MOST_VALUES = 10_000  # ours has about two hundred
LARGEST_SIZE = 10**7  # of any whole number that a model is built from, but its seed
LARGEST_NUMBER = 2**53
OURS = "name one that a run of gan_lab has written"


def shown(value: object) -> str:
    """A value out of a file as it may stand in a message: short."""
    text = str(value)
    return text if len(text) <= 100 else f"{text[:100]}..."


def plain_leaves(path: str, value: Any) -> list[tuple[str, Any]]:
    """The dotted keys and the plain values of nested dictionaries and lists; an empty one is a value itself.

    Raises:
        UserError: for anything else in them, endless nesting or number, and text that would be evaluated.
    """
    found = []
    for leaf in _leaves(path, value, DEEPEST):
        found.append(leaf)
        if len(found) > MOST_VALUES:
            raise UserError(f"the checkpoint's {shown(path)} has more than {MOST_VALUES} values; {OURS}")
    return found


def _leaves(path: str, value: Any, depth: int) -> Iterator[tuple[str, Any]]:
    key = f"the checkpoint's {shown(path)}"
    if type(value) in (dict, list) and value:
        if not depth:
            raise UserError(f"{key} is nested too deeply; {OURS}")
        for name, part in value.items() if isinstance(value, dict) else enumerate(value):
            yield from _leaves(f"{path}.{name}", part, depth - 1)
        return
    if value is not None and type(value) not in (str, bool, int, float, dict, list):
        raise UserError(f"{key} holds a {type(value).__name__}, which is no plain value; {OURS}")
    if isinstance(value, str) and ("${" in value or not value.isprintable()):
        raise UserError(f"{key} holds {shown(value)}, which is no plain text; {OURS}")
    if isinstance(value, int | float) and not abs(value) <= LARGEST_NUMBER:  # nor is it nan
        raise UserError(f"{key}={shown(value)} is beyond all measure; {OURS}")
    yield path, value


def refuse_foreign_targets(config: Any, section: str = "model") -> None:
    """Raise a `UserError` where the configuration of a model would build more than its kind, or is none.

    Its `_target_`s may be networks, layers, optimizers, noise and variants; they are all in plain sight, since no text
    in it is evaluated.
    """
    for path, value in plain_leaves(section, config):
        key = path.rpartition(".")[2]
        if "_target_" in path.split(".") and not (key == "_target_" and is_model_part(value)):
            refuse_target(path, value)
        if type(value) is int and abs(value) > LARGEST_SIZE and key != "seed":
            raise UserError(f"the checkpoint's {shown(path)}={shown(value)} is beyond all measure; {OURS}")


def refuse_target(path: str, target: object) -> None:
    """Raise the `UserError` about a `_target_` that a checkpoint may not build."""
    raise UserError(
        f"the checkpoint asks for {shown(target)}, which a checkpoint may not build; "
        f"if you know what that is, say {shown(path)}={shown(target)} yourself"
    )


def is_model_part(target: object) -> bool:
    """Whether `target` names a class of these kinds where it is defined, not through what its module imports."""
    from torch import nn, optim

    from gan_lab.noise import Noise

    if not isinstance(target, str) or not re.fullmatch(r"[A-Za-z]\w*(\.[A-Za-z]\w*)+", target, re.ASCII):
        return False
    module, _, name = target.rpartition(".")
    if module not in TRUSTED_MODULES and not module.startswith(TRUSTED_PACKAGES):
        return False
    try:
        found = getattr(importlib.import_module(module), name, None)
    except ImportError:
        return False
    return isinstance(found, type) and issubclass(found, (nn.Module, optim.Optimizer, Noise))


def check_composed(config: dict[str, Any]) -> None:
    """Raise a `UserError` unless the resolved configuration of a checkpoint's choices builds what checkpoints may."""
    for section, tree in config.items():
        if section in BUILT:
            refuse_foreign_targets(tree, section)
            continue
        for path, value in plain_leaves(section, tree):
            shipped = isinstance(value, str) and (value.startswith(SHIPPED_PACKAGES) or value == JOB)
            if "_target_" in path.split(".") and not shipped:
                refuse_target(path, value)
