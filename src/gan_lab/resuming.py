"""The run that a new one goes on from."""

from __future__ import annotations

import json
import logging
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gan_lab.adversarial import CHECKPOINT_KEY
from gan_lab.checkpoint import find_checkpoint, newest_checkpoint, read_checkpoint
from gan_lab.errors import UserError
from gan_lab.run_folder import AUTO, is_used, owner
from gan_lab.summary import flat

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Resumed:
    """The checkpoint that a run goes on from, and the iterations that it has done.

    A run that was killed before it saved one has no `path`; it starts again in its folder.
    """

    path: Path | None
    iterations: int

    def is_of(self, folder: Path) -> bool:
        """Whether the run goes on in its own folder."""
        return self.path is None or owner(self.path) == folder.resolve()


FIXED = ("model", "data", "seed", "channels_last")
"""What a resumed run cannot change; budget, intervals, devices, precision, compile and metrics it can."""


def find_resumed(config: dict[str, Any], iterations: int, folder: Path) -> Resumed | None:
    """The checkpoint that `resume` names, or `None`; with `resume=auto` the newest whole one in `folder`.

    Raises:
        UserError: where there is none, it has used up the budget, or belongs to a run that was set up otherwise.
    """
    if config["resume"] is None:
        return None
    auto = config["resume"] == AUTO
    path = newest_checkpoint(folder) if auto else find_checkpoint(Path(config["resume"]))
    if path is None:
        return Resumed(None, 0) if is_used(folder) else None
    content = read_checkpoint(path)
    refuse_changes(config, content[CHECKPOINT_KEY]["config"])
    done = int(content["global_step"])
    if done > iterations or (done == iterations and not auto):
        raise UserError(
            f"resume={path} has already done {done} of {iterations} iterations; a larger budget continues it, "
            f"as iterations={2 * round(done / config['budget']['fraction'])}"
        )
    log.info("going on from iteration %d, %s", done, path)
    return Resumed(path, done)


def refuse_changes(config: dict[str, Any], earlier: dict[str, Any]) -> None:
    """Raise a `UserError` where a run is set up otherwise than the one that it goes on from."""
    for key in FIXED:
        now, before = dict(flat(key, config[key])), dict(flat(key, earlier[key]))
        changed = sorted(name for name in now.keys() | before.keys() if now.get(name) != before.get(name))
        changed = [name for name in changed if name != "data.root"]
        if changed:
            name = changed[0]
            raise UserError(
                f"a resumed run cannot change {name} from {before.get(name)} to {now.get(name)}; "
                "leave it as it was, or start a new run"
            )


def finished_summary(config: dict[str, Any], iterations: int, folder: Path) -> dict[str, Any] | None:
    """The summary of the run in `folder`, where `resume=auto` finds that it has reached the budget."""
    path = folder / "summary.json"
    if config["resume"] != AUTO or not path.is_file():
        return None
    summary = json.loads(path.read_text())
    return summary if summary["iterations"] >= iterations else None
