"""What the networks share: the two players' outer form, normalization, label inputs and weight initialization."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from gan_lab.checks import check_number, check_whole
from gan_lab.errors import UserError
from gan_lab.networks.heads import HeadFactory, LogitHead

Activation = Callable[[], nn.Module]
"""Makes a new activation layer; called once per layer."""

ImageShape = Sequence[int]
"""(channels, height, width)."""


class LabelledLayer(nn.Module):
    """A layer that is called with the labels as well: `layer(inputs, labels)`."""


class Stack(nn.Sequential):
    """Layers in a row; those that are a `LabelledLayer` are given the labels beside their input."""

    def forward(self, inputs: Tensor, labels: Tensor | None = None) -> Tensor:
        """Pass `inputs` through all layers."""
        for layer in self:
            inputs = layer(inputs, labels) if isinstance(layer, LabelledLayer) else layer(inputs)
        return inputs


class ConditionalBatchNorm(LabelledLayer):
    """Batch normalization with a scale and a shift of its own for each class (Dumoulin et al. 2017, de Vries et al.
    2017).

    Takes `[N, size]` or `[N, size, H, W]` with labels `[N]`; all classes start with scale 1 and shift 0.
    """

    def __init__(self, normalize: nn.Module, size: int, classes: int) -> None:
        super().__init__()
        self.normalize = normalize  # without scale and shift of its own
        self.scale = nn.Parameter(torch.ones(classes, size))
        self.shift = nn.Parameter(torch.zeros(classes, size))

    def forward(self, inputs: Tensor, labels: Tensor) -> Tensor:
        """Normalize, then scale and shift as each image's class has learnt to."""
        shape = (*inputs.shape[:2], *[1] * (inputs.dim() - 2))
        scale, shift = self.scale[labels].view(shape), self.shift[labels].view(shape)
        return torch.addcmul(shift, scale, self.normalize(inputs))


def batch_norm(size: int, classes: int = 0, flat: bool = False, momentum: float = 0.1, eps: float = 1e-5) -> nn.Module:
    """Batch normalization of `size` channels, or of `size` plain values where `flat`; by class where there are any."""
    kind = nn.BatchNorm1d if flat else nn.BatchNorm2d
    normalize = kind(size, eps=eps, momentum=momentum, affine=not classes)
    return ConditionalBatchNorm(normalize, size, classes) if classes else normalize


FRESH = (nn.Linear, nn.Conv2d, nn.ConvTranspose2d, nn.BatchNorm1d, nn.BatchNorm2d)
"""Layers whose output serves no other layer, nor their own gradient."""


def write_over(layers: Sequence[nn.Module]) -> Sequence[nn.Module]:
    """Let a ReLU or leaky ReLU write over its input, where that is the output of a layer in `FRESH`.

    The values and all gradients stay the same to the last bit; an iteration on a CPU takes 2 to 4 % less time, for
    there is less memory to go through.
    """
    for before, layer in pairwise(layers):
        is_monotone = getattr(layer, "negative_slope", 0) >= 0  # else the input's sign cannot be told from the output
        if isinstance(before, FRESH) and isinstance(layer, nn.ReLU | nn.LeakyReLU) and is_monotone:
            layer.inplace = True
    return layers


class Generator(nn.Module):
    """Noise to images: the form that all generators have; `z` is `[N, noise_dimension]`.

    With `classes` the one-hot label is appended to the noise, so that `layers` take `noise_dimension + classes` values.
    """

    def __init__(self, layers: Sequence[nn.Module], classes: int = 0) -> None:
        super().__init__()
        self.layers = Stack(*write_over(layers))
        self.classes = classes

    def forward(self, z: Tensor, labels: Tensor | None = None) -> Tensor:
        """Noise `[N, noise_dimension]`, and labels `[N]` where the network takes them, to images `[N, C, H, W]`."""
        if self.classes:
            assert labels is not None
            z = torch.cat([z, F.one_hot(labels, self.classes)], 1)
        return self.layers(z, labels)


