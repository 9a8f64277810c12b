"""`-m +ablation=NAME`: one question, the choices that answer it, and seeds, as a multirun."""

from __future__ import annotations

from typing import Any

from gan_lab import launch
from gan_lab.checks import check_whole
from gan_lab.errors import UserError
from gan_lab.overrides import compose, value_of

MULTIRUN = {"-m", "--multirun"}


def with_ablation(arguments: list[str]) -> list[str]:
    """The arguments, and for `+ablation=NAME` the values that its file sweeps over; keys that are given stay as given.

    Seeds come first, so that a sweep which is cut short has compared all choices on some of them.

    Raises:
        UserError: where there is no such ablation, or `-m` is missing.
    """
    arguments = [f"+{argument}" if argument.startswith("ablation=") else argument for argument in arguments]
    name = value_of("ablation", arguments)
    if name is None or launch.is_launched() or {"--help", "-h"} & {*arguments}:
        return arguments
    if "," in name:
        raise UserError(f"+ablation={name}: an ablation is a sweep of its own; name one at a time")
    own = [argument for argument in arguments if argument.lstrip("+").startswith("ablation.")]
    ablation = compose([f"+ablation={name}", *own])["ablation"]
    check_whole("ablation.seeds", ablation["seeds"], 1)
    if not MULTIRUN & {*arguments}:
        if value_of("resume", arguments) is not None:
            return arguments
        raise UserError(f"+ablation={name} compares several runs; add -m: python train.py -m +ablation={name}")
    sweep = {"seed": f"range({ablation['seeds']})"}
    sweep |= {key: ",".join(map(_written, values)) for key, values in ablation["choices"].items()}
    added = [f"{key}={values}" for key, values in sweep.items() if value_of(key, arguments) is None]
    print(f"ablation {name}: {ablation['question']} gan-lab report FOLDER answers, when the runs are done")
    return [*arguments, *added]


def _written(value: Any) -> str:
    """A plain value as Hydra reads it."""
    return str(value).lower() if isinstance(value, bool) else str(value)
