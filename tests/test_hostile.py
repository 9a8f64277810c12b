"""Checkpoints and configurations of strangers: whatever they hold, no code runs and nothing is written elsewhere."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from strangers import MKDIR, TRAP, Change, command, complaint, setting, stranger, without

from gan_lab.overrides import compose

pytestmark = pytest.mark.usefixtures("workplace")


def in_model(**changes: Any) -> Change:
    return lambda content: content["gan_lab"]["config"]["model"].update(changes)


def cyclic() -> list[Any]:
    cycle: list[Any] = []
    cycle.append(cycle)
    return cycle


def bushy() -> list[Any]:
    tree: list[Any] = []
    for _ in range(18):
        tree = [tree] * 10
    return tree


GENERATOR = "gan_lab.networks.dcgan.DCGANGenerator"
MODELS = {
    "foreign": {"_target_": "os.mkdir", "path": TRAP},
    "foreign argument": {"generator": MKDIR},
    "in a list": {"generator": [[MKDIR]]},
    "in a tuple": {"generator": (MKDIR,)},
    "positional": {"_args_": [MKDIR]},
    "in a reference": {"generator": "${oc.create:{_target_:os.mkdir,path:trap}}"},
    "in a reference by halves": {"a": "${", "generator": "$\\{"},
    "not recursive": {"_recursive_": False},
    "partial": {"_partial_": True},
    "no kind of conversion": {"_convert_": MKDIR},
    "target is a list": {"_target_": ["os.mkdir"]},
    "target is a dictionary": {"_target_": MKDIR},
    "no target": {"_target_": None},
    "partial function": {"_target_": "functools.partial"},
    "method": {"_target_": "torch.nn.Module.apply"},
    "function of a trusted module": {"generator": {"_target_": "torch.nn.init.normal_"}},
    "through an import": {"_target_": "gan_lab.networks.layers.nn.Module"},
    "no name": {"_target_": "gan_lab.models.\0"},
    "dots": {"_target_": "gan_lab.models..os.mkdir"},
    "another of ours": {"_target_": "gan_lab.launch.launch"},
    "no variant": {"_target_": "torch.nn.Linear", "in_features": 1, "out_features": 1},
    "unknown key": {"surprise": 1},
    "a tensor": {"r1_weight": torch.ones(1)},
    "cyclic": {"augment": cyclic()},
    "bushy": {"augment": bushy()},
    "endless number": {"n_critic": 10**100},
    "division by zero": {"black": 1},
}
PARTS = {
    "width": {"width": 10**9},
    "large width": {"width": 3000},
    "large noise": {"noise_dimension": 10**7},
    "large image": {"image_shape": [1, 2**20, 2**20]},
    "labels": {"classes": 10**7},
    "layer that does not fit": {"activation": {"_target_": "torch.nn.Linear", "in_features": 1, "out_features": 2}},
    "no layer": {"activation": 5},
    "no channels": {"image_shape": [0, 8, 8]},
    "no image": {"image_shape": "8x8"},
}


def in_generator(**changes: Any) -> Change:
    return lambda content: content["gan_lab"]["config"]["model"]["generator"].update(changes)


@pytest.mark.parametrize(
    "change",
    [in_model(**model) for model in MODELS.values()] + [in_generator(**part) for part in PARTS.values()],
    ids=[*MODELS, *PARTS],
)
def test_models(honest: Path, capsys: pytest.CaptureFixture[str], change: Change) -> None:
    complaint(capsys, *command("sample", stranger(honest, change)))
    assert not Path("out.png").exists()


@pytest.mark.parametrize("name", ["evaluate", "resume"])
@pytest.mark.parametrize("model", ["foreign", "in a reference", "in a tuple", "bushy"])
def test_models_of_other_commands(honest: Path, capsys: pytest.CaptureFixture[str], name: str, model: str) -> None:
    """A resumed run compares its model with the checkpoint's, and builds its own."""
    complaint(capsys, *command(name, stranger(honest, in_model(**MODELS[model]))))


