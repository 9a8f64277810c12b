from __future__ import annotations

import math

import pytest
import torch
from helpers import SHAPES, at_iteration, build_model, composed, random_batch

from gan_lab.models.infogan import InfoGAN

SMALL = ("model=infogan", "network=dcgan", "network.width=4", "data=mnist")


def model(**options: float) -> InfoGAN:
    made = at_iteration(build_model(*SMALL, **options))
    assert isinstance(made, InfoGAN)
    return made


def test_the_codes_losses_by_hand() -> None:
    """The category's probability is 1/2; the continuous codes are missed by 0.2 and 0.6."""
    outputs, codes = torch.zeros(1, 12), torch.zeros(1, 12)
    outputs[0, 3], codes[0, 3] = math.log(9), 1.0
    outputs[0, 10:], codes[0, 10:] = torch.tensor([0.2, -0.1]), torch.tensor([0.0, 0.5])
    found = model(category_weight=3.0, continuous_weight=0.1).code_losses(outputs, codes)
    expected = {"category": 3 * math.log(2), "continuous": 0.1 * (0.2**2 + 0.6**2) / 2}
    assert {name: term.item() for name, term in found.items()} == pytest.approx(expected, rel=1e-5)


@pytest.mark.parametrize("term", ["category", "continuous"])
def test_mutual_information_reaches_every_weight_of_g_and_of_q(term: str) -> None:
    infogan, batch = model(), random_batch(SHAPES["mnist"])
    fake = infogan.generate(batch)
    loss = infogan.generator_loss(batch, fake)[term]
    slopes = torch.autograd.grad(loss, [*infogan.generator.parameters()], retain_graph=True)
    assert all(slope.abs().sum() > 0 for slope in slopes)
    branch = infogan.discriminator.head.code
    assert all(slope.abs().sum() > 0 for slope in torch.autograd.grad(loss, [*branch.parameters()]))


def test_descending_the_code_losses_alone_makes_the_codes_readable() -> None:
    """Mutual information as an end in itself: G and Q learn to agree within a few steps."""
    infogan, batch = model(), random_batch(SHAPES["mnist"], size=64)
    optimizer = torch.optim.Adam([*infogan.generator.parameters(), *infogan.discriminator.parameters()], 0.002)
    category = []
    for iteration in range(60):
        terms = infogan.generator_loss(batch, at_iteration(infogan, iteration).generate(batch))  # type: ignore[attr-defined]
        category.append(terms["category"].item())
        optimizer.zero_grad()
        (terms["category"] + terms["continuous"]).backward()
        optimizer.step()
    assert category[0] > 2
    assert category[-1] < category[0] / 2


def test_codes_are_one_hot_and_within_one() -> None:
    fake = model().generate(random_batch(SHAPES["mnist"], size=500))
    assert fake.labels is not None
    category, continuous = fake.labels[:, :10], fake.labels[:, 10:]
    assert torch.equal(category.sum(1), torch.ones(500))
    assert torch.equal(category.unique(), torch.tensor([0.0, 1.0]))
    assert category.mean(0).min() > 0.05
    assert -1 <= continuous.min() < -0.9
    assert 0.9 < continuous.max() <= 1


def test_a_grid_for_each_code_changes_that_code_alone() -> None:
    latents = model().fixed_latents()
    assert list(latents) == ["fixed", "category", "code_1", "code_2"]
    noise = composed(*SMALL)["noise"]["dimension"]
    for name, changing in (("category", range(10)), ("code_1", [10]), ("code_2", [11])):
        latent, columns = latents[name]
        z = latent.z.view(8, columns, -1)
        kept = [index for index in range(z.shape[2]) if index - noise not in changing]
        assert torch.equal(z[..., kept], z[:, :1, kept].expand(-1, columns, -1)), name
    category = latents["category"][0].z.view(8, 10, -1)[:, :, noise : noise + 10]
    assert torch.equal(category, torch.eye(10).expand(8, 10, 10))
    swept = latents["code_2"][0].z.view(8, 10, -1)[:, :, noise + 11]
    torch.testing.assert_close(swept, torch.linspace(-2, 2, 10).expand(8, 10))


def test_a_model_of_categories_alone() -> None:
    infogan = model(continuous=0)
    assert list(infogan.fixed_latents()) == ["fixed", "category"]
    batch = random_batch(SHAPES["mnist"])
    assert set(infogan.generator_loss(batch, infogan.generate(batch))) == {"adversarial", "category"}
