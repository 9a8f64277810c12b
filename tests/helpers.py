"""Small models and runs for the tests."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytorch_lightning as pl
import torch

from gan_lab.building import build
from gan_lab.data.images import Batch, Fakes
from gan_lab.models.noise_gan import NoiseGAN
from gan_lab.overrides import compose

SHAPES = {"mnist": (1, 28, 28), "svhn": (3, 32, 32)}
SMALL = {
    "dcgan": ["network.width=4"],
    "mlp": ["network.generator.widths=[16,8]", "network.discriminator.widths=[16,8]"],
    "resnet": ["network.generator.width=4", "network.discriminator.width=4"],
    "r3gan": ["network.width=8", "network.cardinality=4"],
    "infogan": ["network=dcgan", "network.width=4"],  # has no width of its own
}


@cache
def small_overrides(model: str) -> list[str]:
    """The variant with its own network made small; the network is the one that its yaml chooses."""
    network = composed(f"model={model}")["network"]["generator"]["_target_"].split(".")[2]
    return [f"model={model}", *SMALL[network], "noise.dimension=6"]


composed = cache(lambda *overrides: compose(overrides))  # takes Hydra a fifth of a second; not to be changed in place


def build_model(*overrides: str, **options: Any) -> NoiseGAN:
    """The model that the overrides give, with `options` of the section `model` changed."""
    torch.manual_seed(0)
    return build("model", composed(*overrides)["model"] | options)


def at_iteration(model: NoiseGAN, iteration: int = 0, rank: int = 0) -> NoiseGAN:
    """The model as if a trainer stood at that iteration of 100."""
    model._trainer = SimpleNamespace(global_step=iteration, global_rank=rank, max_steps=100)  # type: ignore[assignment]
    return model


def random_batch(shape: Sequence[int], size: int = 8, seed: int = 1) -> Batch:
    generator = torch.Generator().manual_seed(seed)
    return Batch(torch.rand(size, *shape, generator=generator) * 2 - 1, torch.arange(size) % 10)


class Batches:
    """An endless stream of random batches."""

    def __init__(self, shape: Sequence[int], size: int = 8) -> None:
        self.shape, self.size = shape, size

    def __iter__(self) -> Any:
        seed = 0
        while True:
            seed += 1
            yield random_batch(self.shape, self.size, seed)


def train(
    model: NoiseGAN,
    shape: Sequence[int],
    iterations: int,
    callbacks: Sequence[pl.Callback] = (),
    folder: Path | None = None,
    **trainer: Any,
) -> pl.Trainer:
    """Train on random batches with Lightning's trainer and nothing else."""
    options: dict[str, Any] = {
        "accelerator": "cpu",
        "max_steps": iterations,
        "max_epochs": -1,
        "logger": False,
        "enable_checkpointing": False,
        "enable_progress_bar": False,
        "enable_model_summary": False,
    }
    made = pl.Trainer(**(options | {"callbacks": list(callbacks), "default_root_dir": folder} | trainer))
    made.fit(model, train_dataloaders=Batches(shape))
    return made


def weights(module: torch.nn.Module) -> dict[str, torch.Tensor]:
    return {name: parameter.detach().clone() for name, parameter in module.named_parameters()}


def same(left: dict[str, torch.Tensor], right: dict[str, torch.Tensor]) -> bool:
    return left.keys() == right.keys() and all(torch.equal(left[name], right[name]) for name in left)


SMALL_GAN = [
    "model=gan",
    "data=mnist",
    "noise.dimension=6",
    "network.generator.widths=[8]",
    "network.discriminator.widths=[8]",
    "batchnorm=none",
]
"""The least GAN on MNIST."""
LIGHT = Batch(torch.full((4, 1, 28, 28), 0.5), torch.tensor([0, 1, 2, 3]))
DARK = Fakes(torch.full((4, 1, 28, 28), -0.5), torch.tensor([0, 1, 2, 3]))


class Brightness(torch.nn.Module):
    """A discriminator that scores `score` for the images LIGHT, and its negative for DARK; learns nothing."""

    def __init__(self, score: float) -> None:
        super().__init__()
        self.score = score

    def forward(self, images: torch.Tensor, labels: torch.Tensor | None = None) -> torch.Tensor:
        return images.mean((1, 2, 3)) * 2 * self.score


class Spy(Brightness):
    """Brightness that keeps the points at which its slope is taken."""

    def __init__(self) -> None:
        super().__init__(1.0)
        self.points: list[torch.Tensor] = []

    def forward(self, images: torch.Tensor, labels: torch.Tensor | None = None) -> torch.Tensor:
        if images.requires_grad:
            self.points.append(images.detach())
        return super().forward(images, labels)


def penalized_points(model: NoiseGAN, batch: Batch) -> torch.Tensor:
    """Where D's loss penalizes its slope, for these real images and DARK as the fakes."""
    model.discriminator = spy = Spy()
    model.discriminator_loss(batch, DARK)
    (points,) = spy.points
    return points


def terms_of(model: NoiseGAN) -> tuple[dict[str, float], dict[str, float]]:
    """The values of D's terms and of G's, LIGHT being the real images and DARK the fakes."""
    found = model.discriminator_loss(LIGHT, DARK), model.generator_loss(LIGHT, DARK)
    discriminator, generator = ({name: term.item() for name, term in player.items()} for player in found)
    return discriminator, generator


def scored(score: float, *overrides: str, **options: Any) -> NoiseGAN:
    """The variant on MNIST with `Brightness` for a discriminator."""
    model = build_model("data=mnist", *overrides, **options)
    model.discriminator = Brightness(score)
    return model
