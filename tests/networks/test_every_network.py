"""What every network must hold to, found from conf/network/*.yaml, and every variant with every network."""

from __future__ import annotations

import pytest
import torch
from helpers import SMALL, at_iteration, build_model, random_batch
from torch import nn

from gan_lab.building import conf_folder
from gan_lab.errors import UserError
from gan_lab.models.noise_gan import NoiseGAN

NETWORKS = sorted(path.stem for path in (conf_folder() / "network").glob("*.yaml"))
VARIANTS = sorted(path.stem for path in (conf_folder() / "model").glob("*.yaml"))
SIDES = {"udacity_dcgan": ("mnist", 32)}  # sides divisible by 8
# One variant for each way of asking something of a network; `slow` crosses them all.
KINDS = ["acgan", "began", "cgan", "infogan", "pacgan", "projection_gan", "wgan_gp"]
WITHOUT_NORM = {"r3gan"}
IMPOSSIBLE = {
    ("projection_gan", "r3gan"): "network=r3gan has no normalization layers, by design; choose a model",
    ("sngan", "r3gan"): "start at zero; choose another network, or model.spectral_norm=false",
}


def overrides_for(network: str, channels: int = 1) -> list[str]:
    data = ["data=svhn"] if channels == 3 else ["data=mnist"]
    size = ["data.image_size=32"] if network in SIDES and channels == 1 else []
    norm = ["batchnorm=none"] if network in WITHOUT_NORM else ["batchnorm=generator"]
    small = SMALL.get(network, []) if network != "infogan" else []
    return [f"network={network}", *data, *size, *norm, *small, "noise.dimension=6", "data.batch_size=4"]


def model_with(network: str, variant: str = "gan", channels: int = 1) -> NoiseGAN:
    return at_iteration(build_model(f"model={variant}", *overrides_for(network, channels)))


def shape_of(network: str, channels: int) -> tuple[int, int, int]:
    side = 32 if channels == 3 or network in SIDES else 28
    return channels, side, side


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("network", NETWORKS)
def test_images_and_logits(network: str, channels: int) -> None:
    """Images of the data's shape within [-1, 1], one logit for each, and gradients at every weight of both players."""
    model, batch = model_with(network, channels=channels), random_batch(shape_of(network, channels), size=4)
    images = model.generate(batch).images
    assert images.shape == batch.real.shape
    assert images.abs().max() <= 1
    assert images.std() > 0
    logits = model.critic(images)
    assert logits.shape == (4,)
    optimizer = torch.optim.SGD(model.parameters(), 0.0001)
    for _ in range(2):  # layers behind one that starts at zero move in the second step
        optimizer.zero_grad()
        model.critic(model.generate(batch).images).square().sum().backward()
        optimizer.step()
    for name, parameter in model.named_parameters():
        assert parameter.grad is not None, name
        assert parameter.grad.abs().sum() > 0, name


