"""All measures of a run, on one set of samples, in one feature space."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from gan_lab.building import first_line
from gan_lab.checks import check_whole
from gan_lab.data.datamodule import ImageDataModule
from gan_lab.errors import UserError
from gan_lab.metrics.features import Features
from gan_lab.metrics.fid import FrechetDistance
from gan_lab.metrics.measure import Measure, Reference, Samples, Score
from gan_lab.models.noise_gan import NoiseGAN

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Measured:
    """A score with all that it rests on, and the seconds that its measure took."""

    score: Score
    protocol: dict[str, Any]
    seconds: float

    def entry(self) -> dict[str, Any]:
        """What stands in `summary.json`."""
        score = self.score
        entry: dict[str, Any] = {"value": score.value, "better": score.better, "floor": score.floor}
        if score.in_floors and score.floor is not None and score.floor > 0:
            entry["times_floor"] = score.value / score.floor
        return {**entry, "details": score.details, "seconds": round(self.seconds, 3), "protocol": self.protocol}


class Battery:
    """Draws samples, looks at them through a feature network once, and gives them to each measure.

    The samples are always those of the same noise. With several processes each makes and looks at its share, the
    first one measures all, and the others are told what it found; all must call `prepare` and `measure`.

    `every` is the interval, in iterations, of measuring during training; `None` leaves it to the budget.
    """

    def __init__(
        self,
        features: Callable[[ImageDataModule], Features],
        measure: dict[str, Measure],
        num_samples: int,
        every: int | None = None,
    ) -> None:
        check_whole("metrics.num_samples", num_samples, 2)
        check_whole("metrics.every", every, 1, optional=True)
        if not isinstance(measure, dict):
            raise UserError(f"metrics.measure={measure}: write metrics/measure=[{measure}], with a slash")
        self.load_features = features
        self.measures = measure
        self.num_samples = num_samples
        self.every = every
        self.seconds: dict[str, float] = {}

    def prepare(self, data: ImageDataModule, device: torch.device, rank: int = 0, world_size: int = 1) -> None:
        """Load the features, and let each measure take what it needs of the real images.

        Raises:
            UserError: where the features cannot be had, or do not suit a measure.
        """
        self.rank, self.world_size = rank, world_size
        self.reference = Reference(data, self.load_features(data), self.num_samples, device)
        for measure in self.measures.values():
            measure.prepare(self.reference)

    @property
    def frechet_distance(self) -> FrechetDistance | None:
        """The measure by which the best checkpoint is chosen, and which a sweeper minimizes; `None` without it."""
        return next((measure for measure in self.measures.values() if isinstance(measure, FrechetDistance)), None)

    @property
    def headline(self) -> str | None:
        """The name of its number."""
        return None if self.frechet_distance is None else self.frechet_distance.name

    def how_fid_is_measured(self) -> str:
        """Two Frechet distances compare where this is the same."""
        reference, metric = self.reference, self.frechet_distance
        parts = [] if metric is None else [*metric.protocol().items()]
        return repr([self.headline, reference.features.description, self.num_samples, *parts])

    def measure(self, model: NoiseGAN, seed: int, at_end: bool) -> dict[str, Measured]:
        """The scores of samples from the noise that `seed` gives, by their names; `at_end` with the costly ones.

        Raises:
            UserError: in all processes but the first, where that one fails.
        """
        samples = self._samples(model, seed)
        if self.world_size == 1:
            return self._measured(samples, at_end)
        found: list[dict[str, Measured] | str] = [""]
        failure: Exception | None = None
        if self.rank == 0:
            try:
                found = [self._measured(samples, at_end)]
            except Exception as error:  # told to the others, which would wait for it
                failure, found = error, [first_line(error)]
        torch.distributed.broadcast_object_list(found, src=0, device=self.reference.device)
        if failure is not None:
            raise failure
        if isinstance(found[0], str):
            raise UserError(f"the first process could not measure: {found[0]}")
        return found[0]

    def _measured(self, samples: Samples, at_end: bool) -> dict[str, Measured]:
        found: dict[str, Measured] = {}
        self.seconds = {}
        for key, measure in self.measures.items():
            if at_end or measure.in_training:
                started = time.perf_counter()
                scores = measure.measure(samples)
                self.seconds[key] = time.perf_counter() - started
                protocol = {**self._protocol(samples), **measure.protocol()}
                found |= {name: Measured(score, protocol, self.seconds[key]) for name, score in scores.items()}
        return found

    def tell_times(self) -> None:
        """Log how long each measure took at the last measurement."""
        times = ", ".join(f"{key} {seconds:.1f}" for key, seconds in self.seconds.items())
        log.info("measured in seconds: %s", times)

    def _protocol(self, samples: Samples) -> dict[str, Any]:
        """What all numbers have in common; a measure adds its own, and says where it takes other samples."""
        ema = samples.model.ema
        return {
            "features": self.reference.features.description,
            "generated": len(samples.pictures),
            "generator_weights": "raw" if ema is None else f"average of decay {ema.decay}",
            "noise_seed": samples.seed,
        }

    @torch.no_grad()
    def _samples(self, model: NoiseGAN, seed: int) -> Samples:
        """The samples of all processes, in the order in which one would have made them."""
        head = self.reference.head
        parts: list[tuple[Tensor | None, ...]] = []
        for images, labels in model.sample(self.num_samples, seed, self.rank, self.world_size):
            seen = self.reference.features_of(images)
            parts.append((images, labels, seen, None if head is None else head(seen).softmax(1)))
        if self.world_size > 1:
            parts = self._gathered(parts)
        pictures, asked, features, probabilities = (_joined(column) for column in zip(*parts, strict=True))
        assert pictures is not None
        assert features is not None
        return Samples(model, seed, pictures, asked, features, probabilities)

    def _gathered(self, parts: list[tuple[Tensor | None, ...]]) -> list[tuple[Any, ...]]:
        """The parts of all processes, which have dealt out the batches in turns."""
        everyone: list[Any] = [None] * self.world_size
        torch.distributed.all_gather_object(everyone, [[_to(column, "cpu") for column in part] for part in parts])
        turns = range(max(map(len, everyone)))
        ordered = [own[turn] for turn in turns for own in everyone if turn < len(own)]
        return [tuple(_to(column, self.reference.device) for column in part) for part in ordered]


def _to(tensor: Tensor | None, device: torch.device | str) -> Tensor | None:
    return None if tensor is None else tensor.to(device)


def _joined(column: tuple[Tensor | None, ...]) -> Tensor | None:
    """All tensors of a column in one, or `None` where it has none."""
    there = [part for part in column if part is not None]
    return torch.cat(there) if there else None


def refuse_empty(config: dict[str, Any]) -> None:
    """Raise a `UserError` where nothing would be measured."""
    if not config["metrics"].get("measure"):
        raise UserError("metrics=none measures nothing; choose metrics=classifier, inception or all")
