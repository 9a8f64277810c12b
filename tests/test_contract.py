"""What every variant must hold to: found from conf/model/*.yaml, so that a new variant is tested by being there."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
import pytorch_lightning as pl
import torch
from helpers import SHAPES, at_iteration, build_model, random_batch, same, small_overrides, train, weights

from gan_lab.building import conf_folder
from gan_lab.models.noise_gan import NoiseGAN

VARIANTS = sorted(path.stem for path in (conf_folder() / "model").glob("*.yaml"))

pytestmark = [pytest.mark.parametrize("data", SHAPES), pytest.mark.parametrize("variant", VARIANTS)]


def variant_model(variant: str, data: str, *overrides: str) -> NoiseGAN:
    return build_model(*small_overrides(variant), f"data={data}", *overrides)


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
    model, phases = variant_model(variant, data, "model.n_critic=1"), Phases()
    train(model, SHAPES[data], 2, [phases])
    assert [step["player"] for step in phases.steps] == ["discriminator", "generator"] * 2
    for step in phases.steps:
        other = {"discriminator": "generator", "generator": "discriminator"}[step["player"]]
        assert same(step["before"][other], step["after"][other])
        moved = step["after"][step["player"]]
        still = [name for name, weight in step["before"][step["player"]].items() if torch.equal(weight, moved[name])]
        assert not still
        assert all(gradient is not None and gradient.isfinite().all() for gradient in step["gradients"][step["player"]])


def test_parameters_are_disjoint_and_complete(variant: str, data: str) -> None:
    model = variant_model(variant, data)
    trainer = train(model, SHAPES[data], 1)
    owned = [{id(p) for group in optimizer.param_groups for p in group["params"]} for optimizer in trainer.optimizers]
    assert not owned[0] & owned[1]
    assert owned[0] | owned[1] == {id(p) for p in model.parameters() if p.requires_grad}


@pytest.mark.parametrize(("n_critic", "pretrain"), [(1, 0), (2, 0), (3, 0), (1, 3), (2, 3)])
def test_counters(variant: str, data: str, n_critic: int, pretrain: int) -> None:
    model = variant_model(variant, data, f"model.n_critic={n_critic}", f"model.pretrain_discriminator={pretrain}")
    phases = Phases()
    trainer = train(model, SHAPES[data], 7, [phases])
    players = [step["player"] for step in phases.steps]
    assert players.count("discriminator") == trainer.global_step == model.iteration == 7
    assert players.count("generator") == model.generator_updates(7) == (7 - pretrain) // n_critic
    first = players.index("generator")
    assert first == pretrain + n_critic


def test_every_term_is_finite_and_reaches_its_player(variant: str, data: str) -> None:
    model, batch = at_iteration(variant_model(variant, data)), random_batch(SHAPES[data])
    fake = model.generate(batch)
    detached = fake._replace(images=fake.images.detach())
    cases: Sequence[tuple[dict[str, torch.Tensor], torch.nn.Module]] = [
        ({**model.discriminator_loss(batch, detached), **model.penalties(batch, detached)}, model.discriminator),
        (model.generator_loss(batch, fake), model.generator),
    ]
    for terms, network in cases:
        assert terms
        for name, term in terms.items():
            assert term.shape == (), name
            assert term.isfinite(), name
            gradients = torch.autograd.grad(term, list(network.parameters()), retain_graph=True, allow_unused=True)
            assert sum(float(gradient.abs().sum()) for gradient in gradients if gradient is not None) > 0, name


def test_checkpoint_round_trip(variant: str, data: str, tmp_path: Path) -> None:
    from gan_lab.checkpoint import load_model, read_checkpoint
    from gan_lab.overrides import compose

    overrides = [*small_overrides(variant), f"data={data}", "model.ema_decay=0.5"]
    model = build_model(*overrides)
    model.checkpoint_config = {"config": compose(overrides), "overrides": overrides}
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
    model = variant_model(variant, data)
    model.log_every = 1
    kinds = set()
    hidden = [layer for layer in model.discriminator.modules() if isinstance(layer, torch.nn.Linear | torch.nn.Conv2d)]
    hidden[0].register_forward_hook(lambda layer, inputs, output: kinds.add(output.dtype))
    train(model, SHAPES[data], 2, precision="bf16-mixed")
    assert kinds == {torch.bfloat16}
    assert model.scalars
    assert all(value.isfinite() for value in model.scalars.values())
    assert all(parameter.dtype == torch.float32 for parameter in model.parameters())
