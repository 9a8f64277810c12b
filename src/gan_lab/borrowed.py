"""The overrides that a run takes from the checkpoint that it resumes, which may come from a stranger.

What the user types is trusted. Of a file's overrides these are taken, and any other is refused before Hydra sees it:

- options of the shipped groups, by name;
- values of keys that the shipped files have, and of which none names code; where those have a word, one of their words;
- anything under `model`, `network`, `noise`, `optimizer` and `activation`, where `trust` knows the `_target_`s.

Nothing in them is evaluated: a reference, as `${data.classes}`, is replaced by the value that it had in the run.
"""

from __future__ import annotations

import importlib
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path, PureWindowsPath
from typing import Any

from gan_lab.building import conf_folder
from gan_lab.callbacks.collapse import ACTIONS
from gan_lab.errors import UserError
from gan_lab.trust import BUILT, is_model_part, plain_leaves, refuse_target, shown

VALUED = ("data", "batchnorm", "budget", "trainer", "precision", "metrics", "logger", "ablation")
"""The sections of which a checkpoint may change values only."""

ROOT, WEIGHTS = "data.root", "metrics.features.weights"
OWN_ROOT = "data.root=${oc.env:GAN_LAB_DATA,null}"  # as train.yaml has it
MOST_PROCESSES = 64


@dataclass
class Borrowed:
    """Overrides that are taken, as Hydra reads them, and the keys that they set."""

    overrides: list[str] = field(default_factory=list)
    keys: set[str] = field(default_factory=set)


def borrow(overrides: Sequence[str], config: dict[str, Any]) -> Borrowed:
    """Take overrides out of a checkpoint; `config` is the composed configuration of its run.

    Raises:
        UserError: for one that a checkpoint may not bring. Nothing has been composed or built by then.
    """
    from hydra.core.override_parser.overrides_parser import OverridesParser

    parser, taken = OverridesParser.create(), Borrowed()
    for text in overrides:
        try:
            override = parser.parse_override(text)
            if "${" in text:
                text = _with_value(override, config)
                override = parser.parse_override(text)
        except UserError:
            raise
        except Exception as error:  # the parser's own kinds, and whatever else it makes of any text
            raise UserError(
                f"the checkpoint's override {shown(text)} is not of the form KEY=VALUE; say what it means yourself"
            ) from error
        taken.keys.update(_check_override(text, override))
        taken.overrides.append(text)
    return taken


def _with_value(override: Any, config: dict[str, Any]) -> str:
    """The override with the value that its key had in the run, in place of a reference."""
    value: Any = config
    for key in override.key_or_group.split("."):
        value = value.get(key) if isinstance(value, dict) else None
    plain_leaves(override.key_or_group, value)
    return f"{override.get_key_element()}={_written(value)}"


def _written(value: Any) -> str:
    """A plain value as Hydra reads it."""
    from hydra.core.override_parser.types import Quote, QuotedString

    if isinstance(value, list):
        return f"[{','.join(map(_written, value))}]"
    if isinstance(value, dict):
        return f"{{{','.join(f'{key}:{_written(part)}' for key, part in value.items())}}}"
    if isinstance(value, str):
        return QuotedString(value, Quote.single).with_quotes()
    return "null" if value is None else str(value)


def _check_override(text: str, override: Any) -> list[str]:
    """The keys that a parsed override sets; a `UserError` where a checkpoint may not bring it."""
    key, value = override.key_or_group, override.value()
    section = re.split(r"[./]", key)[0]
    if override.is_sweep_override() or not key or not text.isprintable():
        _refuse(text)
    if override.is_delete():
        if section not in (*BUILT, "data") or "." not in key:
            _refuse(text)
        return []
    if (conf_folder() / key).is_dir() and not isinstance(value, dict):
        names = value if isinstance(value, list) else [value]
        are_names = all(isinstance(name, str) and re.fullmatch(r"\w[\w-]*(/\w[\w-]*)*", name) for name in names)
        package = override.package or section
        is_inside = re.fullmatch(rf"{section}(\.[a-z]\w*)*", package)
        if section not in (*BUILT, *VALUED, "experiment") or not are_names or not is_inside:
            _refuse(text)
        return []
    if override.package is not None:
        _refuse(text)
    found = plain_leaves(key, value)
    for path, leaf in found:
        _check_value(text, path, leaf)
    return [path for path, _ in found]


