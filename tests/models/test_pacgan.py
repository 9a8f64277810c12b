from __future__ import annotations

import pytest
import torch
from helpers import SHAPES, at_iteration, build_model, random_batch

from gan_lab.errors import UserError

SMALL = ("model=pacgan", "network.width=4", "batchnorm=none")


@pytest.mark.parametrize("data", SHAPES)
@pytest.mark.parametrize("size", [1, 2, 4])
def test_one_logit_for_each_pack(data: str, size: int) -> None:
    model, batch = build_model(*SMALL, f"data={data}", pack_size=size), random_batch(SHAPES[data])
    assert model.critic(batch.real).shape == (8 // size,)
    first = next(layer for layer in model.discriminator.modules() if isinstance(layer, torch.nn.Conv2d))
    assert first.in_channels == size * SHAPES[data][0]


def test_every_image_of_a_pack_counts_and_no_other_does() -> None:
    model, batch = build_model(*SMALL, "data=mnist").eval(), random_batch(SHAPES["mnist"])
    before = model.critic(batch.real)
    for index in range(8):
        changed = batch.real.clone()
        changed[index] = -changed[index]
        differs = model.critic(changed) != before
        assert differs.nonzero().flatten().tolist() == [index // 2]


def test_images_that_fill_no_pack_are_left_out() -> None:
    model, batch = build_model(*SMALL, "data=mnist", pack_size=4), random_batch(SHAPES["mnist"], size=7)
    assert model.critic(batch.real).shape == (1,)
    assert at_iteration(model).generate(batch).images.shape[0] == 7


def test_packs_that_leave_images_over_are_refused() -> None:
    with pytest.raises(UserError, match=r"model\.pack_size=3 must divide data\.batch_size="):
        build_model(*SMALL, "data=mnist", pack_size=3)


def test_r1_of_a_pack_counts_all_its_images() -> None:
    """The mean over packs of the squared slope by all pixels of the pack."""
    model, batch = at_iteration(build_model(*SMALL, "data=mnist", r1_weight=1.0)), random_batch(SHAPES["mnist"])
    packs = batch.real.reshape(4, 2, 28, 28).requires_grad_()
    (slopes,) = torch.autograd.grad(model.discriminator(packs).sum(), packs)
    expected = slopes.square().flatten(1).sum(1).mean()
    fake = model.generate(batch)
    torch.testing.assert_close(model.penalties(batch, fake)["r1"], expected)


def test_a_share_smaller_than_a_pack_is_refused() -> None:
    model = build_model(*SMALL, "data=mnist", pack_size=4)
    with pytest.raises(UserError, match=r"model\.pack_size=4 exceeds one process's share of 3 images"):
        model.critic(random_batch(SHAPES["mnist"], size=3).real)
