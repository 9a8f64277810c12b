"""The run that a new one goes on from."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gan_lab.adversarial import CHECKPOINT_KEY
from gan_lab.checkpoint import COMPARED, find_checkpoint, read_checkpoint, stored_bytes
from gan_lab.errors import UserError
from gan_lab.summary import flat
from gan_lab.trust import shown


@dataclass(frozen=True)
class Resumed:
    """The checkpoint that a run goes on from, the iterations that it has done, and the bytes of its weights."""

    path: Path
    iterations: int
    weights: int

    def check_budget(self, iterations: int, fraction: float) -> None:
        """Raise a `UserError` where a budget of so many iterations, a `fraction` of the full one, is used up."""
        if self.iterations >= iterations:
            raise UserError(
                f"resume={self.path} has already done {self.iterations} of {iterations} iterations; a larger budget "
                f"continues it, as iterations={2 * round(self.iterations / fraction)}"
            )


def find_resumed(config: dict[str, Any]) -> Resumed | None:
    """The checkpoint that `resume` names, or `None`.

    What a resumed run cannot change is compared; budget, intervals, devices, precision, compile and metrics it can.

    Raises:
        UserError: where there is none, or it belongs to a run that was set up otherwise.
    """
    if config["resume"] is None:
        return None
    path = find_checkpoint(Path(config["resume"]))
    content = read_checkpoint(path)
    earlier = content[CHECKPOINT_KEY]["config"]
    optimizers = content.get("optimizer_states")
    if not isinstance(optimizers, list) or len(optimizers) != 2:
        raise UserError(f"{path} has no states of two optimizers; name a checkpoint that a run has written")
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
    return Resumed(path, content["global_step"], stored_bytes(content))
