"""Penalties on the slope of a critic: scalars made with a graph, so that they can be minimized.

`critic` maps images `[N, ...]` to one score for each, `[N]`. Each score must depend on its own image alone: batch
normalization in the critic would mix the images. All is computed in float32 outside autocast, since the squares of
small slopes underflow in half precision and those of large ones overflow; and a compiled critic runs uncompiled, since
`torch.compile` cannot differentiate twice.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from gan_lab.compiling import uncompiled

Critic = Callable[[Tensor], Tensor]


def squared_slopes(critic: Critic, images: Tensor) -> Tensor:
    """|grad_x critic(x)|^2 for each image x: float32 `[N]`."""
    with torch.autocast(images.device.type, enabled=False), uncompiled():
        points = images.detach().float().requires_grad_(True)
        (slopes,) = torch.autograd.grad(critic(points).sum(), points, create_graph=True)
        return slopes.square().flatten(1).sum(1)


def squared_slope(critic: Critic, images: Tensor) -> Tensor:
    """E[|grad_x critic(x)|^2]: R1 on real images, R2 on fakes, without the factor gamma / 2.

    Mescheder et al. 2018, "Which Training Methods for GANs do actually Converge?", equation 9.
    """
    return squared_slopes(critic, images).mean()


def unit_slope(critic: Critic, images: Tensor) -> Tensor:
    """E[(|grad_x critic(x)| - 1)^2]: 0 for a critic whose slope is 1 at every image.

    Gulrajani et al. 2017, "Improved Training of Wasserstein GANs", equation 3. The tiny addition keeps the root's own
    slope finite where the critic is flat.
    """
    return ((squared_slopes(critic, images) + 1e-12).sqrt() - 1).square().mean()


def between(real: Tensor, fake: Tensor) -> Tensor:
    """One random point on the line from each real image to a fake: `[N, ...]` (Gulrajani et al. 2017, algorithm 1)."""
    real, fake = real.float(), fake.float()
    part = torch.rand(len(real), *[1] * (real.dim() - 1), device=real.device)
    return torch.lerp(real, fake, part)


def around(real: Tensor) -> Tensor:
    """Each image with uniform noise on (0, s / 2) on its pixels, s being the standard deviation of the whole batch's.

    Kodali et al. 2017, "On Convergence and Stability of GANs" (DRAGAN). The noise is that of the authors' code, which
    then takes a random point on the way to the noisy image.
    """
    real = real.float()
    return real + 0.5 * real.std() * torch.rand_like(real)
