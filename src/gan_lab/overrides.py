"""Overrides of the command line: taken from the run that is resumed, composed, and explained when they are wrong."""

from __future__ import annotations

import difflib
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from gan_lab.errors import UserError
from gan_lab.run_folder import AUTO, owner, refuse_used_folder, refuse_used_sweep

EXTRAS = {
    "hydra/launcher=joblib": "joblib",
    "hydra/launcher=submitit_local": "submitit",
    "hydra/launcher=submitit_slurm": "submitit",
    "hydra/launcher=ray": "ray",
    "hydra/sweeper=optuna": "optuna",
}
"""Choices that a plugin of Hydra gives, each with the extra of ours that installs it."""


def with_launcher_defaults(arguments: list[str]) -> list[str]:
    """The arguments, and after the choice of a launcher our defaults of it.

    Hydra has its plugin's own under the name that the user types, and takes no second file of that name.
    """
    from gan_lab.building import conf_folder

    places = [index for index, argument in enumerate(arguments) if _key(argument) == "hydra/launcher"]
    launcher = value_of("hydra/launcher", arguments)
    if not places or not (conf_folder() / "hydra" / "launcher_defaults" / f"{launcher}.yaml").is_file():
        return arguments
    after = places[-1] + 1  # not at an end: argparse wants all overrides on one side of the flags
    return [*arguments[:after], f"+hydra/launcher_defaults@hydra={launcher}", *arguments[after:]]


def with_resumed_choices(arguments: list[str]) -> list[str]:
    """The arguments, and for `resume=PATH` before them those that the resumed run was started with, and its folder.

    Raises:
        UserError: where there is no such run, or its checkpoint asks for what `borrowed` does not take from a file.
    """
    path = value_of("resume", arguments)
    if path in (None, "null", AUTO):
        return arguments
    from gan_lab.adversarial import CHECKPOINT_KEY
    from gan_lab.borrowed import borrow, without_foreign_paths
    from gan_lab.checkpoint import find_checkpoint, read_checkpoint
    from gan_lab.trust import check_composed

    checkpoint = find_checkpoint(Path(str(path)))
    earlier = read_checkpoint(checkpoint)[CHECKPOINT_KEY]
    new = [argument for argument in arguments if _key(argument) != "resume"]
    given = {_key(argument) for argument in new}
    kept = [override for override in earlier["overrides"] if not _is_replaced(_key(override), given)]
    borrowed = borrow(kept, earlier["config"])
    config = None
    if not any(argument.startswith("-") for argument in new):  # Hydra's flags compose otherwise, or several times
        config = compose([*borrowed.overrides, *filter(_chooses_files, new)])
        check_composed(config)
    taken = without_foreign_paths(borrowed, config)
    return [*taken, *new, f"resume={quoted(checkpoint)}", *_resumed_folder(checkpoint, new)]


def _chooses_files(argument: str) -> bool:
    """Whether an argument names an option of a group, or where else options are found."""
    from gan_lab.building import conf_folder

    key = _key(argument).split("@")[0]
    return key == "hydra.searchpath" or (key != "" and (conf_folder() / key).is_dir())


def _is_replaced(key: str, given: set[str]) -> bool:
    """Whether an earlier override gives way: to the same key, or to another option of the group that it is a key of."""
    return key == "resume" or any(key == other or key.startswith((f"{other}.", f"{other}/")) for other in given)


def _resumed_folder(checkpoint: Path, new: list[str]) -> list[str]:
    """Go on in the folder of the run; a checkpoint that was copied elsewhere starts a folder of its own.

    Hydra's own files there stay as the run's first start has written them.
    """
    own = owner(checkpoint)
    named = value_of("hydra.run.dir", new)
    if own is None or (named is not None and Path(named).resolve() != own.resolve()):
        return []
    return [f"hydra.run.dir={quoted(own)}", "hydra.output_subdir=null"]


def refuse_used_folders(arguments: list[str]) -> None:
    """Raise a `UserError` where a folder that the arguments name holds earlier runs that are not being resumed.

    This comes before Hydra writes its own files there. `resume=auto` must name the folder, for a new one's name
    holds the time.
    """
    folder, sweep = value_of("hydra.run.dir", arguments), value_of("hydra.sweep.dir", arguments)
    resumed = value_of("resume", arguments)
    if resumed == AUTO:
        sweeps = {"-m", "--multirun"} & {*arguments} or value_of("sweep", arguments) not in (None, "null")
        key = "hydra.sweep.dir" if sweeps else "hydra.run.dir"
        if value_of(key, arguments) is None:
            raise UserError(f"resume={AUTO} goes on with the run in a folder that you name: add {key}=FOLDER")
        return
    own = None if resumed is None else owner(Path(resumed))
    if folder is not None and (own is None or Path(folder).resolve() != own.resolve()):
        refuse_used_folder(Path(folder))
    if sweep is not None:
        refuse_used_sweep(Path(sweep))


