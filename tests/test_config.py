from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from helpers import SHAPES, build_model, random_batch, train

from gan_lab.building import build, conf_folder
from gan_lab.data.images import Fakes
from gan_lab.errors import UserError
from gan_lab.experiment import build_trainer, check_optimizers
from gan_lab.overrides import compose, options_of
from gan_lab.settings import Settings

GROUPS = (
    "data",
    "model",
    "network",
    "noise",
    "activation",
    "batchnorm",
    "optimizer",
    "budget",
    "trainer",
    "precision",
    "metrics",
    "logger",
)
CHOICES = [(group, path.stem) for group in GROUPS for path in sorted((conf_folder() / group).glob("*.yaml"))]
REQUIRED = {
    "data": {"digits", "mnist", "svhn", "stacked_mnist"},
    "model": {
        "gan",
        "dcgan",
        "lsgan",
        "wgan",
        "wgan_gp",
        "sngan",
        "dragan",
        "r1gan",
        "ragan",
        "r3gan",
        "began",
        "cgan",
        "acgan",
        "projection_gan",
        "infogan",
        "pacgan",
    },
    "network": {"mlp", "dcgan", "infogan", "keras_dcgan", "atienza", "udacity_dcgan", "resnet", "r3gan"},
    "noise": {"uniform", "normal", "truncated_normal", "sphere"},
    "optimizer": {"adam", "adam_default", "sgd", "rmsprop", "adamw"},
    "activation": {"relu", "leaky_relu", "elu", "gelu", "tanh", "sigmoid", "dcgan"},
    "batchnorm": {"none", "generator", "discriminator", "both"},
    "trainer": {"auto", "cpu", "gpu", "ddp", "ddp_cpu"},
    "precision": {"fp32", "fp16", "bf16"},
    "metrics": {"classifier", "inception"},
    "experiment": {"quickstart", "mnist_dcgan", "mnist_cgan", "svhn_dcgan", "mnist_short"},
    "experiment/seeds": {
        "gan_problem1",
        "mnist_gan",
        "svhn_dcgan",
        "keras_dcgan",
        "atienza_dcgan",
        "atienza_cgan",
        "blog_gan",
        "blog_gan_literal",
    },
}


@pytest.mark.parametrize("group", REQUIRED)
def test_the_promised_options_exist(group: str) -> None:
    assert REQUIRED[group] <= {path.stem for path in (conf_folder() / group).glob("*.yaml")}


def needs_a_digit_of_28_pixels(overrides: list[str]) -> bool:
    """Whether the network that these choose is made for larger images than those of the default data."""
    network = compose(overrides)["network"]["generator"]["_target_"].split(".")[2]
    return network in {"resnet", "r3gan", "keras_dcgan"}


@pytest.mark.parametrize(("group", "option"), CHOICES)
def test_every_option_composes_and_builds(group: str, option: str) -> None:
    overrides = [f"{group}={option}"]
    if needs_a_digit_of_28_pixels(overrides):
        overrides += ["data=mnist"]
    if option == "r3gan":
        overrides += ["batchnorm=none"]  # which its variant chooses, and its network alone does not
    config = compose(overrides)
    model = build("model", config["model"])
    data = build("data", config["data"])
    latent = model.draw(2, torch.Generator())
    assert tuple(model.generator(*latent).shape[1:]) == data.image_shape
    if config["metrics"]["measure"]:
        assert build("metrics", config["metrics"]).num_samples == 10_000


@pytest.mark.parametrize("experiment", options_of("experiment"))
def test_every_experiment_composes_and_builds(experiment: str) -> None:
    config = compose([f"experiment={experiment}"])
    build("model", config["model"])
    assert build("data", config["data"]).batch_size > 0


@pytest.mark.parametrize(("network", "activation"), [("mlp", "sigmoid"), ("dcgan", "gelu")])
@pytest.mark.parametrize("optimizer", sorted(REQUIRED["optimizer"]))
@pytest.mark.parametrize("batchnorm", sorted(REQUIRED["batchnorm"]))
def test_choices_combine(network: str, optimizer: str, activation: str, batchnorm: str) -> None:
    overrides = [f"network={network}", f"optimizer={optimizer}", f"activation={activation}", f"batchnorm={batchnorm}"]
    model = build_model("data=svhn", "noise=sphere", *overrides, *(["network.width=4"] if network == "dcgan" else []))
    train(model, SHAPES["svhn"], 1)
    assert all(parameter.isfinite().all() for parameter in model.parameters())


def activations(model: Any, player: str) -> set[str]:
    kinds = (torch.nn.ReLU, torch.nn.LeakyReLU, torch.nn.ELU, torch.nn.GELU, torch.nn.Sigmoid)
    return {type(layer).__name__ for layer in getattr(model, player).modules() if isinstance(layer, kinds)}


def test_activation_per_player() -> None:
    model = build_model("activation=dcgan", "activation/layer@activation.generator=elu")
    assert activations(model, "generator") == {"ELU"}
    assert activations(model, "discriminator") == {"LeakyReLU"}
    slopes = [layer.negative_slope for layer in model.discriminator.modules() if isinstance(layer, torch.nn.LeakyReLU)]
    assert set(slopes) == {0.2}


