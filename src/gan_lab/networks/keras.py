"""Keras' conventions where they differ from PyTorch's: padding, batch norm's constants, initialization."""

from __future__ import annotations

from torch import nn

from gan_lab.networks.layers import batch_norm

MOMENTUM = 0.01  # Keras' 0.99 of the running average, as PyTorch's weight of the new batch
EPSILON = 1e-3


def same_padding(size: int, kernel: int, stride: int) -> tuple[int, int]:
    """Zeros before and after a side, for a convolution that gives ceil(size / stride): Keras' "same", more after."""
    total = max(0, (-(-size // stride) - 1) * stride + kernel - size)
    return total // 2, total - total // 2


def same_convolution(inputs: int, outputs: int, size: int, kernel: int = 5, stride: int = 1) -> list[nn.Module]:
    """A convolution of square maps of `size` pixels with Keras' "same" padding."""
    before, after = same_padding(size, kernel, stride)
    if before == after:
        return [nn.Conv2d(inputs, outputs, kernel, stride, before)]
    return [nn.ZeroPad2d((before, after, before, after)), nn.Conv2d(inputs, outputs, kernel, stride)]


def same_transposed_convolution(inputs: int, outputs: int, size: int, kernel: int, stride: int) -> list[nn.Module]:
    """A transposed convolution from `size` to `size * stride` pixels: the gradient of Keras' "same" convolution."""
    before, after = same_padding(size * stride, kernel, stride)
    layers: list[nn.Module] = [nn.ConvTranspose2d(inputs, outputs, kernel, stride, before)]
    if before != after:
        layers.append(
            nn.ZeroPad2d((0, before - after, 0, before - after))
        )  # negative: cuts what is too much at the end
    return layers


def keras_batch_norm(size: int, classes: int = 0, flat: bool = False) -> nn.Module:
    """Batch norm with Keras' momentum and epsilon."""
    return batch_norm(size, classes, flat, momentum=MOMENTUM, eps=EPSILON)


def initialize_glorot(module: nn.Module) -> None:
    """Weights uniform on +-sqrt(6 / (inputs + outputs)) (Glorot and Bengio 2010), biases zero."""
    for layer in module.modules():
        if isinstance(layer, nn.Linear | nn.Conv2d | nn.ConvTranspose2d):
            nn.init.xavier_uniform_(layer.weight)
            if layer.bias is not None:
                nn.init.zeros_(layer.bias)
