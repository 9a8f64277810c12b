"""The run that a new one goes on from."""

from __future__ import annotations

import json
import logging
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gan_lab.adversarial import CHECKPOINT_KEY
from gan_lab.checkpoint import COMPARED, find_checkpoint, newest_checkpoint, read_checkpoint, stored_bytes
from gan_lab.errors import UserError
from gan_lab.run_folder import AUTO, is_used, owner
from gan_lab.summary import flat
from gan_lab.trust import shown

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Resumed:
    """The checkpoint that a run goes on from, the iterations that it has done, and the bytes of its weights.

    A run that was killed before it saved one has no `path`; it starts again in its folder.
    """

    path: Path | None
    iterations: int
    weights: int
    may_be_done: bool  # it was looked for, or ended behind its last save and before its summary

    def check_budget(self, iterations: int, fraction: float) -> None:
        """Raise a `UserError` where a budget of so many iterations, a `fraction` of the full one, is used up."""
        if self.iterations > iterations or (self.iterations == iterations and not self.may_be_done):
            is_short = fraction < 1 and self.iterations < iterations / fraction
            remedy = "budget=full" if is_short else f"iterations={2 * round(self.iterations / fraction)}"
            raise UserError(
                f"resume={self.path} has already done {self.iterations} of {iterations} iterations; a larger budget "
                f"continues it, as {remedy}"
            )

    def is_of(self, folder: Path) -> bool:
        """Whether the run goes on in its own folder."""
        if self.path is None:
            return True
        own = owner(self.path)
        return own is not None and own.resolve() == folder.resolve()


def find_resumed(config: dict[str, Any], folder: Path) -> Resumed | None:
    """The checkpoint that `resume` names, or `None`; with `resume=auto` the newest whole one in `folder`.

    What a resumed run cannot change is compared; budget, intervals, devices, precision, compile and metrics it can.

    Raises:
        UserError: where there is none, or it belongs to a run that was set up otherwise.
    """
    if config["resume"] is None:
        return None
    auto = config["resume"] == AUTO
    path = newest_checkpoint(folder) if auto else find_checkpoint(Path(config["resume"]))
    if path is None:
        if is_used(folder):
            log.warning("%s holds no whole checkpoint; the run starts again from its beginning", folder)
        return Resumed(None, 0, 0, True) if is_used(folder) else None
    content = read_checkpoint(path)
    optimizers = content.get("optimizer_states")
    if not isinstance(optimizers, list) or len(optimizers) != 2:
        raise UserError(f"{path} has no states of two optimizers; name a checkpoint that a run has written")
    refuse_changes(config, content[CHECKPOINT_KEY]["config"])
    done = int(content["global_step"])
    own = owner(path)
    has_ended = own is None or (own / "summary.json").exists()
    return Resumed(path, done, stored_bytes(content), auto or not has_ended)


def refuse_changes(config: dict[str, Any], earlier: dict[str, Any]) -> None:
    """Raise a `UserError` where a run is set up otherwise than the one that it goes on from."""
    for key in COMPARED:
        now, before = dict(flat(key, config[key])), dict(flat(key, earlier[key]))
        changed = sorted(name for name in now.keys() | before.keys() if now.get(name) != before.get(name))
        changed = [name for name in changed if name != "data.root"]
        if changed:
            name = changed[0]
            raise UserError(
                f"a resumed run cannot change {shown(name)} from {shown(before.get(name))} to {shown(now.get(name))}; "
                "leave it as it was, or start a new run"
            )


def finished_summary(config: dict[str, Any], iterations: int, folder: Path) -> dict[str, Any] | None:
    """The summary of the run in `folder`, where `resume=auto` finds that it has reached the budget."""
    path = folder / "summary.json"
    if config["resume"] != AUTO or not path.is_file():
        return None
    summary = json.loads(path.read_text())
    return summary if summary["iterations"] >= iterations else None
