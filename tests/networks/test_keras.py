from __future__ import annotations

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from gan_lab.networks.keras import (
    initialize_glorot,
    keras_batch_norm,
    same_convolution,
    same_padding,
    same_transposed_convolution,
)


@pytest.mark.parametrize(
    ("size", "kernel", "stride", "expected"),
    [(28, 5, 1, (2, 2)), (28, 5, 2, (1, 2)), (7, 5, 2, (2, 2)), (14, 3, 2, (0, 1)), (8, 2, 4, (0, 0))],
)
def test_same_padding_by_hand(size: int, kernel: int, stride: int, expected: tuple[int, int]) -> None:
    """Keras: ceil(size / stride) outputs, and of an odd number of zeros one more at the end."""
    assert same_padding(size, kernel, stride) == expected


@pytest.mark.parametrize("size", [7, 8, 14, 28])
@pytest.mark.parametrize("stride", [1, 2])
def test_the_sides(size: int, stride: int) -> None:
    maps = torch.randn(2, 3, size, size)
    assert nn.Sequential(*same_convolution(3, 4, size, 5, stride))(maps).shape == (2, 4, *[-(-size // stride)] * 2)
    grown = nn.Sequential(*same_transposed_convolution(3, 4, size, 5, stride))(maps)
    assert grown.shape == (2, 4, size * stride, size * stride)


@pytest.mark.parametrize("stride", [1, 2])
def test_a_transposed_convolution_is_the_gradient_of_the_convolution(stride: int) -> None:
    convolution = nn.Sequential(*same_convolution(1, 1, 14, 5, stride))
    transposed = nn.Sequential(*same_transposed_convolution(1, 1, 14 // stride, 5, stride))
    weight = next(layer for layer in convolution if isinstance(layer, nn.Conv2d)).weight
    turned = next(layer for layer in transposed if isinstance(layer, nn.ConvTranspose2d))
    with torch.no_grad():
        turned.weight.copy_(weight)
        assert turned.bias is not None
        turned.bias.zero_()
    inputs = torch.randn(1, 1, 14, 14, requires_grad=True)
    outputs = convolution(inputs)
    upstream = torch.randn_like(outputs)
    (expected,) = torch.autograd.grad(outputs, inputs, upstream)
    torch.testing.assert_close(transposed(upstream), expected)


def test_an_even_place_of_the_kernel() -> None:
    """With stride 2 on 28 pixels the first window starts one pixel outside, as Keras has it, and not two."""
    layers = nn.Sequential(*same_convolution(1, 1, 28, 5, 2))
    convolution = next(layer for layer in layers if isinstance(layer, nn.Conv2d))
    image = torch.randn(1, 1, 28, 28)
    by_hand = F.conv2d(F.pad(image, (1, 2, 1, 2)), convolution.weight, convolution.bias, stride=2)
    torch.testing.assert_close(layers(image), by_hand)


def test_constants_of_batch_norm() -> None:
    layer = keras_batch_norm(4)
    assert isinstance(layer, nn.BatchNorm2d)
    assert (layer.eps, layer.momentum) == (1e-3, pytest.approx(0.01))


def test_glorot_has_its_bounds_and_no_bias() -> None:
    layer = nn.Conv2d(8, 16, 5)
    initialize_glorot(layer)
    bound = (6 / (25 * (8 + 16))) ** 0.5
    assert 0.95 * bound < layer.weight.abs().max() <= bound
    assert layer.bias is not None
    assert not layer.bias.any()
