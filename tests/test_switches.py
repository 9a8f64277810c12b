"""The switches that every fitting variant has: clipping, fresh fakes, spectral norm, and two learning rates."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from helpers import SHAPES, SMALL_GAN, at_iteration, build_model, random_batch, same, small_overrides, train, weights
from pytorch_lightning.plugins import MixedPrecision
from torch.nn.utils.parametrize import is_parametrized

from gan_lab.building import conf_folder
from gan_lab.errors import UserError

SHAPE = SHAPES["mnist"]
ALL = {
    "ema_decay": 0.9,
    "n_critic": 2,
    "instance_noise": 0.1,
    "gradient_clip": 1.0,
    "spectral_norm": True,
    "augment": ["translation", "cutout"],
    "fresh_fakes": True,
    "lr_decay": 0.5,
}


def move(player: str, **options: Any) -> float:
    """By how far one step of plain SGD with rate 1 takes a player's weights: the norm of its gradient."""
    scale = options.pop("scale", None)
    sgd = ["optimizer=sgd", "optimizer.lr=0", "optimizer.momentum=0", f"optimizer.{player}.lr=1"]
    plain = ["optimizer.generator.nesterov=false", "optimizer.discriminator.nesterov=false"]
    model = build_model(*SMALL_GAN, *sgd, *plain, **options)
    before = weights(getattr(model, player))
    scaler = None if scale is None else torch.amp.GradScaler("cpu", scale)
    train(model, SHAPE, 1, plugins=[] if scaler is None else [MixedPrecision("16-mixed", "cpu", scaler)])
    after = weights(getattr(model, player))
    return float(torch.stack([(after[name] - before[name]).square().sum() for name in before]).sum().sqrt())


@pytest.mark.parametrize("player", ["discriminator", "generator"])
def test_a_gradient_is_cut_to_the_norm_asked_for_and_a_smaller_one_left(player: str) -> None:
    whole = move(player)
    assert whole > 0.01
    assert move(player, gradient_clip=whole / 3) == pytest.approx(whole / 3, rel=1e-3)
    assert move(player, gradient_clip=1000.0) == pytest.approx(whole, rel=1e-6)


@pytest.mark.parametrize("scale", [1.0, 1024.0])
def test_clipping_knows_fp16s_loss_scale(scale: float) -> None:
    assert move("discriminator", gradient_clip=0.01, scale=scale) == pytest.approx(0.01, rel=1e-2)


def test_fresh_fakes_are_drawn_for_gs_phase() -> None:
    """G is called twice in an iteration in which it moves, on different noise, and once in one in which it does not."""
    model = build_model(*SMALL_GAN, fresh_fakes=True, n_critic=2)
    inputs: list[tuple[torch.Tensor, bool]] = []
    model.generator.register_forward_pre_hook(lambda _, given: inputs.append((given[0], torch.is_grad_enabled())))
    train(model, SHAPE, 2)
    assert [with_gradient for _, with_gradient in inputs] == [False, False, True]
    assert not torch.equal(inputs[1][0], inputs[2][0])


def test_without_fresh_fakes_one_forward_serves_both_phases() -> None:
    model = build_model(*SMALL_GAN)
    calls: list[int] = []
    model.generator.register_forward_pre_hook(lambda *_: calls.append(1))
    train(model, SHAPE, 2)
    assert len(calls) == 2


@pytest.mark.parametrize("network", sorted(path.stem for path in (conf_folder() / "network").glob("*.yaml")))
def test_spectral_norm_holds_every_weight_of_d(network: str) -> None:
    overrides = ["data=svhn", f"network={network}", "batchnorm=none"]
    if network == "r3gan":
        with pytest.raises(UserError, match=r"some of this network's start at zero; choose another network"):
            build_model(*overrides, spectral_norm=True)
        return
    model = build_model(*overrides, spectral_norm=True)
    kinds = (torch.nn.Linear, torch.nn.Conv2d)
    layers = [layer for layer in model.discriminator.modules() if isinstance(layer, kinds)]
    assert all(is_parametrized(layer, "weight") for layer in layers)
    assert not any(is_parametrized(layer) for layer in model.generator.modules())


def test_spectral_norm_bounds_the_slope_of_d() -> None:
    """Leaky ReLUs and weights of norm 1 are 1-Lipschitz: no two images' logits differ by more than they do."""
    model = at_iteration(build_model(*SMALL_GAN, "activation=leaky_relu", spectral_norm=True))
    batch, other = (random_batch(SHAPE, 64, seed).real for seed in (1, 2))
    for _ in range(30):
        model.critic(batch)
    model.eval()
    distance = (batch - other).flatten(1).norm(dim=1)
    assert ((model.critic(batch) - model.critic(other)).abs() <= 1.01 * distance).all()


def test_two_time_scales() -> None:
    model = build_model(*SMALL_GAN, "optimizer.generator.lr=0.0001", "optimizer.discriminator.lr=0.0004")
    trainer = train(model, SHAPE, 1)
    assert [optimizer.param_groups[0]["lr"] for optimizer in trainer.optimizers] == [0.0004, 0.0001]


@pytest.mark.parametrize("variant", sorted(path.stem for path in (conf_folder() / "model").glob("*.yaml")))
def test_all_switches_together_with_every_variant(variant: str) -> None:
    without = {"spectral_norm": False} if variant == "r3gan" else {}  # whose network has weights that start at zero
    model = build_model(*small_overrides(variant), "data=mnist", **ALL | without)
    before = weights(model.generator)
    train(model, SHAPE, 2)
    assert all(parameter.isfinite().all() for parameter in model.parameters())
    assert not same(before, weights(model.generator))


def test_label_smoothing_is_a_key_of_the_cross_entropy_variants_alone() -> None:
    for variant in ("gan", "dcgan", "dragan", "ragan", "cgan", "acgan", "infogan", "pacgan", "r1gan"):
        build_model(*small_overrides(variant), "data=mnist", real_label=0.9)
    with pytest.raises(UserError, match="real_label"):
        build_model(*small_overrides("wgan"), "data=mnist", real_label=0.9)


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"gradient_clip": -1}, r"model\.gradient_clip=-1"),
        ({"instance_noise": -0.1}, r"model\.instance_noise=-0\.1"),
        ({"instance_noise_until": 0}, r"model\.instance_noise_until=0"),
        ({"augment": ["flip"]}, r"model\.augment=flip .*translation"),
        ({"spectral_norm": 2}, r"model\.spectral_norm=2"),
        ({"fresh_fakes": "yes"}, r"model\.fresh_fakes=yes"),
    ],
)
def test_bad_values_are_refused(options: dict[str, Any], told: str) -> None:
    with pytest.raises(UserError, match=told):
        build_model(*SMALL_GAN, **options)


@pytest.mark.slow
@pytest.mark.parametrize("variant", sorted(path.stem for path in (conf_folder() / "model").glob("*.yaml")))
def test_every_variant_trains_in_two_processes(variant: str, tmp_path: Path) -> None:
    import subprocess
    import sys

    overrides = [*small_overrides(variant), "data.image_size=28", "data.batch_size=32", "iterations=2", "log_every=1"]
    command = [sys.executable, "-m", "gan_lab", "train", "trainer=ddp_cpu", "metrics.num_samples=700", *overrides]
    done = subprocess.run(
        [*command, "hydra.run.dir=run"], cwd=tmp_path, capture_output=True, text=True, timeout=300, check=False
    )
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "run" / "summary.json").exists()
