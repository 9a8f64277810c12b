"""What is done to images, real and generated alike, before D sees them; gradients pass through all of it.

Every function takes and gives `[N, C, H, W]`, and draws from PyTorch's global generator, which each iteration seeds
anew.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor
from torch.nn import functional as F


def add_noise(images: Tensor, std: float) -> Tensor:
    """Gaussian noise of deviation `std` on every pixel: instance noise (Sonderby et al. 2017, section 3.1)."""
    return images + std * torch.randn_like(images)


def translate(images: Tensor) -> Tensor:
    """Each image moved by up to 1/8 of its sides at random; its border pixels are repeated into the gap.

    DiffAugment's translation (Zhao et al. 2020), which fills the gap with 0: grey, where black is -1.
    """
    num, _, height, width = images.shape
    reach = max(1, round(height / 8)), max(1, round(width / 8))
    padded = F.pad(images, [reach[1], reach[1], reach[0], reach[0]], mode="replicate").permute(0, 2, 3, 1)
    rows = torch.randint(0, 2 * reach[0] + 1, (num, 1), device=images.device) + torch.arange(
        height, device=images.device
    )
    columns = torch.randint(0, 2 * reach[1] + 1, (num, 1), device=images.device) + torch.arange(
        width, device=images.device
    )
    which = torch.arange(num, device=images.device)[:, None, None]
    return padded[which, rows[:, :, None], columns[:, None, :]].permute(0, 3, 1, 2)


def cutout(images: Tensor) -> Tensor:
    """A square of half of each side, at a random place of each image, set to 0 (Zhao et al. 2020; DeVries 2017)."""
    num, _, height, width = images.shape
    top = torch.randint(-height // 4, height - height // 4 + 1, (num, 1), device=images.device)
    left = torch.randint(-width // 4, width - width // 4 + 1, (num, 1), device=images.device)
    rows, columns = torch.arange(height, device=images.device), torch.arange(width, device=images.device)
    in_rows = (rows >= top) & (rows < top + height // 2)
    in_columns = (columns >= left) & (columns < left + width // 2)
    return images.masked_fill((in_rows[:, :, None] & in_columns[:, None, :])[:, None], 0.0)


AUGMENTATIONS: dict[str, Callable[[Tensor], Tensor]] = {"translation": translate, "cutout": cutout}
"""DiffAugment's operations that keep a digit the same digit; its colour changes mean nothing on grey images."""
