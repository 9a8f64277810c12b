"""What users choose for their own runs is taken back from a checkpoint, whatever is refused from strangers."""

from __future__ import annotations

import pytest

from gan_lab.borrowed import borrow
from gan_lab.building import conf_folder
from gan_lab.callbacks.collapse import ACTIONS
from gan_lab.errors import UserError
from gan_lab.overrides import compose
from gan_lab.trust import check_composed

GROUPS = ("data", "noise", "activation", "batchnorm", "optimizer", "budget", "trainer", "precision", "metrics", "model")
OWN_CHOICES = [
    *[f"collapse={action}" for action in ACTIONS],
    *[f"{group}={path.stem}" for group in GROUPS for path in sorted((conf_folder() / group).glob("*.yaml"))],
    "activation/layer@activation.generator=tanh", "optimizer.generator.lr=1e-4", "model.augment=[translation,cutout]",
    "trainer.devices=2", "seed=7", "iterations=9", "epochs=0.5", "compile=true", "channels_last=false",
    "metrics/measure=[fid,kid]", "metrics.measure.kid.subset_size=50", "+ablation=noise", "data.shuffle=false",
    "metrics.num_samples=64", "network.generator.init_std=0.02", "task='two words'",
]  # fmt: skip
"""What a user may have chosen for a run of the models that make digits."""


@pytest.mark.parametrize("override", OWN_CHOICES)
def test_a_run_gives_its_own_choices_back(override: str) -> None:
    config = compose([override])
    assert override in borrow([override], config).overrides
    check_composed(config)


def test_a_job_of_an_ablation_gives_its_choices_back() -> None:
    overrides = ["+ablation=noise", "ablation.seeds=3", "metrics=all", "noise=uniform", "seed=2"]
    config = compose(overrides)
    assert borrow(overrides, config).overrides == overrides
    check_composed(config)
    assert "train_on_synthetic" in config["metrics"]["measure"]
    assert compose(["+ablation=noise", "metrics=none"])["metrics"]["measure"] == {}


@pytest.mark.parametrize("override", ["ablation.question=rm", "metrics.defaults=3", "ablation.choices={noise:[x]}"])
def test_what_no_run_needs_is_not_taken_back(override: str) -> None:
    with pytest.raises(UserError, match="may not bring"):
        borrow([override], compose([]))
