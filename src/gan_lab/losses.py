"""Adversarial losses as pure functions of the discriminator's logits (any shape, any real value).

Each returns a float32 scalar, the mean over all logits, and works on logits rather than probabilities: the sigmoid is
folded into the logarithm, so that no value overflows and no gradient is lost in half precision.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor
from torch.nn import functional as F


def binary_cross_entropy(logits: Tensor, target: float) -> Tensor:
    """-target * log(sigmoid(logits)) - (1 - target) * log(1 - sigmoid(logits)), averaged; `target` in [0, 1].

    As D's loss on real images (target 1) and on fakes (target 0) this is the original GAN's (Goodfellow et al. 2014);
    target 0.9 on real images is one-sided label smoothing (Salimans et al. 2016).
    """
    logits = logits.float()
    return F.binary_cross_entropy_with_logits(logits, torch.full_like(logits, target))


def non_saturating(fake_logits: Tensor) -> Tensor:
    """-log D(G(z)), G's loss in practice (Goodfellow et al. 2014, section 3): strong gradients while D wins."""
    return F.softplus(-fake_logits.float()).mean()


def saturating(fake_logits: Tensor) -> Tensor:
    """log(1 - D(G(z))), the minimax game's loss of G (Goodfellow et al. 2014, equation 1): the negative of D's.

    Its gradient vanishes where D rejects the fakes with confidence.
    """
    return -F.softplus(fake_logits.float()).mean()


def r1_penalty(critic: Callable[[Tensor], Tensor], real: Tensor) -> Tensor:
    """E[|grad_x critic(x)|^2] over real images x `[N, ...]`: the squared slope of each image's own logit, averaged.

    Mescheder et al. 2018, "Which Training Methods for GANs do actually Converge?", equation 9, without its factor
    gamma / 2. Computed in float32 outside autocast, with a graph, so that it can be minimized. Each logit must depend
    on its own image alone: batch normalization in the critic would mix the images.
    """
    with torch.autocast(real.device.type, enabled=False):
        images = real.detach().float().requires_grad_(True)
        (slopes,) = torch.autograd.grad(critic(images).sum(), images, create_graph=True)
        return slopes.square().flatten(1).sum(1).mean()
