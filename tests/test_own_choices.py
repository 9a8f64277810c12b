"""What users choose for their own runs is taken back from a checkpoint, whatever is refused from strangers."""

from __future__ import annotations

import pytest

from gan_lab.borrowed import borrow
from gan_lab.building import conf_folder
from gan_lab.callbacks.collapse import ACTIONS
from gan_lab.overrides import compose
from gan_lab.trust import check_composed

GROUPS = ("data", "noise", "activation", "batchnorm", "optimizer", "budget", "trainer", "precision", "metrics", "model")
OWN_CHOICES = [
    *[f"collapse={action}" for action in ACTIONS],
    *[f"{group}={path.stem}" for group in GROUPS for path in sorted((conf_folder() / group).glob("*.yaml"))],
    "activation/layer@activation.generator=tanh", "optimizer.generator.lr=1e-4", "model.augment=[translation,cutout]",
    "trainer.devices=2", "seed=7", "iterations=9", "epochs=0.5", "compile=true", "channels_last=false",
    "data.shuffle=false", "metrics.num_samples=64", "network.generator.init_std=0.02", "task='two words'",
]  # fmt: skip
"""What a user may have chosen for a run of the models that make digits."""


@pytest.mark.parametrize("override", OWN_CHOICES)
def test_a_run_gives_its_own_choices_back(override: str) -> None:
    config = compose([override])
    assert override in borrow([override], config).overrides
    check_composed(config)
