"""The keys of a run that belong to no group, checked."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch

from gan_lab.callbacks.collapse import ACTIONS
from gan_lab.checks import check_choice, check_flag, check_number, check_whole
from gan_lab.errors import UserError


@dataclass(frozen=True)
class Settings:
    """What a run is asked for, beside its data, model and metrics."""

    seed: int
    epochs: float
    iterations: int | None
    fraction: float
    channels_last: bool
    compile: bool
    collapse: str
    log_every: int
    sample_every: int | None
    checkpoint_every: int | None
    accelerator: str
    devices: int
    precision: str

    @classmethod
    def of(cls, config: dict[str, Any]) -> Settings:
        """Read and check them in a resolved configuration.

        Raises:
            UserError: for a value of the wrong kind, or a device that is not there.
        """
        for key in ("iterations", "sample_every", "checkpoint_every"):
            check_whole(key, config[key], 1, optional=True)
        check_whole("log_every", config["log_every"], 1)
        check_whole("seed", config["seed"], 0)
        check_number("seed", config["seed"], most=2**32 - 1)
        check_number("epochs", config["epochs"], above=0)
        check_number("budget.fraction", config["budget"]["fraction"], above=0)
        check_flag("channels_last", config["channels_last"])
        check_flag("compile", config["compile"])
        check_choice("collapse", config["collapse"], ACTIONS)
        accelerator, devices = find_devices(config["trainer"]["accelerator"], config["trainer"]["devices"])
        precision = config["precision"]["lightning"]
        if precision == "16-mixed" and accelerator == "cpu":
            raise UserError("precision=fp16 needs a GPU, and this run is on the CPU; choose precision=bf16 or fp32")
        return cls(
            seed=config["seed"],
            epochs=config["epochs"],
            iterations=config["iterations"],
            fraction=config["budget"]["fraction"],
            channels_last=config["channels_last"],
            compile=config["compile"],
            collapse=config["collapse"],
            log_every=config["log_every"],
            sample_every=config["sample_every"],
            checkpoint_every=config["checkpoint_every"],
            accelerator=accelerator,
            devices=devices,
            precision=precision,
        )

    def device(self, local_rank: int) -> torch.device:
        """The device of a process."""
        return torch.device("cuda", local_rank) if self.accelerator == "gpu" else torch.device("cpu")

    def budget(self, batches_per_epoch: int) -> int:
        """How long to train: `fraction` of `iterations`, or else of the batches in `epochs` passes over the images."""
        return max(1, round(self.fraction * (self.iterations or self.epochs * batches_per_epoch)))


def find_devices(accelerator: str, devices: int) -> tuple[str, int]:
    """The accelerator, "cpu" or "gpu", and how many of its devices; -1 asks for all GPUs.

    Raises:
        UserError: where GPUs are asked for that this machine does not have.
    """
    available = torch.cuda.device_count()
    if accelerator == "auto":
        accelerator = "gpu" if available else "cpu"
    if accelerator not in ("cpu", "gpu"):
        raise UserError(f"trainer.accelerator={accelerator} is not known; choose auto, cpu or gpu")
    if devices != -1:
        check_whole("trainer.devices", devices, 1)
    if accelerator == "gpu":
        if not available:
            raise UserError("a GPU is asked for, and PyTorch finds none on this machine; choose trainer=cpu or auto")
        if devices > available:
            raise UserError(f"trainer.devices={devices}: this machine has {available} GPUs; choose at most {available}")
        devices = available if devices == -1 else devices
    elif devices == -1:
        raise UserError("trainer.devices=-1 means all GPUs; on the CPU say how many processes, as trainer.devices=2")
    return accelerator, devices
