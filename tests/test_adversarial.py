from __future__ import annotations

from typing import Any

import pytest
import pytorch_lightning as pl
import torch
from helpers import SHAPES, SMALL_GAN, at_iteration, build_model, random_batch, same, train, weights

from gan_lab.errors import UserError
from gan_lab.phases import frozen
from gan_lab.seeding import derive_seed, seeded_generator

SHAPE = SHAPES["mnist"]


def test_our_loop_equals_a_hand_written_one() -> None:
    """The oracle: a plain loop over the same batches and noise comes to the same weights."""
    ours, plain = build_model(*SMALL_GAN), build_model(*SMALL_GAN)
    train(ours, SHAPE, 3)
    generator_steps = torch.optim.Adam(plain.generator.parameters(), 2e-4, (0.5, 0.999), fused=True)
    discriminator_steps = torch.optim.Adam(plain.discriminator.parameters(), 2e-4, (0.5, 0.999), fused=True)
    criterion = torch.nn.BCEWithLogitsLoss()
    ones, zeros = torch.ones(8), torch.zeros(8)
    for iteration in range(3):
        real = random_batch(SHAPE, 8, iteration + 1).real
        fake = plain.generator(plain.noise(8, seeded_generator("cpu", 0, "noise", iteration, 0)))
        loss = criterion(plain.discriminator(real), ones) + criterion(plain.discriminator(fake.detach()), zeros)
        discriminator_steps.zero_grad()
        loss.backward()
        discriminator_steps.step()
        generator_steps.zero_grad()
        criterion(plain.discriminator(fake), ones).backward()
        generator_steps.step()
    for name, weight in weights(plain).items():
        torch.testing.assert_close(weights(ours)[name], weight, rtol=1e-5, atol=1e-7)


def test_noise_differs_between_iterations_and_ranks_and_repeats() -> None:
    model = build_model(*SMALL_GAN)
    batch = random_batch(SHAPE)

    def fakes(iteration: int, rank: int) -> torch.Tensor:
        with torch.no_grad():
            return at_iteration(model, iteration, rank).generate(batch).images

    assert torch.equal(fakes(0, 0), fakes(0, 0))
    assert not torch.equal(fakes(0, 0), fakes(1, 0))
    assert not torch.equal(fakes(0, 0), fakes(0, 1))


def test_the_lazy_penalty_comes_in_every_kth_iteration_as_many_times_larger() -> None:
    seen: list[dict[str, float]] = []

    class Terms(pl.Callback):
        def on_train_batch_end(self, trainer: Any, module: Any, *args: Any) -> None:
            seen.append(module.take_scalars())

    for every in (1, 2):
        model = build_model(*SMALL_GAN, "model.r1_weight=0.5", f"model.r1_every={every}")
        model.log_every = 1
        train(model, SHAPE, 2, [Terms()])
    always, lazy = seen[:2], seen[2:]
    assert ["discriminator/r1" in terms for terms in always] == [True, True]
    assert ["discriminator/r1" in terms for terms in lazy] == [True, False]
    assert lazy[0]["discriminator/r1"] == pytest.approx(2 * always[0]["discriminator/r1"])


def test_frozen_lets_gradients_through_but_gathers_none() -> None:
    network = torch.nn.Linear(3, 1)
    network.bias.requires_grad_(False)
    x = torch.randn(2, 3, requires_grad=True)
    with frozen(network):
        network(x).sum().backward()
    assert x.grad is not None
    assert x.grad.abs().sum() > 0
    assert network.weight.grad is None
    assert network.weight.requires_grad
    assert not network.bias.requires_grad


def test_ranks_and_iterations_get_different_noise_and_repeats_the_same() -> None:
    seeds = {derive_seed(seed, "noise", i, rank) for seed in range(3) for i in range(50) for rank in range(4)}
    assert len(seeds) == 600
    assert len({seed & 0xFFFFFFFF for seed in seeds}) == 600  # the bits that the CPU generator uses
    assert derive_seed(1, "noise", 2, 3) == derive_seed(1, "noise", 2, 3)


def test_learning_rates_fall_linearly_over_the_last_part() -> None:
    seen: list[float] = []

    class Rates(pl.Callback):
        def on_train_batch_end(self, trainer: Any, *args: Any) -> None:
            assert trainer.optimizers[0].param_groups[0]["lr"] == trainer.optimizers[1].param_groups[0]["lr"]
            seen.append(trainer.optimizers[0].param_groups[0]["lr"])

    train(build_model(*SMALL_GAN, "model.lr_decay=0.5", "optimizer.lr=1.0"), SHAPE, 8, [Rates()])
    assert seen == pytest.approx([1, 1, 1, 1, 1, 0.75, 0.5, 0.25])


