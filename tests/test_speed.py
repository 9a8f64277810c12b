"""What is done for speed alone changes no result: joint forwards, compiled networks, seeding of one device."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import Any

import pytest
import torch
from helpers import (
    SHAPES,
    SMALL_GAN,
    at_iteration,
    build_model,
    composed,
    random_batch,
    same,
    small_overrides,
    train,
    weights,
)
from torch import Tensor

from gan_lab import penalties, process
from gan_lab.building import build, conf_folder
from gan_lab.compiling import uncompiled
from gan_lab.data.images import Fakes
from gan_lab.models import noise_gan
from gan_lab.models.noise_gan import NoiseGAN
from gan_lab.overrides import compose
from gan_lab.profiling import Unprofiled
from gan_lab.seeding import derive_seed, seed_layers

VARIANTS = sorted(path.stem for path in (conf_folder() / "model").glob("*.yaml"))
SHAPE = SHAPES["mnist"]


def calls_of_discriminator(model: NoiseGAN) -> list[int]:
    """Grows by the number of images of each forward of D."""
    sizes: list[int] = []
    model.discriminator.register_forward_pre_hook(lambda module, inputs: sizes.append(len(inputs[0])))
    return sizes


@pytest.mark.parametrize("variant", VARIANTS)
def test_one_forward_of_real_and_fake_gives_what_two_give(variant: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """D's terms and their slopes in its weights, without batch norm, and as if it had batch norm."""
    chosen = composed(*small_overrides(variant), "data=mnist")["batchnorm"]
    without = "generator" if chosen["generator"] else "none"
    model = at_iteration(build_model(*small_overrides(variant), "data=mnist", f"batchnorm={without}"))
    batch = random_batch(SHAPE)
    drawn = model.generate(batch)
    fake = Fakes(drawn.images.detach(), drawn.labels)
    model.discriminator.eval()  # a spectral norm's estimate moves with each forward in training
    found = []
    for apart in (False, True):
        monkeypatch.setattr(noise_gan, "has_batch_norm", lambda network, apart=apart: apart)
        torch.manual_seed(0)  # of the points of a penalty
        terms = model.discriminator_loss(batch, fake)
        sum(terms.values(), torch.zeros(())).backward()
        slopes = {
            name: weight.grad for name, weight in model.discriminator.named_parameters() if weight.grad is not None
        }
        model.discriminator.zero_grad()
        found.append((terms, slopes))
    (joint_terms, joint_slopes), (terms, slopes) = found
    torch.testing.assert_close(joint_terms, terms, rtol=1e-5, atol=1e-6)
    torch.testing.assert_close(joint_slopes, slopes, rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize(("batchnorm", "forwards"), [("generator", [16]), ("both", [8, 8])])
def test_batch_norm_in_d_keeps_real_and_fake_apart(batchnorm: str, forwards: list[int]) -> None:
    model = at_iteration(build_model("model=dcgan", "data=mnist", "network.width=4", f"batchnorm={batchnorm}"))
    batch, sizes = random_batch(SHAPE), calls_of_discriminator(model)
    model.critics(batch, Fakes(-batch.real))
    assert sizes == forwards


def test_no_pack_holds_real_images_and_fakes() -> None:
    model = at_iteration(build_model(*small_overrides("pacgan"), "data=mnist", "batchnorm=none"))
    packs: list[Tensor] = []
    model.discriminator.register_forward_pre_hook(lambda module, inputs: packs.append(inputs[0]))
    batch = random_batch(SHAPE, 5)._replace(real=torch.ones(5, *SHAPE))
    real_logits, fake_logits = model.critics(batch, Fakes(-torch.ones(5, *SHAPE)))
    assert real_logits.shape == fake_logits.shape == (2,)
    assert packs[0].mean((1, 2, 3)).tolist() == [1, 1, -1, -1]


def compiled(*overrides: str, backend: str = "aot_eager", **options: Any) -> NoiseGAN:
    model = build_model(*overrides, **options)
    model.compile_players(backend)
    return model


SMALL_DCGAN = ["model=dcgan", "data=mnist", "network.width=4", "noise.dimension=6"]
R1 = ["batchnorm=generator", "model.r1_weight=1"]
CRITIC = ["model=wgan_gp", "data=mnist", "network.width=4", "noise.dimension=6"]


@pytest.mark.parametrize("overrides", [SMALL_GAN, SMALL_DCGAN, [*SMALL_DCGAN, *R1], CRITIC], ids=" ".join)
def test_compiled_players_train_to_the_same_weights(overrides: list[str]) -> None:
    """Double backward, which the compiler cannot do, takes the networks as they are written."""
    plain, quick = build_model(*overrides), compiled(*overrides)
    for model in (plain, quick):
        train(model, SHAPE, 3)
    expected, found = weights(plain), weights(quick)
    assert expected.keys() == found.keys()
    for name, weight in expected.items():
        torch.testing.assert_close(found[name], weight, rtol=1e-4, atol=1e-6)


@pytest.mark.slow
@pytest.mark.parametrize("overrides", [SMALL_GAN, [*SMALL_DCGAN, *R1], CRITIC], ids=" ".join)
def test_inductor_trains_to_the_same_weights(overrides: list[str]) -> None:
    plain, quick = build_model(*overrides), compiled(*overrides, backend="inductor")
    for model in (plain, quick):
        train(model, SHAPE, 3)
    for name, weight in weights(plain).items():
        torch.testing.assert_close(weights(quick)[name], weight, rtol=1e-3, atol=1e-5)


def test_compiled_networks_are_used_where_they_may_and_only_there() -> None:
    graphs: list[int] = []

    def backend(graph: Any, inputs: Any) -> Any:
        return lambda *values: (graphs.append(1), graph.forward(*values))[1]

    model = build_model(*SMALL_GAN)
    model.compile_players(backend)
    batch = random_batch(SHAPE)
    model.critic(*batch)
    assert graphs == [1]
    penalties.squared_slope(lambda images: model.critic(images), batch.real)
    [*model.sample(3, 0)]
    assert graphs == [1]
    model.critic(*batch)
    assert graphs == [1, 1]


def test_compiled_networks_keep_the_names_of_their_weights() -> None:
    """The checkpoint's weights keep their names, so that it can be sampled from and resumed."""
    model = compiled(*SMALL_GAN)
    assert weights(model).keys() == weights(build_model(*SMALL_GAN)).keys()
    with uncompiled():
        assert torch.equal(next(model.sample(4, 1)).images, next(build_model(*SMALL_GAN).sample(4, 1)).images)


def test_layers_are_seeded_by_their_parts_and_only_here() -> None:
    seed_layers(torch.device("cpu"), 3, "layers", 7)
    first = torch.rand(4)
    torch.manual_seed(derive_seed(3, "layers", 7))
    assert torch.equal(first, torch.rand(4))
    seed_layers(torch.device("cpu"), 3, "layers", 8)
    assert not torch.equal(first, torch.rand(4))


def test_batches_are_not_searched_for_tensors_to_move() -> None:
    data = build("data", compose(["data=mnist"])["data"])
    batch = random_batch(SHAPE)
    assert data.transfer_batch_to_device(batch, torch.device("meta"), 0) is batch


@pytest.mark.parametrize(("available", "left"), [(False, ""), (True, "0,1")])
def test_gpus_are_ruled_out_only_where_there_are_none(
    monkeypatch: pytest.MonkeyPatch, available: bool, left: str
) -> None:
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "0,1")
    monkeypatch.setattr(torch.cuda, "is_available", lambda: available)
    process.rule_out_gpus()
    assert os.environ["CUDA_VISIBLE_DEVICES"] == left


