"""Adversarial losses as pure functions of the discriminator's logits (any shape, any real value).

Each returns a float32 scalar, the mean over all logits, and works on logits rather than probabilities: the sigmoid is
folded into the logarithm, so that no value overflows and no gradient is lost in half precision.
"""

from __future__ import annotations

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


def least_squares(scores: Tensor, target: float) -> Tensor:
    """(scores - target)^2 / 2, averaged (Mao et al. 2017, equation 2)."""
    return (scores.float() - target).square().mean() / 2


def hinge_real(scores: Tensor) -> Tensor:
    """max(0, 1 - scores), averaged: D's hinge loss on real images (Lim and Ye 2017; Miyato et al. 2018, eq. 16)."""
    return F.relu(1 - scores.float()).mean()


def hinge_fake(scores: Tensor) -> Tensor:
    """max(0, 1 + scores), averaged: D's hinge loss on fakes (Miyato et al. 2018, eq. 16)."""
    return F.relu(1 + scores.float()).mean()


def mean_score(scores: Tensor) -> Tensor:
    """The mean: what a Wasserstein critic's losses are made of (Arjovsky et al. 2017, equation 2)."""
    return scores.float().mean()


def relativistic_pairing(winners: Tensor, losers: Tensor) -> Tensor:
    """-log sigmoid(winners - losers) over pairs of one from each, averaged (Jolicoeur-Martineau 2019).

    D's loss has the real images as winners, G's the fakes; both players' losses are log 2 where D sees no difference.
    """
    return F.softplus(losers.float() - winners.float()).mean()
