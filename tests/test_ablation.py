"""Every ablation asks a question, and its choices are all there and all different."""

from __future__ import annotations

import json
from itertools import product
from pathlib import Path

import pytest
import yaml

from gan_lab import cli
from gan_lab.ablation import with_ablation
from gan_lab.building import build, conf_folder
from gan_lab.errors import UserError
from gan_lab.overrides import compose
from gan_lab.summary import choices

ABLATIONS = sorted(path.stem for path in (conf_folder() / "ablation").glob("*.yaml"))
NAMED = "noise activation optimizer batchnorm label_smoothing saturating n_critic lr_ratio pretraining cnn_vs_mlp"


def test_all_are_there() -> None:
    assert {*NAMED.split(), "base"} == {*ABLATIONS}


@pytest.mark.parametrize("name", ABLATIONS)
def test_an_ablation_states_its_question_choices_seeds_and_budget(name: str) -> None:
    config = compose([f"+ablation={name}"])
    ablation = config["ablation"]
    assert ablation["question"].endswith("?")
    assert ablation["seeds"] == 5
    assert config["iterations"] == 1000
    assert config["task"] == f"ablation_{name}"
    found = set()
    for values in product(*ablation["choices"].values()):
        pairs = zip(ablation["choices"], values, strict=True)
        chosen = compose([f"+ablation={name}", *[f"{key}={value}" for key, value in pairs]])
        build("model", chosen["model"])
        found.add(json.dumps([choices(chosen), chosen["activation"], chosen["batchnorm"]], sort_keys=True))
    assert len(found) == max(1, len([*product(*ablation["choices"].values())]))


def test_the_sweep_of_an_ablation_has_seeds_first(capsys: pytest.CaptureFixture[str]) -> None:
    made = with_ablation(["-m", "+ablation=saturating", "network.width=8"])
    assert made == [
        "-m", "+ablation=saturating", "network.width=8", "seed=range(5)", "model.saturating=true,false"
    ]  # fmt: skip
    assert "ablation saturating: Is the non-saturating loss" in capsys.readouterr().out


def test_the_plus_may_be_forgotten() -> None:
    assert with_ablation(["-m", "ablation=noise", "seed=1"])[:2] == ["-m", "+ablation=noise"]


def test_keys_that_are_given_stay_as_given() -> None:
    made = with_ablation(["--multirun", "+ablation=noise", "noise=sphere,normal", "ablation.seeds=2"])
    assert made == ["--multirun", "+ablation=noise", "noise=sphere,normal", "ablation.seeds=2", "seed=range(2)"]
    made = with_ablation(["-m", "+ablation=noise", "seed=7,8"])
    assert made == ["-m", "+ablation=noise", "seed=7,8", "noise=normal,uniform"]


def test_other_runs_and_a_resumed_one_stay_as_they_are() -> None:
    for arguments in (["-m", "seed=1,2"], ["+ablation=noise", "resume=run"]):
        assert with_ablation(arguments) == arguments


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["+ablation=noise"], "compares several runs; add -m: python train.py -m \\+ablation=noise"),
        (["-m", "+ablation=nois"], "ablation=nois: there is no such option; choose one of activation, .*mean noise?"),
        (["-m", "+ablation=noise", "ablation.seeds=0"], "ablation.seeds=0"),
        (["-m", "+ablation=noise,activation"], "name one at a time"),
    ],
)
def test_mistakes(arguments: list[str], told: str) -> None:
    with pytest.raises(UserError, match=told):
        with_ablation(arguments)


def test_an_ablation_runs(workplace: Path) -> None:
    tiny = ["data=digits", "trainer=cpu", "network.width=4", "iterations=2", "metrics.num_samples=64", "logger=csv"]
    assert cli.main(["train", "-m", "+ablation=label_smoothing", "ablation.seeds=1", *tiny]) == 0
    (sweep,) = (workplace / "logs" / "ablation_label_smoothing").iterdir()
    overrides = [yaml.safe_load((sweep / job / ".hydra" / "overrides.yaml").read_text()) for job in ("0", "1")]
    assert [job[-2:] for job in overrides] == [["seed=0", f"model.real_label={label}"] for label in ("1.0", "0.9")]
    fids = [json.loads((sweep / job / "summary.json").read_text())["metrics"]["fid/classifier"] for job in ("0", "1")]
    assert fids[0]["protocol"] == fids[1]["protocol"]
