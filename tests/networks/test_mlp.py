from __future__ import annotations

import pytest
import torch
from torch import nn

from gan_lab.errors import UserError
from gan_lab.networks.mlp import MLPDiscriminator, MLPGenerator


@pytest.mark.parametrize("shape", [(1, 28, 28), (3, 32, 32), (1, 5, 7)])
@pytest.mark.parametrize("widths", [[], [16], [16, 8, 32]])
def test_shapes(shape: tuple[int, int, int], widths: list[int]) -> None:
    images = MLPGenerator(shape, 10, widths, nn.ReLU, True)(torch.randn(4, 10))
    assert images.shape == (4, *shape)
    assert images.abs().max() <= 1
    assert MLPDiscriminator(shape, widths, nn.ReLU, True)(images).shape == (4,)


def test_parameter_counts_of_the_notebook_network() -> None:
    """784-128-64-32-1 with dropout, and its mirror: 110,849 and 114,800 parameters in the seeds' MNIST notebook."""
    discriminator = MLPDiscriminator((1, 28, 28), [128, 64, 32], nn.LeakyReLU, False, dropout=0.3)
    generator = MLPGenerator((1, 28, 28), 100, [32, 64, 128], nn.LeakyReLU, False, dropout=0.3)
    assert sum(parameter.numel() for parameter in discriminator.parameters()) == 110_849
    assert sum(parameter.numel() for parameter in generator.parameters()) == 114_800
    assert sum(isinstance(layer, nn.Dropout) for layer in discriminator.modules()) == 3


def test_batch_norm_spares_the_first_layer_of_d() -> None:
    discriminator = MLPDiscriminator((1, 8, 8), [16, 8, 4], nn.ReLU, True)
    assert [layer.num_features for layer in discriminator.modules() if isinstance(layer, nn.BatchNorm1d)] == [8, 4]
    generator = MLPGenerator((1, 8, 8), 10, [16, 8, 4], nn.ReLU, True)
    assert [layer.num_features for layer in generator.modules() if isinstance(layer, nn.BatchNorm1d)] == [16, 8, 4]


def test_bad_values_are_refused() -> None:
    with pytest.raises(UserError, match=r"dropout=1"):
        MLPGenerator((1, 8, 8), 10, [16], nn.ReLU, False, dropout=1.0)
    with pytest.raises(UserError, match=r"widths=0"):
        MLPDiscriminator((1, 8, 8), [0], nn.ReLU, False)
