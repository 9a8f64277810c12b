"""Normalization of a whole network from outside."""

from __future__ import annotations

from torch import nn
from torch.nn.modules.batchnorm import _BatchNorm
from torch.nn.utils.parametrizations import spectral_norm

from gan_lab.errors import UserError

WEIGHTED = (nn.Linear, nn.Conv2d, nn.ConvTranspose2d, nn.Embedding)


def normalize_spectrally(network: nn.Module) -> None:
    """Divide every weight by its largest singular value, found by one power iteration per forward in training.

    Miyato et al. 2018, "Spectral Normalization for Generative Adversarial Networks", algorithm 1. A fully connected
    network without batch norm then is 1-Lipschitz where its activations are; convolutions and residual blocks are so up
    to a factor, since the norm is that of the flattened kernel.

    Raises:
        UserError: for a network with weights that start at zero, which have no singular value to be divided by.
    """
    layers = [layer for layer in network.modules() if isinstance(layer, WEIGHTED)]
    if not all(layer.weight.any() for layer in layers):
        raise UserError(
            "model.spectral_norm=true divides D's weights by their largest singular value, and some of this network's "
            "start at zero; choose another network, or model.spectral_norm=false"
        )
    for layer in layers:
        spectral_norm(layer)


def has_batch_norm(network: nn.Module) -> bool:
    """Whether one of its layers mixes the images of a batch."""
    return any(isinstance(layer, _BatchNorm) for layer in network.modules())
