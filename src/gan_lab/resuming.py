"""The run that a new one goes on from."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gan_lab.adversarial import CHECKPOINT_KEY
from gan_lab.checkpoint import find_checkpoint, read_checkpoint
from gan_lab.errors import UserError
from gan_lab.summary import flat


@dataclass(frozen=True)
class Resumed:
    """The checkpoint that a run goes on from, and the iterations that it has done."""

    path: Path
    iterations: int


FIXED = ("model", "data", "seed", "channels_last")
"""What a resumed run cannot change; budget, intervals, devices, precision, compile and metrics it can."""


def find_resumed(config: dict[str, Any], iterations: int) -> Resumed | None:
    """The checkpoint that `resume` names, or `None`.

    Raises:
        UserError: where there is none, it has used up the budget, or belongs to a run that was set up otherwise.
    """
    if config["resume"] is None:
        return None
    path = find_checkpoint(Path(config["resume"]))
    content = read_checkpoint(path)
    earlier = content[CHECKPOINT_KEY]["config"]
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
    done = int(content["global_step"])
    if done >= iterations:
        raise UserError(
            f"resume={path} has already done {done} of {iterations} iterations; a larger budget continues it, "
            f"as iterations={2 * round(done / config['budget']['fraction'])}"
        )
    return Resumed(path, done)
