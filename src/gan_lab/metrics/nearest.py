"""Whether samples are copies of training images: what is nearest to them, and how near."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch import Tensor

from gan_lab.checks import check_whole
from gan_lab.grids import image_grid
from gan_lab.metrics.measure import NEITHER, Measure, Reference, Samples, Score
from gan_lab.seeding import seeded_generator

FLOOR_IMAGES = 2000
LOW = 0.05  # the quantile of `nearest/ratio_low`
CHUNK = 2000  # images whose distances to as many others are in memory at once


class Nearest(Measure):
    """Are samples nearer to the images that the model was trained on than to others of the same kind?

    For every sample x, r(x) = min over n training images |x - t| / min over n test images |x - s|, by the Euclidean
    distance of the pixels' grey levels; distances below 1 count as 1. `nearest/ratio` is the median of r. Where the
    model has not memorized it is near 1, whatever the quality of the samples is, and it is well below 1 where they
    are copies of these n training images. A model that copies all of more training images shows it in n of so many
    samples only; so `nearest/ratio_low`, the 5 % quantile of r, stands beside it, and the details state the share of
    samples that are nearer to the training images, about one half without memorization. Compare them with their
    floors, those of up to 2,000 further training images in the samples' place: what a generator gets that has learned
    the distribution of the training images and none of them by heart. There are none where no further images are.

    The thought is that of the three-sample test of Meehan et al. 2020, "A Non-Parametric Test to Detect Data-Copying in
    Generative Models". Distances in pixels do not see a copy that is moved by a pixel (Theis et al. 2016, "A note on
    the evaluation of generative models"): the picture shows samples, each before its nearest of all training images.
    """

    def __init__(self, num_images: int, shown: int, neighbours: int, in_training: bool = False) -> None:
        super().__init__(in_training)
        check_whole("metrics.measure.nearest.num_images", num_images, 2)
        check_whole("metrics.measure.nearest.shown", shown, 0)
        check_whole("metrics.measure.nearest.neighbours", neighbours, 1)
        self.num_images = num_images
        self.shown = shown
        self.neighbours = neighbours

    def prepare(self, reference: Reference) -> None:
        """Choose as many training as test images, and those that the floor is measured of."""
        super().prepare(reference)
        train, test = reference.data.splits.train.pictures, reference.data.splits.test
        num = min(self.num_images, len(train), len(test))
        order = torch.randperm(len(train), generator=seeded_generator("cpu", 0, "nearest"))
        self.train = train[order[:num]].to(reference.device)
        self.unseen = train[order[num : num + FLOOR_IMAGES]].to(reference.device)
        self.test = reference.chosen(test, num).pictures.to(reference.device)
        self.floor: Tensor | None = None

    def measure(self, samples: Samples) -> dict[str, Score]:
        """`nearest/ratio` with the picture, and `nearest/ratio_low`."""
        if self.floor is None and len(self.unseen):
            self.floor = ratios(self.unseen, self.train, self.test)
        found = ratios(samples.pictures, self.train, self.test)
        details = {
            "images": len(self.train),
            "training_images": len(self.reference.data.splits.train),
            "samples": len(found),
            "nearer_to_training": share_below_one(found),
        }
        if self.floor is not None:
            details |= {"floor_images": len(self.floor), "floor_nearer_to_training": share_below_one(self.floor)}
        floor = [None if self.floor is None else quantile(self.floor, at) for at in (0.5, LOW)]
        picture = self._picture(samples.pictures)
        return {
            "nearest/ratio": Score(quantile(found, 0.5), NEITHER, floor[0], details, picture),
            "nearest/ratio_low": Score(quantile(found, LOW), NEITHER, floor[1], details),
        }

    def _picture(self, pictures: Tensor) -> Tensor | None:
        """In each row a sample, and behind it the training images that are nearest to it, the nearest first."""
        shown = pictures[: self.shown]
        if not len(shown):
            return None
        train = self.reference.data.splits.train.pictures
        chunks = [chunk.to(shown.device) for chunk in train.split(CHUNK)]
        squares = torch.cat([squared_distances(flat(shown), flat(chunk)) for chunk in chunks], 1)
        where = squares.topk(min(self.neighbours, len(train)), largest=False).indices
        rows = torch.cat([shown.cpu()[:, None], train[where.cpu()]], 1)
        return image_grid(rows.flatten(0, 1), rows.shape[1])

    def protocol(self) -> dict[str, Any]:
        """The space and the number of images."""
        return {"distance": "Euclidean, in grey levels", "images": len(self.train)}


def flat(pictures: Tensor) -> Tensor:
    """uint8 `[N, C, H, W]` to float32 `[N, C * H * W]`."""
    return pictures.flatten(1).float()


def squared_distances(left: Tensor, right: Tensor) -> Tensor:
    """|a - b|^2 of float32 `[N, D]` and `[M, D]`: `[N, M]`, rounded, so that a copy has not quite 0."""
    lengths = left.square().sum(1)[:, None] + right.square().sum(1)
    return torch.addmm(lengths, left, right.T, alpha=-2)


def nearest_distances(pictures: Tensor, others: Tensor) -> Tensor:
    """The distance of each of uint8 `[N, C, H, W]` to the nearest of the others, in grey levels, exact: `[N]`."""
    found = []
    for rows in pictures.split(CHUNK):
        points = flat(rows)
        best = torch.full((len(rows),), torch.inf, device=rows.device)
        where = torch.zeros(len(rows), dtype=torch.long, device=rows.device)
        for start in range(0, len(others), CHUNK):
            square, place = squared_distances(points, flat(others[start : start + CHUNK])).min(1)
            where = torch.where(square < best, place + start, where)
            best = torch.minimum(square, best)
        found.append((points - flat(others[where])).norm(dim=1))
    return torch.cat(found)


def ratios(pictures: Tensor, train: Tensor, test: Tensor) -> Tensor:
    """r(x) of each picture, `[N]`, float64 on the CPU."""
    to_train, to_test = (nearest_distances(pictures, others).clamp(min=1).double().cpu() for others in (train, test))
    return to_train / to_test


def quantile(r: Tensor, at: float) -> float:
    """The `at`-quantile of the ratios, between two of them where need be."""
    return float(np.quantile(r.numpy(), at))


def share_below_one(r: Tensor) -> float:
    """The share of the ratios that are below 1; those that are 1 count by half."""
    return float(((r < 1).double() + (r <= 1).double()).mean() / 2)
