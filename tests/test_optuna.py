"""The search for the lowest FID."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from omegaconf import OmegaConf

from gan_lab import cli
from gan_lab.overrides import refuse_used_folders, value_of, with_resumed_choices

NUM_SAMPLES = "metrics.num_samples=64"
ALONE = ["log_every=1", "network.width=8", "data.batch_size=32", NUM_SAMPLES, "trainer=cpu", "sample_every=100000"]


def summary(folder: Path) -> dict[str, Any]:
    return json.loads((folder / "summary.json").read_text())


def test_optuna_finds_the_trial_of_the_lowest_fid(workplace: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """What the command line fixes is not searched; a trial that fails does not end the search, and all go on."""
    pytest.importorskip("hydra_plugins.hydra_optuna_sweeper")
    budget = ["iterations=6", "hydra.sweeper.n_trials=3", "hydra.sweep.dir=sweep"]
    arguments = ["train", "sweep=optuna", *ALONE, *budget, "noise=normal", "data.image_size=choice(8,9)"]
    assert cli.main(arguments) == 0
    values = {
        path.parent: summary(path.parent)["metrics"]["fid/classifier"]["value"]
        for path in workplace.glob("sweep/*/summary.json")
    }
    results = OmegaConf.load(workplace / "sweep" / "optimization_results.yaml")
    best = min(values, key=lambda folder: values[folder])
    assert results.best_value == values[best]
    assert 1 <= len(values) < 3  # of the seed's three trials some have 9 pixels
    for folder in values:
        choices = summary(folder)["choices"]
        assert (choices["optimizer.lr"] == results.best_params["optimizer.lr"]) == (folder == best)
        assert 1e-4 <= choices["optimizer.lr"] <= 5e-3
        assert choices["noise._target_"] == "gan_lab.noise.Normal"
    assert "noise" not in results.best_params
    capfd.readouterr()

    assert cli.main([*arguments, "resume=auto"]) == 0
    assert capfd.readouterr().out.count("has done its 6 iterations already") == len(values)
    assert OmegaConf.load(workplace / "sweep" / "optimization_results.yaml") == results

    resumed = with_resumed_choices([f"resume={best}", "iterations=9"])
    assert value_of("sweep", resumed) is None  # a trial goes on as a run of its own
    assert value_of("optimizer.lr", resumed) == str(results.best_params["optimizer.lr"])


def test_a_search_where_nothing_can_be_measured_ends_in_one_line(
    workplace: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("hydra_plugins.hydra_optuna_sweeper")
    arguments = ["train", "sweep=optuna", *ALONE, "hydra.sweeper.n_trials=2", "data.image_size=9", "iterations=2"]
    assert cli.main(arguments) == 1
    told = capfd.readouterr()
    assert told.err.splitlines()[-1].startswith("error: no trial has come to a number")
    assert told.out.count("not data.image_size=9") == 2


def test_auto_wants_the_folder_of_a_search() -> None:
    with pytest.raises(cli.UserError, match=r"add hydra.sweep.dir=FOLDER"):
        refuse_used_folders(["sweep=optuna", "resume=auto", "hydra.run.dir=x"])
