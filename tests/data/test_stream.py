from __future__ import annotations

from itertools import islice
from types import SimpleNamespace

import torch

from gan_lab.building import build
from gan_lab.data.images import Batch, Images
from gan_lab.data.stream import BatchStream
from gan_lab.overrides import compose

IMAGES = Images(torch.arange(10, dtype=torch.uint8).view(10, 1, 1, 1), torch.arange(10))


def labels(batches: list[Batch]) -> list[list[int]]:
    return [batch.labels.tolist() for batch in batches]


def test_every_pass_shows_each_image_at_most_once_in_a_new_order() -> None:
    batches = labels(list(islice(BatchStream(IMAGES, 3, seed=0), 6)))
    first, second = batches[:3], batches[3:]
    for one_pass in (first, second):
        seen = [label for batch in one_pass for label in batch]
        assert len(seen) == len(set(seen)) == 9
    assert first != second


def test_start_continues_the_same_stream() -> None:
    whole = labels(list(islice(BatchStream(IMAGES, 3, seed=0), 9)))
    for start in (0, 2, 3, 5):
        assert labels(list(islice(BatchStream(IMAGES, 3, seed=0, start=start), 9 - start))) == whole[start:]


def test_seeds_differ() -> None:
    first, second = (labels(list(islice(BatchStream(IMAGES, 3, seed=seed), 3))) for seed in (0, 1))
    assert first != second


def test_processes_share_out_the_batch() -> None:
    whole = labels(list(islice(BatchStream(IMAGES, 4, seed=0), 4)))
    parts = [labels(list(islice(BatchStream(IMAGES, 4, 0, rank=rank, world_size=2), 4))) for rank in (0, 1)]
    assert [left + right for left, right in zip(*parts, strict=True)] == whole


def test_the_data_module_gives_each_rank_its_own_part_from_where_the_trainer_stands() -> None:
    data = build("data", compose(["data=digits", "data.batch_size=8"])["data"])
    streams = []
    for rank in (0, 1):
        strategy = SimpleNamespace(root_device=torch.device("cpu"))
        data.trainer = SimpleNamespace(strategy=strategy, global_step=5, global_rank=rank, world_size=2)
        streams.append(data.train_dataloader())
    whole = BatchStream(data.splits.train, 8, seed=0, start=5)
    left, right, both = (next(iter(stream)) for stream in (*streams, whole))
    assert left.labels.shape == right.labels.shape == (4,)
    assert torch.equal(torch.cat([left.real, right.real]), both.real)


def test_images_and_labels_stay_together_and_are_scaled() -> None:
    for batch in islice(BatchStream(IMAGES, 5, seed=0), 4):
        torch.testing.assert_close(batch.real.flatten(), batch.labels / 127.5 - 1)


def test_without_shuffling_every_pass_has_the_files_order() -> None:
    stream = iter(BatchStream(IMAGES, 4, seed=0, shuffle=False))
    assert labels([next(stream) for _ in range(4)]) == [[0, 1, 2, 3], [4, 5, 6, 7]] * 2


def test_black_is_minus_one_or_zero() -> None:
    bright = Images(torch.tensor([0, 255], dtype=torch.uint8).reshape(2, 1, 1, 1), torch.arange(2))
    for black in (-1.0, 0.0):
        (batch,) = islice(iter(BatchStream(bright, 2, seed=0, shuffle=False, black=black)), 1)
        assert batch.real.flatten().tolist() == [black, 1.0]
