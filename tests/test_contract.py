"""What every variant must hold to: found from conf/model/*.yaml, so that a new variant is tested by being there."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import pytorch_lightning as pl
import torch
from helpers import SHAPES, at_iteration, build_model, composed, random_batch, same, small_overrides, train, weights

from gan_lab.building import conf_folder
from gan_lab.errors import UserError
from gan_lab.models.noise_gan import NoiseGAN
from gan_lab.phases import frozen

VARIANTS = sorted(path.stem for path in (conf_folder() / "model").glob("*.yaml"))

pytestmark = [pytest.mark.parametrize("data", SHAPES), pytest.mark.parametrize("variant", VARIANTS)]


def variant_model(variant: str, data: str, **options: Any) -> NoiseGAN:
    return build_model(*small_overrides(variant), f"data={data}", **options)


class Phases(pl.Callback):
    """Keeps the weights of both players before and after each optimizer step."""

    def __init__(self) -> None:
        self.steps: list[dict[str, Any]] = []

    def on_before_optimizer_step(self, trainer: Any, module: Any, optimizer: torch.optim.Optimizer) -> None:
        self.finish(module)
        player = "discriminator" if optimizer is trainer.optimizers[0] else "generator"
        gradients = {
            name: [parameter.grad for parameter in getattr(module, name).parameters()]
            for name in ("generator", "discriminator")
        }
        self.steps.append({"player": player, "before": self.both(module), "gradients": gradients})

    def on_train_batch_end(self, trainer: Any, module: Any, *args: Any) -> None:
        self.finish(module)

    def finish(self, module: Any) -> None:
        if self.steps and "after" not in self.steps[-1]:
            self.steps[-1]["after"] = self.both(module)

    @staticmethod
    def both(module: Any) -> dict[str, dict[str, torch.Tensor]]:
        return {name: weights(getattr(module, name)) for name in ("generator", "discriminator")}


def test_each_step_moves_one_player_bitwise(variant: str, data: str) -> None:
    """A weight may miss a step, such as one behind layers that start at zero, but moves in the course of three.

    Only D's last bias may stay: an objective made of differences of scores leaves their common shift alone.
    """
    model, phases = variant_model(variant, data, n_critic=1), Phases()
    trainer = train(model, SHAPES[data], 3, [phases])
    assert [step["player"] for step in phases.steps] == ["discriminator", "generator"] * 3
    still = {name: set(weights(getattr(model, name))) for name in ("discriminator", "generator")}
    for step in phases.steps:
        player = step["player"]
        other = {"discriminator": "generator", "generator": "discriminator"}[player]
        assert same(step["before"][other], step["after"][other])
        moved = step["after"][player]
        still[player] -= {
            name for name, weight in step["before"][player].items() if not torch.equal(weight, moved[name])
        }
        assert all(gradient is not None and gradient.isfinite().all() for gradient in step["gradients"][player])
    assert still["generator"] == set()
    assert still["discriminator"] <= {"head.logit.bias"}
    owned = [{id(p) for group in optimizer.param_groups for p in group["params"]} for optimizer in trainer.optimizers]
    assert not owned[0] & owned[1]
    assert owned[0] | owned[1] == {id(p) for p in model.parameters() if p.requires_grad}


@pytest.mark.parametrize(("n_critic", "pretrain"), [(1, 0), (3, 0), (2, 3)])
def test_counters(variant: str, data: str, n_critic: int, pretrain: int) -> None:
    model, phases = variant_model(variant, data, n_critic=n_critic, pretrain_discriminator=pretrain), Phases()
    trainer = train(model, SHAPES[data], 7, [phases])
    players = [step["player"] for step in phases.steps]
    assert players.count("discriminator") == trainer.global_step == model.iteration == 7
    assert players.count("generator") == model.generator_updates(7) == (7 - pretrain) // n_critic
    first = players.index("generator")
    assert first == pretrain + n_critic


def test_every_term_is_finite_and_reaches_its_player_alone(variant: str, data: str) -> None:
    """As in training, with the opponent frozen; a term may be 0 for now, as a hinge beyond its margin."""
    model, batch = at_iteration(variant_model(variant, data)), random_batch(SHAPES[data])
    with frozen(model.generator), torch.no_grad():
        fake = model.generate(batch)
    with frozen(model.generator):
        terms = {**model.discriminator_loss(batch, fake), **model.penalties(batch, fake)}
        check_terms(terms, model.discriminator, model.generator)
    fake = model.generate(batch)
    with frozen(model.discriminator):
        check_terms(model.generator_loss(batch, fake), model.generator, model.discriminator)


def check_terms(terms: dict[str, torch.Tensor], player: torch.nn.Module, other: torch.nn.Module) -> None:
    assert any(term.item() for term in terms.values())
    for name, term in terms.items():
        assert term.shape == (), name
        assert term.isfinite(), name
        player.zero_grad()
        other.zero_grad()
        term.backward(retain_graph=True)
        slopes = [parameter.grad.abs().sum() for parameter in player.parameters() if parameter.grad is not None]
        assert term.item() == 0 or sum(slopes) > 0, name
        assert all(parameter.grad is None for parameter in other.parameters()), name


def test_the_r1_switch_adds_a_term_or_is_refused(variant: str, data: str) -> None:
    has_norm = composed(f"model={variant}")["batchnorm"]["generator"]
    overrides = [*small_overrides(variant), f"data={data}", f"batchnorm={'generator' if has_norm else 'none'}"]
    plain = at_iteration(build_model(*overrides, r1_weight=0.0))
    batch = random_batch(SHAPES[data])
    with torch.no_grad():
        fake = plain.generate(batch)
    own = plain.discriminator_loss(batch, fake)
    try:
        model = at_iteration(build_model(*overrides, r1_weight=1.0))
    except UserError:
        assert "r1" in own  # it has that penalty itself
    else:
        added = model.penalties(batch, fake)
        assert set(added) == {"r1"}
        assert not added.keys() & own.keys()


def test_checkpoint_round_trip(variant: str, data: str, tmp_path: Path) -> None:
    from gan_lab.checkpoint import load_model, read_checkpoint

    overrides = [*small_overrides(variant), f"data={data}", "model.ema_decay=0.5"]
    model = build_model(*overrides)
    model.checkpoint_config = {"config": composed(*overrides), "overrides": overrides}
    trainer = train(model, SHAPES[data], 2)
    trainer.save_checkpoint(tmp_path / "a.ckpt")
    loaded = load_model(read_checkpoint(tmp_path / "a.ckpt"))
    assert same(model.state_dict(), loaded.state_dict())
    model.eval()
    assert torch.equal(next(iter(model.sample(4, seed=3))).images, next(iter(loaded.sample(4, seed=3))).images)
    for name, grid in loaded.grids().items():
        assert grid.pictures.shape[1:] == SHAPES[data], name
        assert len(grid.pictures) % grid.columns == 0, name


def test_bfloat16(variant: str, data: str) -> None:
    """Convolutions run in bfloat16, and in single precision where a penalty takes their slope; weights stay single."""
    model = variant_model(variant, data)
    model.log_every = 1
    kinds = set()
    hidden = [layer for layer in model.discriminator.modules() if isinstance(layer, torch.nn.Linear | torch.nn.Conv2d)]
    hidden[0].register_forward_hook(
        lambda layer, inputs, output: kinds.add((output.dtype, torch.is_autocast_enabled("cpu")))
    )
    train(model, SHAPES[data], 2, precision="bf16-mixed")
    assert kinds - {(torch.float32, False)} == {(torch.bfloat16, True)}
    assert model.scalars
    assert all(value.isfinite() for value in model.scalars.values())
    assert all(parameter.dtype == torch.float32 for parameter in model.parameters())
