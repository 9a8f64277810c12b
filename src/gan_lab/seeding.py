"""Randomness as a pure function of what it is for, so that ranks differ and a resumed run repeats."""

from __future__ import annotations

import hashlib

import torch


def derive_seed(*parts: int | str) -> int:
    """A 63-bit seed from numbers and names, such as `(seed, "noise", iteration, rank)`; well mixed in every bit.

    PyTorch's CPU generator takes only 32 bits of a seed, so sums and products of the parts would collide.
    """
    digest = hashlib.blake2b(repr(parts).encode(), digest_size=8).digest()
    return int.from_bytes(digest, "big") >> 1


def seeded_generator(device: torch.device | str, *parts: int | str) -> torch.Generator:
    """A random generator on `device`, seeded by `derive_seed(*parts)`."""
    return torch.Generator(device).manual_seed(derive_seed(*parts))


def seed_layers(device: torch.device, *parts: int | str) -> None:
    """Seed the random numbers that layers such as dropout draw on `device` and on the CPU.

    `torch.manual_seed` would seed every kind of device there is, and where CUDA is built in but not in use it keeps a
    printed traceback of each call: half a millisecond in every iteration.
    """
    seed = derive_seed(*parts)
    torch.default_generator.manual_seed(seed)
    if device.type == "cuda":
        with torch.cuda.device(device):
            torch.cuda.manual_seed(seed)