def test_profiling_left_out_changes_no_weight() -> None:
    plain, quick = build_model(*SMALL_GAN), build_model(*SMALL_GAN)
    train(plain, SHAPE, 3)
    train(quick, SHAPE, 3, profiler=Unprofiled())
    assert same(weights(plain), weights(quick))


@pytest.mark.parametrize("activation", ["relu", "leaky_relu"])
@pytest.mark.parametrize("network", ["dcgan", "mlp", "resnet", "keras_dcgan"])
def test_activations_that_write_over_their_input_change_nothing(network: str, activation: str) -> None:
    """Values, gradients, and the gradients of a penalty on the slope, against activations that leave it alone."""
    found = []
    for inplace in (True, False):
        small = small_overrides("wgan_gp") if network == "dcgan" else []
        model = build_model("model=wgan_gp", f"network={network}", "data=mnist", f"activation={activation}", *small)
        layers = [layer for layer in model.modules() if hasattr(layer, "inplace")]
        assert network == "resnet" or layers[0].inplace
        for layer in layers:
            layer.inplace = layer.inplace and inplace
        at_iteration(model)
        model.discriminator.eval()  # without dropout
        torch.manual_seed(0)  # of the points of the penalty
        batch = random_batch(SHAPE, 4)
        drawn = model.generate(batch)
        terms = [*model.discriminator_loss(batch, Fakes(drawn.images.detach())).values()]
        terms += [*model.generator_loss(batch, drawn).values()]
        sum(terms, torch.zeros(())).backward()
        found.append({name: weight.grad for name, weight in model.named_parameters() if weight.grad is not None})
    assert same(*found)


def test_freed_memory_is_kept_where_the_c_library_can() -> None:
    """By the page faults of tensors that glibc would map afresh each time; in a process of its own."""
    script = """
import resource, sys, torch
from gan_lab.memory import keep_memory
if not keep_memory():
    sys.exit(3)
for _ in range(5):
    torch.ones(8 << 20)
before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
for _ in range(10):
    torch.ones(8 << 20)
print(resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before)
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False, timeout=100)
    if done.returncode == 3:
        pytest.skip("another C library")
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) < 5 * 8192  # a tensor has 8192 pages; glibc as it comes maps those of all ten anew
