"""The data set of a run."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytorch_lightning as pl
import torch

from gan_lab.checks import check_flag, check_whole
from gan_lab.data.images import Batch, Splits
from gan_lab.data.stream import BatchStream
from gan_lab.errors import UserError
from gan_lab.metrics.features import Features
from gan_lab.paths import cache_folder


class ImageDataModule(pl.LightningDataModule):
    """Reads a data set once, keeps its images in memory as bytes, and deals them out in batches.

    `read` takes the data root and returns the splits; `channels`, `image_size` and `classes` are what the networks
    are built for. Images of another size are resized once, when they are read. `batch_size` counts the images of all
    devices together. `epochs` is the budget that suits the data set; the top-level key of that name falls back to it.
    Without `shuffle` every pass has the order of the files. `black` is the value of a black pixel in a batch, -1 or 0.
    `features` makes the feature space of `fid/classifier` for a data set that has no classifier of its own.
    """

    name: str

    def __init__(
        self,
        read: Callable[[Path], Splits],
        name: str,
        channels: int,
        image_size: int,
        classes: int,
        batch_size: int,
        root: str | None = None,
        seed: int = 0,
        epochs: float = 1,
        shuffle: bool = True,
        black: float = -1.0,
        features: Callable[[ImageDataModule], Features] | None = None,
    ) -> None:
        super().__init__()
        check_flag("data.shuffle", shuffle)
        if black not in (-1, 0):
            raise UserError(f"data.black={black} must be -1 or 0")
        for key, value in (("channels", channels), ("image_size", image_size), ("batch_size", batch_size)):
            check_whole(f"data.{key}", value, 1)
        self.read = read
        self.name = name
        self.image_shape = (channels, image_size, image_size)
        self.classes = classes
        self.batch_size = batch_size
        self.root = cache_folder() / "data" if root is None else Path(root).expanduser()
        self.seed = seed
        self.shuffle = shuffle
        self.black = black
        self.features = features
        self._splits: Splits | None = None

    @property
    def splits(self) -> Splits:
        """Training and test images in the size asked for, read on first use."""
        if self._splits is None:
            channels, size, _ = self.image_shape
            native = self.read(self.root)
            if native.train.pictures.shape[1] != channels:
                raise UserError(f"data={self.name} has {native.train.pictures.shape[1]} channels, not {channels}")
            try:
                self._splits = Splits(native.train.resized(size), native.test.resized(size))
            except RuntimeError as error:  # of PyTorch, which finds no memory for them
                raise UserError(f"data.image_size={size}: there is no memory for such images; choose less") from error
        return self._splits

    @property
    def batches_per_epoch(self) -> int:
        """Whole batches in one pass over the training images."""
        return len(self.splits.train) // self.batch_size

    def check(self, world_size: int) -> None:
        """Raise a `UserError` unless the batch fits the data and can be shared out to `world_size` processes."""
        if self.batch_size > len(self.splits.train):
            raise UserError(
                f"data.batch_size={self.batch_size} is larger than data={self.name}, "
                f"which has {len(self.splits.train)} training images; choose a smaller one"
            )
        if self.batch_size % world_size:
            raise UserError(
                f"data.batch_size={self.batch_size} counts all devices together and cannot be shared out evenly "
                f"to {world_size} processes; choose a multiple of {world_size}"
            )

    def train_dataloader(self) -> BatchStream:
        """The stream of training batches from the iteration that the trainer stands at, on the trainer's device."""
        trainer = self.trainer
        assert trainer is not None
        images = self.splits.train.to(trainer.strategy.root_device)
        return BatchStream(
            images,
            self.batch_size,
            self.seed,
            start=trainer.global_step,
            rank=trainer.global_rank,
            world_size=trainer.world_size,
            shuffle=self.shuffle,
            black=self.black,
        )

    def transfer_batch_to_device(self, batch: Batch, device: torch.device, dataloader_idx: int) -> Batch:
        """The batch as it is: the stream's images lie on the device already, and Lightning's search costs time."""
        return batch
