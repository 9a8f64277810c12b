from __future__ import annotations

import torch

from gan_lab.data.images import Images, resize, to_bytes, to_floats


def test_bytes_survive_the_round_trip() -> None:
    pictures = torch.arange(256, dtype=torch.uint8).view(1, 1, 16, 16)
    floats = to_floats(pictures)
    assert floats.min() == -1
    assert floats.max() == 1
    assert torch.equal(to_bytes(floats), pictures)


def test_values_outside_are_clipped() -> None:
    assert to_bytes(torch.tensor([-3.0, -1.0, 0.0, 1.0, 3.0])).tolist() == [0, 0, 128, 255, 255]


def test_resizing_keeps_constants_means_and_orientation() -> None:
    assert torch.equal(resize(torch.full((2, 3, 8, 8), 77, dtype=torch.uint8), 12), torch.full((2, 3, 12, 12), 77))
    left = torch.zeros(1, 1, 8, 8, dtype=torch.uint8)
    left[..., :4] = 200
    smaller = resize(left, 4).float()
    assert smaller[..., 0].mean() > 190
    assert smaller[..., 3].mean() < 10
    same = torch.zeros(1, 1, 8, 8, dtype=torch.uint8)
    assert resize(same, 8) is same


def test_fingerprint_sees_pixels_labels_and_shape() -> None:
    images = Images(torch.zeros(2, 1, 2, 2, dtype=torch.uint8), torch.zeros(2, dtype=torch.long))
    prints = {images.fingerprint()}
    pictures = images.pictures.clone()
    pictures[1, 0, 1, 1] = 1
    prints.add(Images(pictures, images.labels).fingerprint())
    prints.add(Images(images.pictures, torch.tensor([0, 1])).fingerprint())
    prints.add(Images(images.pictures.view(2, 1, 4, 1), images.labels).fingerprint())
    assert len(prints) == 4