def _check_value(text: str, path: str, value: Any) -> None:
    """Raise a `UserError` unless a checkpoint may set this key to this value."""
    if path.split(".")[0] in BUILT:
        if path.endswith("._target_") and not is_model_part(value):
            refuse_target(path, value)
        return
    words = shipped_words().get(path)
    if path == "task":
        fits = _is_folder_name(value)
    elif path in (ROOT, WEIGHTS):
        fits = isinstance(value, str | None)
    elif path == "trainer.devices":
        fits = isinstance(value, int) and value <= MOST_PROCESSES
    else:
        wanted = str if words else int | float | None
        fits = words is not None and isinstance(value, wanted) and (not words or value in words)
    if not fits:
        _refuse(text)


def _is_folder_name(task: Any) -> bool:
    """Whether a run's folder, which is named by its task, stays below `logs/`."""
    parts = re.split(r"[/\\]", str(task))
    is_plain = all(part.strip(".") and not part.startswith("~") and len(part) <= 100 for part in parts)
    return is_plain and not isinstance(task, dict | list) and not PureWindowsPath(str(task)).drive


def _refuse(override: str) -> None:
    raise UserError(
        f"the checkpoint asks for {shown(override)}, which a checkpoint may not bring; "
        "if you want it, say it yourself on the command line"
    )


@cache
def shipped_words() -> dict[str, set[str]]:
    """The keys that the shipped files give values to, each with the words among these; none names code or a model."""
    from omegaconf import OmegaConf

    base = OmegaConf.to_container(OmegaConf.load(conf_folder() / "train.yaml"), resolve=False)
    assert isinstance(base, dict)
    trees = [(str(key), base[key]) for key in base if key not in (*BUILT, "job", "resume", "defaults", "hydra")]
    for section in VALUED:
        for file in sorted((conf_folder() / section).rglob("*.yaml")):
            package = ".".join(file.parent.relative_to(conf_folder()).parts)
            tree = OmegaConf.to_container(OmegaConf.load(file), resolve=False)
            assert isinstance(tree, dict)
            is_global = file.read_text().startswith("# @package _global_")  # an ablation, whose own keys alone count
            trees.append((package, tree.get(section, {}) if is_global else tree))
    words: dict[str, set[str]] = {"collapse": {*ACTIONS}}
    for path, value in (pair for section, tree in trees for pair in _flat(section, tree)):
        if not any(key.startswith("_") or key == "defaults" for key in path.split(".")):
            words.setdefault(path, set()).update([value] if isinstance(value, str) and "${" not in value else [])
    return words


def _flat(path: str, value: Any) -> list[tuple[str, Any]]:
    if not isinstance(value, dict):
        return [(path, value)]
    return [pair for key, inner in value.items() for pair in _flat(f"{path}.{key}", inner)]


def without_foreign_paths(borrowed: Borrowed, config: dict[str, Any] | None) -> list[str]:
    """The borrowed overrides, but for paths that a checkpoint must not decide; `config` is what they compose to.

    Its data root is kept where all files of its data set are there: nothing is downloaded into a folder that the user
    has never named. Without `config` no path is kept.

    Raises:
        UserError: where it names a file for Inception's weights that is not the published one; it is not opened then.
    """
    overrides = list(borrowed.overrides)
    if WEIGHTS in borrowed.keys:
        from gan_lab.metrics.inception import is_published

        path = None if config is None else config["metrics"]["features"]["weights"]
        if path is not None and not is_published(Path(path)):
            raise UserError(f"the checkpoint names {shown(path)}, which is not Inception's weights; say {WEIGHTS}=PATH")
        if path is None:
            overrides.append(f"{WEIGHTS}=null")
    if ROOT in borrowed.keys and (config is None or not _has_files(config["data"])):
        overrides.append(OWN_ROOT)
    return overrides


def _has_files(data: dict[str, Any]) -> bool:
    """Whether all files of a shipped data set are in its root."""
    module = importlib.import_module(data["read"]["_target_"].rpartition(".")[0])
    try:
        root = Path(data["root"] or "").expanduser()
        return all((root / file).is_file() for file in module.FILES)
    except (OSError, RuntimeError):  # a name that is too long; a user that is not there
        return False
