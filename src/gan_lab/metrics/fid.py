"""Frechet distance between generated and real images (Heusel et al. 2017), with its protocol."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import torch
from safetensors.torch import load, save
from torch import Tensor, nn
from torchmetrics.image.fid import FrechetInceptionDistance

from gan_lab.cache import cached
from gan_lab.checks import check_whole
from gan_lab.data.datamodule import ImageDataModule
from gan_lab.data.images import Fakes, Splits
from gan_lab.metrics.features import Features
from gan_lab.paths import cache_folder

REAL_STATES = ("real_features_sum", "real_features_cov_sum", "real_features_num_samples")


class ReadyFeatures(nn.Module):
    """Stands where torchmetrics expects a network: the metric is fed features that are already computed."""

    def __init__(self, num_features: int) -> None:
        super().__init__()
        self.num_features = num_features

    def forward(self, features: Tensor) -> Tensor:
        """The features, unchanged."""
        return features


def empty_metric(num_features: int, sync: bool = False) -> FrechetInceptionDistance:
    """torchmetrics' distance over features `[N, num_features]`; sums are float64. `sync` adds up all processes."""
    return FrechetInceptionDistance(ReadyFeatures(num_features), reset_real_features=False, sync_on_compute=sync)


@dataclass(frozen=True)
class Measurement:
    """A distance, and what the classifier says of the samples where there is one.

    `class_shares` holds which share of them it puts in each class, and `label_agreement` the share that it puts in the
    class that was asked for, `None` where none was.
    """

    fid: float
    class_shares: list[float] | None
    label_agreement: float | None = None


class FrechetDistance:
    """|mu_r - mu_g|^2 + tr(S_r + S_g - 2 (S_r S_g)^(1/2)) of features, between training images and samples.

    The reference is all training images. The floor is the distance of the real test images to that reference: what a
    perfect generator would get from as many samples as there are test images. Heusel et al. 2017, equation 6.

    Call `prepare` once, then `measure` as often as wanted; with several processes all of them must call both.
    """

    def __init__(self, name: str, features: Callable[[ImageDataModule], Features], num_samples: int) -> None:
        check_whole("metrics.fid.num_samples", num_samples, 2)
        self.name = name
        self.load_features = features
        self.num_samples = num_samples
        self.floor = float("nan")
        self.protocol: dict[str, Any] = {}

    def prepare(self, data: ImageDataModule, device: torch.device, rank: int = 0, world_size: int = 1) -> None:
        """Load the features, and the reference's statistics from the cache or from the images.

        Raises:
            UserError: where the features cannot be had.
        """
        self.rank, self.world_size = rank, world_size
        self.device = device
        self.features = self.load_features(data)
        self.network = self.features.network.to(device)
        self.metric = empty_metric(self._num_features, sync=True).to(device)
        self.metric.orig_dtype = torch.float32  # which torchmetrics learns from samples, and some process may have none
        reference = self._reference(data.splits)
        self.floor = float(reference["floor"])
        if rank == 0:  # the processes' states are added up, so only one of them brings the reference
            for state in REAL_STATES:
                setattr(self.metric, state, reference[state].to(device))
        self.protocol = {
            "features": self.features.description,
            "reference": f"{data.name}, all {len(data.splits.train)} training images of {data.image_shape[1]} pixels",
            "generated": self.num_samples,
            "floor_images": f"{data.name}, all {len(data.splits.test)} test images",
        }

    @property
    def _num_features(self) -> int:
        return int(self.network.num_features)  # type: ignore[arg-type]

    def _reference(self, splits: Splits) -> dict[str, Tensor]:
        """Sums over the training images' features, and the floor; cached by features, images and their number."""
        key = repr((self.features.description, splits.train.fingerprint(), splits.test.fingerprint(), "v1"))
        path = cache_folder() / "statistics" / f"{hashlib.sha256(key.encode()).hexdigest()[:24]}.safetensors"
        return cached(path, self._parse_reference, lambda: save(self._measure_reference(splits)))

    def _parse_reference(self, content: bytes) -> dict[str, Tensor]:
        """The statistics in the bytes of their file.

        Raises:
            ValueError: where they are not whole; safetensors has errors of its own.
        """
        reference = load(content)
        shapes = [tuple(reference[state].shape) for state in (*REAL_STATES, "floor")]
        num = self._num_features
        if shapes != [(num,), (num, num), (), ()]:
            raise ValueError(f"its shapes are {shapes}")
        return reference

    @torch.no_grad()
    def _measure_reference(self, splits: Splits) -> dict[str, Tensor]:
        metric = empty_metric(self._num_features).to(self.device)
        for images, real in ((splits.train, True), (splits.test, False)):
            for pictures in images.pictures.split(500):
                metric.update(self.network(pictures.to(self.device)), real=real)
        states = {state: getattr(metric, state).cpu() for state in REAL_STATES}
        return {**states, "floor": metric.compute().double().cpu()}

    @torch.no_grad()
    def measure(self, samples: Iterable[Fakes]) -> Measurement:
        """The distance of this process's share of the samples, batches of uint8 `[N, C, H, W]`, and all others'."""
        self.metric.reset()
        head = self.features.head
        classes = 0 if head is None else head.out_features
        counts = torch.zeros(
            classes + 2, dtype=torch.long, device=self.device
        )  # of each class, as asked for, asked for
        for pictures, labels in samples:
            features = self.network(pictures.to(self.device))
            self.metric.update(features, real=False)
            if head is None:
                continue
            found = head(features).argmax(1)
            counts[:classes] += found.bincount(minlength=classes)
            if labels is not None:
                counts[-2] += (found == labels.to(self.device)).sum()
                counts[-1] += len(labels)
        fid = float(self.metric.compute())
        if head is None:
            return Measurement(fid, None)
        if self.world_size > 1:
            torch.distributed.all_reduce(counts)
        *found_counts, agreeing, asked = counts.tolist()
        shares = [count / sum(found_counts) for count in found_counts]
        return Measurement(fid, shares, agreeing / asked if asked else None)