def test_a_network_that_the_weights_are_too_few_for(honest: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Overrides and configuration agree about it."""

    def change(content: dict[str, Any]) -> None:
        content["gan_lab"]["overrides"].append("network.width=2000")
        content["gan_lab"]["config"] = compose(content["gan_lab"]["overrides"])

    assert "asks for networks of" in complaint(capsys, *command("resume", stranger(honest, change)))


def with_weight(value: Any) -> Change:
    return lambda content: content["state_dict"].update({next(iter(content["state_dict"])): value})


STRUCTURES = {
    "ours": setting("gan_lab", value=5),
    "no overrides": without("gan_lab", "overrides"),
    "overrides": setting("gan_lab", "overrides", value={"a": 1}),
    "one override": setting("gan_lab", "overrides", value=[5]),
    "long override": setting("gan_lab", "overrides", value=["seed=" + "1" * 10**6]),
    "no configuration": without("gan_lab", "config"),
    "configuration": setting("gan_lab", "config", value=[]),
    "no model": without("gan_lab", "config", "model"),
    "no data": without("gan_lab", "config", "data"),
    "model": setting("gan_lab", "config", "model", value="GAN"),
    "cyclic data": setting("gan_lab", "config", "data", "name", value=cyclic()),
    "no iterations": without("global_step"),
    "iterations": setting("global_step", value="2"),
    "fewer iterations": setting("global_step", value=-1),
    "more iterations": setting("global_step", value=10**30),
    "no scalars": without("gan_lab", "scalars"),
    "scalars": setting("gan_lab", "scalars", value=[1]),
    "one scalar": setting("gan_lab", "scalars", value={"loss": "large"}),
    "no weights": without("state_dict"),
    "weights": setting("state_dict", value=[torch.zeros(1)]),
    "names of weights": setting("state_dict", value={5: torch.zeros(1)}),
    "other weights": setting("state_dict", value={"a": torch.zeros(1)}),
    "one weight": with_weight("large"),
    "shape of a weight": with_weight(torch.zeros(3)),
    "sparse weight": with_weight(torch.zeros(3, 3).to_sparse()),
    "pretended weight": with_weight(torch.zeros(1).expand(10**6, 10**6)),
}


@pytest.mark.parametrize("change", STRUCTURES.values(), ids=[*STRUCTURES])
@pytest.mark.parametrize("name", ["sample", "resume"])
def test_structures(honest: Path, capsys: pytest.CaptureFixture[str], name: str, change: Change) -> None:
    complaint(capsys, *command(name, stranger(honest, change)))


def test_a_large_network_with_pretended_weights(honest: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A tensor of one value may call itself a million times a million."""

    def change(content: dict[str, Any]) -> None:
        in_generator(width=3000)(content)
        with_weight(torch.zeros(1).expand(10**6, 10**6))(content)

    line = complaint(capsys, *command("sample", stranger(honest, change)))
    assert "asks for networks of" in line


@pytest.mark.parametrize(
    "text",
    [
        "seed: !!python/object/apply:os.mkdir [trap]",
        "seed: !!python/object/new:os.mkdir [trap]",
        "seed: !!python/name:os.mkdir",
        "seed: !!python/module:antigravity",
        "seed: [",
        "seed: 1\nseed: 2",
    ],
)
def test_a_configuration_runs_nothing_when_it_is_read(capsys: pytest.CaptureFixture[str], text: str) -> None:
    """What it then builds is another matter: whoever runs an experiment of a stranger's runs its `_target_`s."""
    folder = Path("confs/experiment")
    folder.mkdir(parents=True)
    (folder / "strange.yaml").write_text(f"# @package _global_\n{text}\n")
    line = complaint(capsys, "train", "--config-dir=confs", "experiment=strange")
    assert "strange.yaml" in line