class Discriminator(nn.Module):
    """Images to logits: the form that all discriminators have.

    `features` maps images to `[N, num_features]`, and the head maps those to the logits, by default `[N]`.
    `label_input` joins images and labels to what `features` take.
    """

    def __init__(
        self,
        features: Sequence[nn.Module],
        num_features: int,
        head: HeadFactory | None = None,
        label_input: nn.Module | None = None,
    ) -> None:
        super().__init__()
        self.features = nn.Sequential(*write_over(features))
        self.head = (head or LogitHead)(num_features)
        self.label_input = label_input

    def forward(self, images: Tensor, labels: Tensor | None = None) -> Tensor:
        """Images `[N, C, H, W]`, and labels `[N]` where the network or its head takes them, to what the head gives."""
        if self.label_input is not None:
            images = self.label_input(images, labels)
        return self.head(self.features(images), labels)


class LabelPlanes(nn.Module):
    """Appends one plane per class to images `[N, C, H, W]`: ones for an image's own class, zeros for the others."""

    def __init__(self, classes: int) -> None:
        super().__init__()
        self.classes = classes

    def forward(self, images: Tensor, labels: Tensor) -> Tensor:
        """Images and labels `[N]` to `[N, C + classes, H, W]`."""
        planes = F.one_hot(labels, self.classes).to(images.dtype)
        planes = planes[:, :, None, None].expand(-1, -1, *images.shape[2:])
        return torch.cat([images, planes], 1)


class LabelVector(nn.Module):
    """Flattens images and appends the one-hot label."""

    def __init__(self, classes: int) -> None:
        super().__init__()
        self.classes = classes

    def forward(self, images: Tensor, labels: Tensor) -> Tensor:
        """Images `[N, C, H, W]` and labels `[N]` to `[N, C * H * W + classes]`."""
        return torch.cat([images.flatten(1), F.one_hot(labels, self.classes)], 1)


def check_sizes(network: str, image_shape: ImageShape, sizes: Sequence[int]) -> int:
    """The side of square images; raise a `UserError` where it is none of `sizes`, which the network is made for."""
    _, height, width = image_shape
    if height != width or height not in sizes:
        raise UserError(
            f"network={network} makes square images of {' or '.join(map(str, sizes))} pixels, not {height}x{width}; "
            f"choose data.image_size={sizes[0]}, data of that size, or network=mlp"
        )
    return height


def part_of_side(network: str, image_shape: ImageShape, part: int, least: int = 0) -> int:
    """The side of square images divided by `part`; raise a `UserError` where that is no whole number."""
    _, height, width = image_shape
    if height != width or height % part or height < least:
        wanted = f"a multiple of {part}" + (f" from {least} on" if least else "")
        raise UserError(
            f"network={network} makes square images whose side is {wanted}, not {height}x{width}; "
            "choose data.image_size accordingly, or network=mlp"
        )
    return height // part


def quarter(network: str, image_shape: ImageShape, least: int = 0) -> int:
    """A quarter of the side of square images; raise a `UserError` where that is no whole number."""
    return part_of_side(network, image_shape, 4, least)


def check_batchnorm_classes(network: str, batchnorm: bool, classes: int) -> None:
    """Raise a `UserError` where labels shall enter through batch norm, and the generator has none."""
    if classes and not batchnorm:
        raise UserError(
            f"this model gives G the label through batch norm, and network={network} has none in G here; "
            "choose batchnorm=generator or both with a network that uses it"
        )


def check_noise_dimension(noise_dimension: int) -> None:
    """Raise a `UserError` unless it is a whole number of at least 1."""
    check_whole("noise.dimension", noise_dimension, 1)


def initialize_normal(module: nn.Module, std: Any) -> None:
    """Draw all weights from N(0, std), batch norm's scales from N(1, std), and zero the biases (Radford et al. 2016).

    `std=None` keeps PyTorch's own initialization.
    """
    if std is None:
        return
    check_number("init_std", std, above=0)
    for layer in module.modules():
        weight = getattr(layer, "weight", None)
        if weight is None:
            continue
        is_norm = isinstance(layer, nn.BatchNorm1d | nn.BatchNorm2d)
        nn.init.normal_(weight, mean=1.0 if is_norm else 0.0, std=std)
        bias = getattr(layer, "bias", None)
        if bias is not None:
            nn.init.zeros_(bias)