@pytest.mark.parametrize("network", NETWORKS)
def test_no_image_depends_on_another_without_batch_norm(network: str) -> None:
    model = build_model("model=gan", *overrides_for(network), "batchnorm=none")
    batch = random_batch(shape_of(network, 1), size=4)
    together, alone = model.critic(batch.real), torch.cat([model.critic(image[None]) for image in batch.real])
    torch.testing.assert_close(together, alone, rtol=1e-4, atol=1e-5)
    z = torch.randn(4, 6)
    together, alone = model.generator(z), torch.cat([model.generator(one[None]) for one in z])
    torch.testing.assert_close(together, alone, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("network", NETWORKS)
def test_labels_change_images_and_logits(network: str) -> None:
    model = model_with(network, "cgan")
    batch, other = random_batch(shape_of(network, 1), size=4), torch.tensor([9, 8, 7, 6])
    z = torch.randn(4, 6)
    model.eval()
    assert (model.generator(z, batch.labels) != model.generator(z, other)).flatten(1).any(1).all()
    assert (model.critic(batch.real, batch.labels) != model.critic(batch.real, other)).all()


def losses_of(network: str, variant: str) -> list[torch.Tensor]:
    model, batch = model_with(network, variant), random_batch(shape_of(network, 1), size=4)
    fake = model.generate(batch)
    return [*model.discriminator_loss(batch, fake).values(), *model.generator_loss(batch, fake).values()]


@pytest.mark.parametrize("network", NETWORKS)
@pytest.mark.parametrize(
    "variant",
    [pytest.param(name, marks=[] if name in KINDS else pytest.mark.slow) for name in VARIANTS],
)
def test_every_variant_with_every_network(variant: str, network: str) -> None:
    """All pairs fit but two, which say why."""
    if (variant, network) in IMPOSSIBLE:
        with pytest.raises(UserError, match=IMPOSSIBLE[variant, network]):
            losses_of(network, variant)
    else:
        assert all(loss.isfinite() for loss in losses_of(network, variant))


@pytest.mark.parametrize(
    ("overrides", "told"),
    [
        (["network=resnet", "data=digits"], "network=resnet makes square images of 28 or 32 pixels, not 8x8"),
        (["network=r3gan", "data=digits"], "network=r3gan makes square images of 28 or 32 pixels, not 8x8"),
        (
            ["network=r3gan", "data=mnist", "batchnorm=both"],
            "no normalization layers, by design; choose batchnorm=none",
        ),
        (["network=keras_dcgan", "data=digits"], "whose side is a multiple of 4 from 12 on, not 8x8"),
        (["network=infogan", "data=mnist", "data.image_size=30"], "whose side is a multiple of 4, not 30x30"),
        (["network=atienza", "data=mnist", "data.image_size=30"], "whose side is a multiple of 4, not 30x30"),
        (["network=udacity_dcgan", "data=mnist"], "whose side is a multiple of 8, not 28x28"),
    ],
)
def test_impossible_choices_say_why(overrides: list[str], told: str) -> None:
    with pytest.raises(UserError, match=told) as caught:
        build_model("model=gan", "batchnorm=none", *overrides)
    assert "choose" in str(caught.value)


def count(network: nn.Module) -> int:
    return sum(parameter.numel() for parameter in network.parameters())


def test_infogans_parameters_by_hand() -> None:
    """Of the network that Lucic et al. 2018 use, with noise of 64 values on 1x28x28."""
    model = build_model("model=gan", "network=infogan", "data=mnist", "batchnorm=both", "noise.dimension=64")
    convolutions = 1 * 64 * 16 + 64 + 64 * 128 * 16 + 128
    d = convolutions + 2 * 128 + 6272 * 1024 + 1024 + 2 * 1024 + 1024 + 1
    g = 64 * 1024 + 1024 + 2 * 1024 + 1024 * 6272 + 6272 + 2 * 6272 + 128 * 64 * 16 + 64 + 2 * 64 + 64 * 16 + 1
    assert (count(model.discriminator), count(model.generator)) == (d, g)


def test_resnets_parameters_by_hand() -> None:
    """The paper's widths, 256 in G and 128 in D, for 3x32x32 and noise of 128 values."""
    model = build_model(
        "model=sngan", "data=svhn", "noise.dimension=128", spectral_norm=False
    )  # normalized weights are not parameters by name, but as many
    up = 2 * (256 * 256 * 9 + 256) + 256 * 256 + 256 + 2 * 2 * 256
    g = 128 * 4096 + 4096 + 3 * up + 2 * 256 + 256 * 3 * 9 + 3
    first = 3 * 128 * 9 + 128 + 128 * 128 * 9 + 128 + 3 * 128 + 128
    same = 2 * (128 * 128 * 9 + 128)
    d = first + same + (128 * 128 + 128) + 2 * same + 128 + 1
    assert (count(model.discriminator), count(model.generator)) == (d, g)
