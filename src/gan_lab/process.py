"""What concerns the whole process, set up before it trains or measures."""

from __future__ import annotations

import logging
import os
import warnings

import torch

from gan_lab.memory import keep_memory


def ready_process() -> None:
    """Set up what concerns the whole process: messages, and two things that cost time in every iteration."""
    quiet_lightning()
    rule_out_gpus()
    keep_memory()


def quiet_lightning() -> None:
    """Leave the terminal to what a user asked for: Lightning's notes about itself go, its warnings stay."""
    for name in ("pytorch_lightning", "lightning_fabric"):
        logging.getLogger(name).setLevel(logging.WARNING)
    warnings.filterwarnings("ignore", module="pytorch_lightning.utilities._pytree")  # its own deprecated call
    warnings.filterwarnings("ignore", r".*module\(s\) in eval mode.*")  # the averaged generator, on purpose


def rule_out_gpus() -> None:
    """Say once that this machine has no GPU; PyTorch else looks for one in every step of an optimizer, for 0.3 ms."""
    if not torch.cuda.is_available():
        os.environ["CUDA_VISIBLE_DEVICES"] = ""
