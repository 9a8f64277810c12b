"""The keys of a run that belong to no group, checked."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch

from gan_lab.errors import UserError


@dataclass(frozen=True)
class Settings:
    """What a run is asked for, beside its data, model and metrics."""

    seed: int
    epochs: float
    iterations: int | None
    channels_last: bool
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
        optional_counts = ("iterations", "sample_every", "checkpoint_every")
        for key in optional_counts:
            _check(
                key, config[key], lambda value: value is None or _is_count(value), "a whole number from 1 on, or null"
            )
        _check("log_every", config["log_every"], _is_count, "a whole number from 1 on")
        _check("channels_last", config["channels_last"], lambda value: isinstance(value, bool), "true or false")
        _check("seed", config["seed"], lambda value: _is_whole(value) and value >= 0, "a whole number from 0 on")
        _check("epochs", config["epochs"], lambda value: _is_number(value) and value > 0, "a number above 0")
        accelerator, devices = find_devices(config["trainer"]["accelerator"], config["trainer"]["devices"])
        precision = config["precision"]["lightning"]
        if precision == "16-mixed" and accelerator == "cpu":
            raise UserError("precision=fp16 needs a GPU, and this run is on the CPU; choose precision=bf16 or fp32")
        return cls(
            seed=config["seed"],
            epochs=config["epochs"],
            iterations=config["iterations"],
            channels_last=config["channels_last"],
            log_every=config["log_every"],
            sample_every=config["sample_every"],
            checkpoint_every=config["checkpoint_every"],
            accelerator=accelerator,
            devices=devices,
            precision=precision,
        )

    def budget(self, batches_per_epoch: int) -> int:
        """The iterations to train for: `iterations`, else as many as `epochs` passes over the images have batches."""
        return self.iterations or max(1, round(self.epochs * batches_per_epoch))


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
    _check("trainer.devices", devices, lambda value: value == -1 or _is_count(value), "a whole number from 1 on, or -1")
    if accelerator == "gpu":
        if not available:
            raise UserError("a GPU is asked for, and PyTorch finds none on this machine; choose trainer=cpu or auto")
        if devices > available:
            raise UserError(f"trainer.devices={devices}: this machine has {available} GPUs; choose at most {available}")
        devices = available if devices == -1 else devices
    elif devices == -1:
        raise UserError("trainer.devices=-1 means all GPUs; on the CPU say how many processes, as trainer.devices=2")
    return accelerator, devices


def _check(key: str, value: Any, fits: Callable[[Any], bool], wanted: str) -> None:
    if not fits(value):
        raise UserError(f"{key}={value} must be {wanted}")


def _is_whole(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _is_count(value: Any) -> bool:
    return _is_whole(value) and value >= 1


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
