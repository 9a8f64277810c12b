from __future__ import annotations

import pytest
import torch
from torch import nn

from gan_lab.errors import UserError
from gan_lab.networks.dcgan import DCGANDiscriminator, DCGANGenerator, stage_sizes


def parameters(network: nn.Module) -> int:
    return sum(parameter.numel() for parameter in network.parameters())


@pytest.mark.parametrize("expected", [[8, 4, 2], [16, 8, 4], [28, 14, 7, 4], [32, 16, 8, 4], [64, 32, 16, 8, 4]])
def test_stages(expected: list[int]) -> None:
    assert stage_sizes((1, expected[0], expected[0])) == expected


@pytest.mark.parametrize("size", [0, 4, 7, 14, 20, 27, 30, 31, 33, 48, 56])
def test_impossible_sizes_are_refused(size: int) -> None:
    with pytest.raises(UserError, match=f"data.image_size={size}"):
        stage_sizes((1, size, size))


@pytest.mark.parametrize("size", [8, 16, 28, 32, 64])
@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("batchnorm", [True, False])
def test_shapes(size: int, channels: int, batchnorm: bool) -> None:
    shape = (channels, size, size)
    generator = DCGANGenerator(shape, 10, 4, nn.ReLU, batchnorm)
    discriminator = DCGANDiscriminator(shape, 4, nn.LeakyReLU, batchnorm)
    images = generator(torch.randn(3, 10))
    assert images.shape == (3, *shape)
    assert images.abs().max() <= 1
    assert discriminator(images).shape == (3,)


def test_parameter_counts_of_the_svhn_network() -> None:
    """Counted by hand: width 32 at 32x32x3, batch norm after all but G's last and D's first convolution."""
    generator = DCGANGenerator((3, 32, 32), 100, 32, nn.ReLU, True)
    assert (
        parameters(generator) == 100 * 2048 + 2 * 128 + 128 * 64 * 16 + 2 * 64 + 64 * 32 * 16 + 2 * 32 + 32 * 3 * 16 + 3
    )
    discriminator = DCGANDiscriminator((3, 32, 32), 32, nn.LeakyReLU, True)
    convolutions = 3 * 32 * 16 + 32 + 32 * 64 * 16 + 2 * 64 + 64 * 128 * 16 + 2 * 128
    assert parameters(discriminator) == convolutions + 2048 + 1


def test_batch_norm_stands_neither_at_the_output_of_g_nor_at_the_input_of_d() -> None:
    generator = list(DCGANGenerator((1, 28, 28), 10, 4, nn.ReLU, True).layers)
    discriminator = list(DCGANDiscriminator((1, 28, 28), 4, nn.LeakyReLU, True).features)
    assert sum(isinstance(layer, nn.BatchNorm2d) for layer in generator) == 3
    assert not any(isinstance(layer, nn.BatchNorm2d) for layer in generator[-2:])
    assert not any(isinstance(layer, nn.BatchNorm2d) for layer in discriminator[:2])
    assert sum(isinstance(layer, nn.BatchNorm2d) for layer in discriminator) == 2


def test_initialization() -> None:
    generator = DCGANGenerator((3, 32, 32), 100, 32, nn.ReLU, True, init_std=0.02)
    for layer in generator.modules():
        if isinstance(layer, nn.ConvTranspose2d | nn.Linear):
            assert layer.weight.std().item() == pytest.approx(0.02, rel=0.1)
            assert layer.bias is None or not layer.bias.any()
        if isinstance(layer, nn.BatchNorm2d):
            assert layer.weight.mean().item() == pytest.approx(1.0, abs=0.02)
            assert not layer.bias.any()
    default = DCGANGenerator((3, 32, 32), 100, 32, nn.ReLU, True).layers[0]
    assert isinstance(default, nn.Linear)
    assert default.weight.std().item() == pytest.approx(1 / 300**0.5, rel=0.1)  # uniform on +-1/sqrt(100)
    with pytest.raises(UserError, match="init_std=-1"):
        DCGANGenerator((3, 32, 32), 100, 32, nn.ReLU, True, init_std=-1)


def test_every_layer_has_an_activation_of_its_own() -> None:
    made: list[nn.Module] = []

    def activation() -> nn.Module:
        made.append(nn.ReLU())
        return made[-1]

    DCGANGenerator((1, 32, 32), 10, 4, activation, True)
    assert len(made) == 3
    assert len({id(layer) for layer in made}) == 3


def test_width_must_be_positive() -> None:
    with pytest.raises(UserError, match="width=0"):
        DCGANDiscriminator((1, 32, 32), 0, nn.ReLU, False)
