"""NaN and infinity end a run before they are saved, measured or drawn."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from helpers import SHAPES, SMALL_GAN, build_model, train
from pytorch_lightning.plugins import MixedPrecision
from run_helpers import RunIn, final, rows
from torch import nn

from gan_lab.errors import UserError
from gan_lab.health import WINDOW, Health, check_weights
from gan_lab.models.gan import GAN

SHAPE = SHAPES["mnist"]


def linear(slope: float = 1.0, bias_slope: float = 1.0) -> nn.Module:
    """A layer whose gradients have these values."""
    layer = nn.Linear(2, 2)
    layer.weight.grad, layer.bias.grad = torch.full((2, 2), float(slope)), torch.full((2,), float(bias_slope))
    return layer


def noted(*values: tuple[str, float, float], scaled: bool = False) -> Health:
    """Updates of player, loss term and gradient, one for each iteration."""
    health = Health()
    health.scaled = scaled
    for iteration, (player, term, slope) in enumerate(values, start=1):
        health.iteration = iteration
        health.note(player, {"real": torch.tensor(1.0), "fake": torch.tensor(float(term))}, linear(bias_slope=slope))
    return health


@pytest.mark.parametrize("value", [float("nan"), float("inf"), -float("inf")])
def test_the_first_bad_term_is_named_with_its_iteration(value: float) -> None:
    health = noted(("discriminator", 1, 1), ("generator", value, value), ("discriminator", value, 1))
    with pytest.raises(UserError, match=f"the generator's loss term fake is {value} at iteration 2; a lower"):
        health.check()


def test_a_bad_gradient_is_told() -> None:
    with pytest.raises(UserError, match="the discriminator's gradient is not finite at iteration 1"):
        noted(("discriminator", 1, float("nan")), ("generator", float("nan"), 1)).check()


def test_finite_numbers_pass_and_are_forgotten() -> None:
    health = noted(("discriminator", 1, 1), ("generator", 1e30, -1e15))
    health.check()
    health.note("generator", {"fake": torch.tensor(2.0)}, linear())
    health.check()


def test_under_loss_scaling_skipped_updates_are_no_failure() -> None:
    bad = float("inf")
    mixed = [("discriminator", bad, bad), ("generator", 1, bad), ("discriminator", 1, 1), ("generator", 1, 1)]
    noted(*mixed * (WINDOW // 4), scaled=True).check()
    noted(("generator", bad, bad), scaled=True).check()  # too few to judge
    with pytest.raises(UserError, match="the generator's loss term fake is inf at iteration 1"):
        noted(*[("generator", bad, bad), ("discriminator", 1, 1)] * (WINDOW // 2), scaled=True).check()


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_a_bad_weight_is_named(value: float) -> None:
    model = build_model(*SMALL_GAN, "model.ema_decay=0.9")
    check_weights(model, 4)
    with torch.no_grad():
        model.ema.average.layers[0].weight[0, 0] = value  # type: ignore[union-attr]
    with pytest.raises(UserError, match=r"the weight ema.average.layers.0.weight is not finite at iteration 4"):
        check_weights(model, 4)


def poisoned(after: int, monkeypatch: pytest.MonkeyPatch, player: str) -> None:
    """From then on one of the player's loss terms is NaN."""
    original = getattr(GAN, f"{player}_loss")

    def loss(self: GAN, *inputs: Any) -> Any:
        terms = original(self, *inputs)
        name = [*terms][-1]
        return terms | {name: terms[name] * (float("nan") if self.iteration >= after else 1)}

    monkeypatch.setattr(GAN, f"{player}_loss", loss)


@pytest.mark.parametrize(("player", "term"), [("discriminator", "fake"), ("generator", "adversarial")])
def test_a_run_ends_and_keeps_its_last_good_checkpoint(
    run_in: RunIn, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, player: str, term: str
) -> None:
    poisoned(12, monkeypatch, player)
    with pytest.raises(UserError, match=f"the {player}'s loss term {term} is nan at iteration 1[23];"):
        run_in("run", "iterations=60", "checkpoint_every=10", "metrics.every=10", "log_every=7", "model.ema_decay=0.9")
    folder = tmp_path / "run"
    kept = final(folder)
    assert kept["global_step"] == 10
    assert all(value.isfinite().all() for value in kept["state_dict"].values() if value.is_floating_point())
    assert "nan" not in (folder / "metrics.csv").read_text()
    assert rows(folder)[-1]["iteration"] == "10"
    assert not (folder / "summary.json").exists()


def test_a_gradient_that_breaks_is_found_before_its_weights_are_saved(
    run_in: RunIn, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Finite losses, and a layer whose backward pass gives NaN."""
    original = GAN.generator_loss

    def loss(self: GAN, *inputs: Any) -> Any:
        terms = original(self, *inputs)
        root = (inputs[1].images.sum() * 0).sqrt()  # 0, with an infinite slope
        return terms | {"root": root if self.iteration >= 4 else root.detach()}

    monkeypatch.setattr(GAN, "generator_loss", loss)
    with pytest.raises(UserError, match="the generator's gradient is not finite at iteration 4"):
        run_in("run", "iterations=20", "checkpoint_every=3", "metrics.every=20", "log_every=100")
    assert final(tmp_path / "run")["global_step"] == 3


def test_steps_that_the_scaler_skips_do_not_end_a_run() -> None:
    """A scale far too large: the first updates overflow, are skipped, and training goes on."""
    model = build_model(*SMALL_GAN)
    scaler = torch.amp.GradScaler("cpu", init_scale=2.0**60)
    train(model, SHAPE, WINDOW, plugins=[MixedPrecision("16-mixed", "cpu", scaler)])
    assert scaler.get_scale() < 2.0**60
    model.check_numbers()
