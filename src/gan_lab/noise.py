"""Distributions of the generator's input.

Every distribution is called as `noise(num, generator)` and returns float32 `[num, dimension]` on the generator's
device; the same generator state gives the same noise.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from dataclasses import dataclass

import torch
from torch import Tensor

from gan_lab.checks import check_number, check_whole


@dataclass(frozen=True)
class Noise(ABC):
    """A distribution over vectors of `dimension` components."""

    dimension: int

    def __post_init__(self) -> None:
        check_whole("noise.dimension", self.dimension, 1)

    @abstractmethod
    def __call__(self, num: int, generator: torch.Generator) -> Tensor:
        """Draw `num` vectors: float32 `[num, dimension]`."""

    def _empty(self, num: int, generator: torch.Generator) -> Tensor:
        return torch.empty(num, self.dimension, device=generator.device)


@dataclass(frozen=True)
class Uniform(Noise):
    """Independent components, uniform on (-1, 1): mean 0, variance 1/3."""

    def __call__(self, num: int, generator: torch.Generator) -> Tensor:
        """Draw `num` vectors: float32 `[num, dimension]` in (-1, 1)."""
        return self._empty(num, generator).uniform_(-1, 1, generator=generator)


@dataclass(frozen=True)
class Normal(Noise):
    """Independent components, standard normal: mean 0, variance 1."""

    def __call__(self, num: int, generator: torch.Generator) -> Tensor:
        """Draw `num` vectors: float32 `[num, dimension]`."""
        return self._empty(num, generator).normal_(generator=generator)


@dataclass(frozen=True)
class TruncatedNormal(Noise):
    """Standard normal components, drawn again while outside [-bound, bound] (Brock et al. 2019, "truncation trick")."""

    bound: float = 2.0

    def __post_init__(self) -> None:
        super().__post_init__()
        check_number("noise.bound", self.bound, above=0)

    def __call__(self, num: int, generator: torch.Generator) -> Tensor:
        """Draw `num` vectors: float32 `[num, dimension]` in [-bound, bound]."""
        z = self._empty(num, generator)
        return torch.nn.init.trunc_normal_(z, a=-self.bound, b=self.bound, generator=generator)


@dataclass(frozen=True)
class Sphere(Noise):
    """Uniform on the sphere whose radius is `radius`, by default sqrt(dimension).

    With the default radius each component has mean 0 and variance 1, as under `Normal`; `radius=1` is the unit sphere.
    """

    radius: float | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.radius is not None:
            check_number("noise.radius", self.radius, above=0)

    def __call__(self, num: int, generator: torch.Generator) -> Tensor:
        """Draw `num` vectors: float32 `[num, dimension]`, each of length `radius`."""
        radius = math.sqrt(self.dimension) if self.radius is None else self.radius
        z = self._empty(num, generator).normal_(generator=generator)
        return z * (radius / z.norm(dim=1, keepdim=True))
