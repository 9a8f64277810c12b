"""The endless stream of training batches."""

from __future__ import annotations

from collections.abc import Iterator

import torch

from gan_lab.data.images import Batch, Images, to_floats
from gan_lab.seeding import seeded_generator


class BatchStream:
    """Batches of shuffled images without end; the batch of an iteration is a pure function of `seed` and its number.

    Each pass over the images is shuffled anew, unless `shuffle` is off; the last incomplete batch of a pass is left
    out. `batch_size` counts the images of all `world_size` processes together, and each gets its own part of every
    batch. Iterating starts at the batch of iteration `start`, so a resumed run sees just what it would have seen.
    """

    def __init__(
        self,
        images: Images,
        batch_size: int,
        seed: int,
        start: int = 0,
        rank: int = 0,
        world_size: int = 1,
        shuffle: bool = True,
        black: float = -1.0,
    ) -> None:
        self.images = images
        self.batch_size = batch_size
        self.seed = seed
        self.start = start
        self.shuffle = shuffle
        self.black = black
        self.share = batch_size // world_size
        self.offset = rank * self.share
        self.batches_per_pass = len(images) // batch_size

    def __iter__(self) -> Iterator[Batch]:
        number, position = divmod(self.start, self.batches_per_pass)
        while True:
            order = self._order(number)
            for index in range(position, self.batches_per_pass):
                first = index * self.batch_size + self.offset
                chosen = order[first : first + self.share]
                yield Batch(to_floats(self.images.pictures[chosen], self.black), self.images.labels[chosen])
            number, position = number + 1, 0

    def _order(self, number: int) -> torch.Tensor:
        """The order of pass `number`, drawn on the CPU, so that it is the same on every device."""
        if not self.shuffle:
            return torch.arange(len(self.images), device=self.images.labels.device)
        generator = seeded_generator("cpu", self.seed, "order", number)
        return torch.randperm(len(self.images), generator=generator).to(self.images.labels.device)