def value_of(key: str, arguments: Sequence[str]) -> str | None:
    """The value that the last `key=value` of the arguments gives, without its quotes; `None` where there is none."""
    values = [argument.split("=", 1)[1] for argument in arguments if "=" in argument and _key(argument) == key]
    if not values:
        return None
    value = values[-1]
    if len(value) > 1 and value[0] == value[-1] and value[0] in "'\"":
        value = value[1:-1].replace(f"\\{value[0]}", value[0])
    return value


def quoted(value: Path | str) -> str:
    """A value that Hydra takes as it stands, whatever characters it has."""
    escaped = str(value).replace("'", "\\'")
    return f"'{escaped}'"


def _key(argument: str) -> str:
    return argument.split("=", 1)[0].lstrip("+")


def compose(overrides: Sequence[str]) -> dict[str, Any]:
    """The resolved configuration that these overrides give, outside of a Hydra run.

    Raises:
        UserError: for a choice or key that does not exist.
    """
    import hydra
    from hydra.core.hydra_config import HydraConfig
    from hydra.errors import HydraException
    from omegaconf import OmegaConf
    from omegaconf.errors import OmegaConfBaseException
    from yaml import YAMLError

    from gan_lab.building import conf_folder, plain

    try:
        with hydra.initialize_config_dir(str(conf_folder()), version_base="1.3"):
            config = hydra.compose("train", list(overrides), return_hydra_config=True)
            HydraConfig.instance().set_config(config)
            return plain(OmegaConf.masked_copy(config, [str(key) for key in config if key != "hydra"]))
    except (HydraException, OmegaConfBaseException, YAMLError) as error:
        raise UserError(explain(error)) from error


def explain(error: Exception) -> str:
    """Hydra's message about a wrong choice or key as one line that says what could be meant."""
    from hydra.errors import OverrideParseException
    from yaml import MarkedYAMLError

    if isinstance(error, MarkedYAMLError) and error.problem_mark is not None:
        place = f"{error.problem_mark.name}, line {error.problem_mark.line + 1}"
        return f"{place}: {error.problem}; mend the file, or take another one"
    text = str(error)
    missing_option = re.search(r"Could not (?:find|load) '([\w./@]+)/([^'/]*)'", text)
    if missing_option:
        group, option = missing_option.groups()
        if f"{group}={option}" in EXTRAS:
            return f"{group}={option} needs an extra package: pip install 'gan-lab[{EXTRAS[f'{group}={option}']}]'"
        options = options_of(group)
        if group.startswith("hydra/"):
            options = ["basic", *(choice.partition("=")[2] for choice in EXTRAS if choice.startswith(f"{group}="))]
        return f"{group}={option}: there is no such option; choose one of {', '.join(options)}{_near(option, options)}"
    missing_key = re.search(r"Could not override '([^']*)'", text)
    if missing_key:
        key, known = missing_key.group(1), known_keys()
        if key in known:
            return f"{key} is a key of the default choices, and means nothing with these; leave it out"
        return f"there is no group or key '{key}'{_near(key, known)}; --help lists all"
    if isinstance(error, OverrideParseException):
        said = [line for line in text.splitlines() if line and not line.startswith(("Error parsing", "See http"))]
        return f"{error.override}: not of the form KEY=VALUE ({said[0]}); quote special characters"
    lines = [line.strip() for line in [*text.splitlines(), *str(error.__cause__ or "").splitlines()] if line.strip()]
    return "; ".join(lines[:2]) + "; --help lists the choices"


def options_of(group: str) -> list[str]:
    """The options of a group, from its files; those in a folder of it are named with the folder, as seeds/mnist_gan."""
    from gan_lab.building import conf_folder

    folder = conf_folder() / group
    inner = [path for path in folder.glob("*/*.yaml") if path.read_text().startswith("# @package _global_")]
    found = [*folder.glob("*.yaml"), *inner]  # the other inner files are a group of their own, as activation/layer
    return sorted(path.relative_to(folder).with_suffix("").as_posix() for path in found)


def known_keys() -> list[str]:
    """All groups, and all keys of the default configuration."""
    from gan_lab.building import conf_folder

    groups = [str(path.relative_to(conf_folder())) for path in conf_folder().rglob("*") if path.is_dir()]
    return [*groups, *_keys("", compose([]))]


def _keys(prefix: str, config: dict[str, Any]) -> list[str]:
    found = []
    for key, value in config.items():
        path = f"{prefix}.{key}" if prefix else key
        found.append(path)
        if isinstance(value, dict):
            found += _keys(path, value)
    return found


def _near(word: str, known: list[str]) -> str:
    close = difflib.get_close_matches(word, known, n=1, cutoff=0.6)
    return f"; did you mean {close[0]}?" if close else ""