@pytest.mark.parametrize(
    ("option", "generator", "discriminator"),
    [("none", False, False), ("generator", True, False), ("discriminator", False, True), ("both", True, True)],
)
def test_batchnorm_per_player(option: str, generator: bool, discriminator: bool) -> None:
    model = build_model("data=mnist", f"batchnorm={option}")

    def has(network: torch.nn.Module) -> bool:
        return any(isinstance(layer, torch.nn.BatchNorm2d) for layer in network.modules())

    assert (has(model.generator), has(model.discriminator)) == (generator, discriminator)


def test_optimizer_values() -> None:
    def options(optimizer: str) -> dict[str, Any]:
        model = build_model(f"optimizer={optimizer}")
        made = model.generator_optimizer(model.generator.parameters())
        return {"class": type(made).__name__, **made.defaults}

    expected: dict[str, dict[str, Any]] = {
        "adam": {"class": "Adam", "lr": 2e-4, "betas": [0.5, 0.999]},
        "adam_default": {"class": "Adam", "lr": 2e-4, "betas": [0.9, 0.999]},
        "sgd": {"class": "SGD", "momentum": 0.9, "nesterov": True},
        "rmsprop": {"class": "RMSprop", "lr": 2e-4},
        "adamw": {"class": "AdamW", "lr": 2e-4, "weight_decay": 0.01},
    }
    for optimizer, values in expected.items():
        found = options(optimizer)
        assert {key: list(found[key]) if key == "betas" else found[key] for key in values} == values


def test_the_model_chooses_and_the_command_line_decides() -> None:
    assert "mlp" in compose(["model=gan"])["network"]["generator"]["_target_"]
    assert "dcgan" in compose(["model=gan", "network=dcgan"])["network"]["generator"]["_target_"]
    assert compose(["model=gan", "noise.dimension=7"])["network"]["generator"]["noise_dimension"] == 7


def test_quickstart_is_the_default_job() -> None:
    assert compose(["experiment=quickstart"]) == compose([])


def test_saturating_changes_the_generators_loss() -> None:
    batch = random_batch(SHAPES["mnist"])
    terms = []
    for saturating in ("false", "true"):
        model = build_model("model=gan", "data=mnist", f"model.saturating={saturating}").eval()
        terms.append(model.generator_loss(batch, Fakes(batch.real))["adversarial"].item())
    assert terms[0] > 0 > terms[1]


@pytest.mark.parametrize(
    "override",
    [
        "iterations=0", "iterations=abc", "iterations=1.5", "epochs=0", "epochs=many", "seed=-1", "seed=1.5",
        "log_every=0", "log_every=null", "checkpoint_every=0", "sample_every=x", "channels_last=1", "compile=default",
        "trainer.devices=0", "trainer.accelerator=npu", "seed=5000000000",
        "epochs=.inf",
    ],
)  # fmt: skip
def test_bad_top_level_values_are_refused(override: str) -> None:
    key, value = override.split("=")
    with pytest.raises(UserError, match=f"{key}={value.replace('null', 'None')} "):
        Settings.of(compose(["trainer=cpu", override]))


@pytest.mark.parametrize(
    "override",
    [
        "data.batch_size=abc",
        "data.batch_size=64.0",
        "data.image_size=0",
        "network.width=[1]",
        "noise.dimension=x",
        "noise.dimension=",
    ],
)
def test_values_of_the_wrong_kind_are_refused_in_one_line(override: str) -> None:
    config = compose([override])
    section = override.split(".")[0]
    with pytest.raises(UserError) as told:
        build("model" if section in ("network", "noise") else section, config["data" if section == "data" else "model"])
    assert "\n" not in str(told.value)


def test_half_precision_needs_a_gpu() -> None:
    with pytest.raises(UserError, match=r"precision=fp16 needs a GPU.*bf16"):
        Settings.of(compose(["trainer=cpu", "precision=fp16"]))


@pytest.mark.parametrize("trainer", ["gpu", "ddp"])
def test_a_gpu_where_none_is(trainer: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 0)
    with pytest.raises(UserError, match=r"a GPU is asked for.*trainer=cpu"):
        Settings.of(compose([f"trainer={trainer}"]))


@pytest.mark.parametrize("override", ["optimizer=sgd optimizer.momentum=0", "optimizer.lr=-1", "optimizer.lr=abc"])
def test_bad_values_of_an_optimizer_are_told_before_training(override: str) -> None:
    with pytest.raises(UserError, match="mend optimizer"):
        check_optimizers(build_model(*override.split()))


def test_half_precision_is_asked_of_a_gpu(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 1)
    settings = Settings.of(compose(["trainer=auto", "precision=fp16"]))
    assert (settings.accelerator, settings.devices, settings.precision) == ("gpu", 1, "16-mixed")


@pytest.mark.parametrize(("precision", "used"), [("fp32", "32-true"), ("bf16", "bf16-mixed")])
def test_precision_reaches_the_trainer(precision: str, used: str, tmp_path: Path) -> None:
    config = compose(["trainer=cpu", f"precision={precision}", "iterations=3"])
    trainer = build_trainer(Settings.of(config), tmp_path, 3, [], [])
    assert trainer.precision == used
    assert trainer.max_steps == 3


def test_budget() -> None:
    assert Settings.of(compose(["trainer=cpu", "epochs=2.5"])).budget(10) == 25
    assert Settings.of(compose(["trainer=cpu", "epochs=2.5", "iterations=7"])).budget(10) == 7
