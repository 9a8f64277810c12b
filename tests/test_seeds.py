"""The seeds' systems in exact numbers, as their documents have them."""

from __future__ import annotations

from typing import Any

import pytest
from helpers import at_iteration, build_model, composed, random_batch
from torch import nn

from gan_lab.overrides import options_of
from gan_lab.settings import Settings

ADAM = {"_target_": "torch.optim.Adam"}
# Parameters of D and of G; those with an exponent are known to two or three digits.
COUNTS = {
    "gan_problem1": (0.53e6, 1.49e6),
    "mnist_gan": (110_849, 114_800),
    "svhn_dcgan": (167_809, 372_416),
    "keras_dcgan": (3.49e6, 6.76e6),
    "atienza_dcgan": (1.08e6, 1.30e6),
    "blog_gan": (233_985, 247_440),
    "blog_gan_literal": (233_985, 247_440),
}
# Updates of D on the complete training split, from steps or from passes over 60,000 or 73,257 images.
BUDGETS = {
    "gan_problem1": 30_000,
    "mnist_gan": 100 * (60_000 // 64),
    "svhn_dcgan": 100 * (73_257 // 128),
    "keras_dcgan": 10 * (60_000 // 128),
    "atienza_dcgan": 40_000,
    "atienza_cgan": 40_000,
    "blog_gan": 20 * (60_000 // 64),
    "blog_gan_literal": 20 * (60_000 // 64),
}
TRAIN_IMAGES = {"mnist": 60_000, "svhn": 73_257}


def config(name: str, *overrides: str) -> dict[str, Any]:
    return composed(f"experiment=seeds/{name}", *overrides)


def count(network: nn.Module) -> int:
    return sum(parameter.numel() for parameter in network.parameters())


def kinds(network: nn.Module) -> list[str]:
    return [type(layer).__name__ for layer in network.modules() if not list(layer.children())]


def test_all_are_here() -> None:
    studies = {"batchnorm_benchmark", "rock_paper_scissors"}
    assert {f"seeds/{name}" for name in BUDGETS.keys() | studies} == {
        name for name in options_of("experiment") if "/" in name
    }


@pytest.mark.parametrize("name", COUNTS)
def test_parameters(name: str) -> None:
    model = build_model(f"experiment=seeds/{name}")
    found = count(model.discriminator), count(model.generator)
    rounded = isinstance(COUNTS[name][0], float)
    assert found == pytest.approx(COUNTS[name], rel=0.007 if rounded else 0, abs=0)


@pytest.mark.parametrize("name", BUDGETS)
def test_budgets(name: str) -> None:
    full, short = (Settings.of(config(name, "trainer=cpu", *budget)) for budget in ([], ["budget=short"]))
    data = config(name)["data"]
    batches = TRAIN_IMAGES[data["name"]] // data["batch_size"]
    assert full.budget(batches) == BUDGETS[name]
    assert 0 < short.budget(batches) == pytest.approx(BUDGETS[name] * config(name)["short_fraction"], abs=1)


@pytest.mark.parametrize("name", BUDGETS)
def test_noise_and_fresh_fakes(name: str) -> None:
    found = config(name)
    assert found["noise"]["dimension"] == 100
    uniform = not name.startswith("blog_gan")
    assert found["noise"]["_target_"] == ("gan_lab.noise.Uniform" if uniform else "gan_lab.noise.Normal")
    assert found["model"]["fresh_fakes"]


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("gan_problem1", {**ADAM, "lr": 0.0002, "betas": [0.9, 0.999]}),
        ("mnist_gan", {**ADAM, "lr": 0.002, "betas": [0.9, 0.999]}),
        ("svhn_dcgan", {**ADAM, "lr": 0.0002, "betas": [0.5, 0.999]}),
        ("keras_dcgan", {"_target_": "torch.optim.SGD", "lr": 0.0005, "momentum": 0.9, "nesterov": True}),
        ("atienza_dcgan", {"_target_": "torch.optim.RMSprop", "lr": 0.0002, "alpha": 0.9, "eps": 1e-7}),
        ("atienza_cgan", {"_target_": "torch.optim.RMSprop", "lr": 0.0002, "alpha": 0.9, "eps": 1e-7}),
        ("blog_gan", {**ADAM, "lr": 0.0002, "betas": [0.9, 0.999]}),
    ],
)
def test_optimizers(name: str, expected: dict[str, Any]) -> None:
    model = config(name)["model"]
    generator = expected | ({"lr": 0.0001} if "atienza" in name else {})
    for found, wanted in ((model["discriminator_optimizer"], expected), (model["generator_optimizer"], generator)):
        assert {key: found[key] for key in wanted} == wanted


def test_batches_order_and_range() -> None:
    sizes = {name: config(name)["data"]["batch_size"] for name in BUDGETS}
    assert sizes == {
        "gan_problem1": 120, "mnist_gan": 64, "svhn_dcgan": 128, "keras_dcgan": 128,
        "atienza_dcgan": 64, "atienza_cgan": 64, "blog_gan": 64, "blog_gan_literal": 64,
    }  # fmt: skip
    assert {name for name in BUDGETS if not config(name)["data"]["shuffle"]} == {"mnist_gan", "keras_dcgan"}
    assert {name for name in BUDGETS if config(name)["data"]["black"] == 0} == {"blog_gan_literal"}
    assert {name for name in BUDGETS if config(name)["model"]["black"] == 0} == {"blog_gan_literal"}


def test_ds_loss() -> None:
    """Keras programs average over real images and fakes; one notebook smooths the real images' target."""
    halved = {name for name in BUDGETS if config(name)["model"]["loss_scale"] == 0.5}
    assert halved == {"keras_dcgan", "atienza_dcgan", "atienza_cgan"}
    smoothed = {name: config(name)["model"]["real_label"] for name in BUDGETS}
    assert {name for name, label in smoothed.items() if label == 0.9} == {"mnist_gan"}
    assert config("atienza_cgan")["model"]["fake_labels"] == "uniform"


@pytest.mark.parametrize("name", ["gan_problem1", "mnist_gan", "blog_gan", "keras_dcgan", "atienza_dcgan"])
def test_other_choices_go_with_them(name: str) -> None:
    """The documents' own questions: convolutions instead of dense layers, other activations, another optimizer."""
    build_model(f"experiment=seeds/{name}", "network=dcgan", "network.width=4", "activation=relu", "optimizer=adam")


def test_layers_of_the_notebooks_mnist_gan() -> None:
    model = build_model("experiment=seeds/mnist_gan")
    hidden = ["Linear", "LeakyReLU", "Dropout"] * 3
    assert kinds(model.discriminator) == ["Flatten", *hidden, "Linear"]
    assert kinds(model.generator) == [*hidden, "Linear", "Tanh", "Unflatten"]
    assert {layer.p for layer in model.modules() if isinstance(layer, nn.Dropout)} == {0.3}
    assert {layer.negative_slope for layer in model.modules() if isinstance(layer, nn.LeakyReLU)} == {0.2}


def test_layers_of_the_notebooks_svhn_dcgan() -> None:
    model = build_model("experiment=seeds/svhn_dcgan")
    convolutions = ["Conv2d", "LeakyReLU", *["Conv2d", "BatchNorm2d", "LeakyReLU"] * 2]
    assert kinds(model.discriminator) == [*convolutions, "Flatten", "Linear"]
    up = ["ConvTranspose2d", "BatchNorm2d", "ReLU"] * 2
    assert kinds(model.generator) == ["Linear", "Unflatten", *up, "ConvTranspose2d", "Tanh"]
    strided = [layer for layer in model.modules() if isinstance(layer, nn.Conv2d | nn.ConvTranspose2d)]
    assert {(layer.kernel_size, layer.stride, layer.padding, layer.bias) for layer in strided} == {
        ((4, 4), (2, 2), (1, 1), None)
    }


def test_a_fresh_svhn_dcgan_starts_at_the_loss_of_a_guess() -> None:
    """Its public solution prints 1.387 and 0.789 first; the notebook's log starts with trained weights."""
    model = build_model("experiment=seeds/svhn_dcgan")
    batch = random_batch((3, 32, 32), size=64)
    fake = at_iteration(model).generate(batch)
    assert sum(model.discriminator_loss(batch, fake).values()).item() == pytest.approx(1.387, abs=0.1)
    assert sum(model.generator_loss(batch, fake).values()).item() == pytest.approx(0.789, abs=0.1)


def test_layers_of_the_keras_dcgan() -> None:
    model = build_model("experiment=seeds/keras_dcgan")
    assert kinds(model.generator) == [
        "Linear", "Tanh", "Linear", "BatchNorm1d", "Tanh", "Unflatten",
        "Upsample", "Conv2d", "Tanh", "Upsample", "Conv2d", "Tanh",
    ]  # fmt: skip
    pooled = ["Conv2d", "Tanh", "MaxPool2d"] * 2
    assert kinds(model.discriminator) == [*pooled, "Flatten", "Linear", "Tanh", "Linear"]


def test_layers_of_atienzas_dcgan() -> None:
    model = build_model("experiment=seeds/atienza_dcgan")
    assert kinds(model.generator).count("BatchNorm2d") == 4
    assert not any("BatchNorm" in kind for kind in kinds(model.discriminator))
    strides = [layer.stride[0] for layer in model.generator.modules() if isinstance(layer, nn.ConvTranspose2d)]
    assert strides == [2, 2, 1, 1]
    widths = [
        (layer.out_channels, layer.stride[0]) for layer in model.discriminator.modules() if isinstance(layer, nn.Conv2d)
    ]
    assert widths == [(32, 2), (64, 2), (128, 2), (256, 1)]


def test_atienzas_cgan_is_his_dcgan_with_labels() -> None:
    plain, labelled = (build_model(f"experiment=seeds/atienza_{name}") for name in ("dcgan", "cgan"))
    # ten more inputs of G's dense layer; a dense layer 10 -> 784, and one more plane for 32 filters of 5x5
    assert count(labelled.generator) - count(plain.generator) == 10 * 7 * 7 * 128
    assert count(labelled.discriminator) - count(plain.discriminator) == 10 * 784 + 784 + 32 * 25


def test_the_blogs_defect_is_in_the_data_alone() -> None:
    literal, corrected = config("blog_gan_literal"), config("blog_gan")
    differing = {key for key in literal if literal[key] != corrected[key]}
    assert differing == {"data", "model", "task"}
    assert literal["model"] | {"black": -1.0} == corrected["model"]
    slopes = {
        layer.negative_slope
        for layer in build_model("experiment=seeds/blog_gan").modules()
        if isinstance(layer, nn.LeakyReLU)
    }
    assert slopes == {0.01}