def test_learning_rate_of_one_player() -> None:
    model = build_model(*SMALL_GAN, "optimizer.lr=0.5", "optimizer.generator.lr=0.25")
    trainer = train(model, SHAPE, 1)
    assert [optimizer.param_groups[0]["lr"] for optimizer in trainer.optimizers] == [0.5, 0.25]


def test_average_of_the_generator_is_updated_only_with_it() -> None:
    model = build_model(*SMALL_GAN, "model.ema_decay=0.9", "model.pretrain_discriminator=2")
    assert model.ema is not None
    initial = weights(model.ema)
    train(model, SHAPE, 2)
    assert same(initial, weights(model.ema))
    model = build_model(*SMALL_GAN, "model.ema_decay=0.9")
    train(model, SHAPE, 2)
    assert model.ema is not None
    assert not same(initial, weights(model.ema))
    assert model.sampler is model.ema


def test_scalars_are_kept_only_where_a_point_is_due() -> None:
    model = build_model(*SMALL_GAN)
    model.log_every = 3
    kept: list[set[str]] = []

    class Scalars(pl.Callback):
        def on_train_batch_end(self, trainer: Any, module: Any, *args: Any) -> None:
            kept.append(set(module.scalars))
            module.take_scalars()

    train(model, SHAPE, 6, [Scalars()])
    expected = {
        "loss/discriminator", "discriminator/real", "discriminator/fake", "grad_norm/discriminator", "D/real", "D/fake",
        "D/accuracy",
        "loss/generator", "generator/adversarial", "grad_norm/generator",
    }  # fmt: skip
    assert kept == [set(), set(), expected] * 2


def test_every_point_has_a_value_of_the_generator_where_n_critic_does_not_divide_its_interval() -> None:
    model = build_model(*SMALL_GAN, "model.n_critic=2")
    model.log_every = 3
    points: list[dict[str, float]] = []

    class Points(pl.Callback):
        def on_train_batch_end(self, trainer: Any, module: Any, *args: Any) -> None:
            if trainer.global_step % 3 == 0:
                points.append(module.take_scalars())

    train(model, SHAPE, 9, [Points()])
    assert all({"loss/generator", "loss/discriminator"} <= set(point) for point in points)
    assert len({point["loss/generator"] for point in points}) == 3


def test_gradient_norm_is_that_of_the_gradients() -> None:
    model = build_model(*SMALL_GAN)
    model.log_every = 1
    norms: list[float] = []

    class Norms(pl.Callback):
        def on_before_optimizer_step(self, trainer: Any, module: Any, optimizer: torch.optim.Optimizer) -> None:
            squares = [p.grad.square().sum() for group in optimizer.param_groups for p in group["params"]]
            norms.append(float(torch.stack(squares).sum().sqrt()))

    train(model, SHAPE, 1, [Norms()])
    logged = [model.scalars[f"grad_norm/{player}"].item() for player in ("discriminator", "generator")]
    assert logged == pytest.approx(norms, rel=1e-5)


def test_gradient_norm_under_loss_scaling() -> None:
    """fp16's scaler multiplies the gradients; the logged norm is the true one. Run on the CPU with a CPU scaler."""
    from pytorch_lightning.plugins import MixedPrecision

    norms = []
    for scale in (1.0, 1024.0):
        model = build_model(*SMALL_GAN)
        model.log_every = 1
        scaler = torch.amp.GradScaler("cpu", init_scale=scale)
        train(model, SHAPE, 1, plugins=[MixedPrecision("16-mixed", "cpu", scaler)])
        norms.append(model.scalars["grad_norm/discriminator"].item())
    assert norms[0] == pytest.approx(norms[1], rel=1e-2)


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
def test_half_precision_on_a_gpu() -> None:
    model = build_model(*SMALL_GAN)
    model.log_every = 1
    before, kinds = weights(model), set()
    model.discriminator.head.logit.register_forward_hook(lambda layer, inputs, output: kinds.add(output.dtype))
    train(model, SHAPE, 20, accelerator="gpu", devices=1, precision="16-mixed")
    assert all(value.isfinite() for value in model.scalars.values())
    assert kinds == {torch.float16}
    assert not same(before, {name: weight.cpu() for name, weight in weights(model).items()})


@pytest.mark.parametrize(
    "override",
    [
        "n_critic=0",
        "n_critic=2.5",
        "pretrain_discriminator=-1",
        "ema_decay=1.0",
        "lr_decay=1.5",
        "real_label=0.5",
        "r1_weight=-1",
        "r1_every=0",
    ],
)
def test_bad_values_are_refused(override: str) -> None:
    with pytest.raises(UserError, match=f"model.{override}"):
        build_model(*SMALL_GAN, f"model.{override}")


def test_an_unknown_key_of_a_variant_is_refused() -> None:
    with pytest.raises(UserError, match="n_crtic"):
        build_model(*SMALL_GAN, "+model.n_crtic=5")
