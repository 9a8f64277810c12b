"""Training loops in plain PyTorch, written as carefully as one would by hand, to measure the framework against.

They have every trick of ours: one forward of G for both phases, one of D for real images and fakes where no batch norm
forbids it, frozen opponents, fused Adam, channels_last, and batches by one index from bytes in memory. They print
their losses as often as ours draws its curves.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from itertools import islice
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from gan_lab.building import build
from gan_lab.data.datamodule import ImageDataModule
from gan_lab.data.images import Images, to_floats

Judge = Callable[[Tensor, Tensor | None], Tensor]
"""D: images and, where it is conditional, labels to logits."""


def batches(images: Images, size: int) -> Iterator[tuple[Tensor, Tensor]]:
    """Shuffled batches without end."""
    while True:
        for chosen in torch.randperm(len(images), device=images.labels.device).split(size):
            if len(chosen) == size:
                yield to_floats(images.pictures[chosen]), images.labels[chosen]


def judge_both(
    discriminator: nn.Module, together: bool, real: Tensor, fake: Tensor, labels: Tensor | None
) -> tuple[Tensor, Tensor]:
    if not together:
        return discriminator(real, labels), discriminator(fake, labels)
    twice = None if labels is None else torch.cat([labels, labels])
    real_logits, fake_logits = discriminator(torch.cat([real, fake]), twice).chunk(2)
    return real_logits, fake_logits


def slope_penalty(discriminator: Judge, real: Tensor, fake: Tensor, labels: Tensor | None) -> Tensor:
    part = torch.rand(len(real), 1, 1, 1, device=real.device)
    points = torch.lerp(real, fake, part).requires_grad_(True)
    (slopes,) = torch.autograd.grad(discriminator(points, labels).sum(), points, create_graph=True)
    return ((slopes.flatten(1).square().sum(1) + 1e-12).sqrt() - 1).square().mean()


def train(config: dict[str, Any], data: ImageDataModule, warm_up: int) -> float:
    """Seconds per iteration, from the end of the warm-up to the end of `config["iterations"]`."""
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    parts = build("model", config["model"])
    generator, discriminator = parts.generator.to(device), parts.discriminator.to(device)
    if config["channels_last"]:
        generator.to(memory_format=torch.channels_last)
        discriminator.to(memory_format=torch.channels_last)
    options = {"lr": config["optimizer"]["lr"], "betas": config["optimizer"]["betas"], "fused": True}
    generator_optimizer = torch.optim.Adam(generator.parameters(), **options)
    discriminator_optimizer = torch.optim.Adam(discriminator.parameters(), **options)
    together = not any(isinstance(layer, nn.BatchNorm2d | nn.BatchNorm1d) for layer in discriminator.modules())
    conditional = "classes" in config["model"]
    wasserstein = "penalty_weight" in config["model"]
    n_critic, log_every, iterations = config["model"]["n_critic"], config["log_every"], config["iterations"]
    started = 0.0
    for iteration, (real, labels) in enumerate(
        islice(batches(data.splits.train.to(device), data.batch_size), iterations), start=1
    ):
        given = labels if conditional else None
        generator_is_due = iteration % n_critic == 0
        z = torch.rand(data.batch_size, config["noise"]["dimension"], device=device) * 2 - 1
        with torch.set_grad_enabled(generator_is_due):
            fake = generator(z, given)
        real_logits, fake_logits = judge_both(discriminator, together, real, fake.detach(), given)
        if wasserstein:
            penalty = slope_penalty(discriminator, real, fake.detach(), given)
            discriminator_loss = fake_logits.mean() - real_logits.mean() + config["model"]["penalty_weight"] * penalty
        else:
            discriminator_loss = F.softplus(-real_logits).mean() + F.softplus(fake_logits).mean()
        discriminator_optimizer.zero_grad()
        discriminator_loss.backward()
        discriminator_optimizer.step()
        if generator_is_due:
            discriminator.requires_grad_(False)
            logits = discriminator(fake, given)
            generator_loss = -logits.mean() if wasserstein else F.softplus(-logits).mean()
            generator_optimizer.zero_grad()
            generator_loss.backward()
            generator_optimizer.step()
            discriminator.requires_grad_(True)
        if iteration % log_every == 0:
            print(f"\r{iteration}: {discriminator_loss.item():.3f} {generator_loss.item():.3f}", end="", flush=True)
        if iteration == warm_up:
            synchronize()
            started = time.perf_counter()
    synchronize()
    return (time.perf_counter() - started) / (iterations - warm_up)


def synchronize() -> None:
    """Let a GPU finish what it has been given, so that the clock means something."""
    if torch.cuda.is_available():
        torch.cuda.synchronize()
