from __future__ import annotations

import pytest
import torch
from helpers import SHAPES, at_iteration, build_model, random_batch

from gan_lab.data.images import Batch, Fakes
from gan_lab.disturbances import AUGMENTATIONS, add_noise, cutout, translate

IMAGES = torch.arange(64.0).reshape(1, 1, 8, 8).repeat(200, 1, 1, 1)


@pytest.mark.parametrize("operation", AUGMENTATIONS.values())
@pytest.mark.parametrize("shape", SHAPES.values())
def test_shapes_stay_and_gradients_pass(operation: object, shape: tuple[int, int, int]) -> None:
    images = random_batch(shape).real.requires_grad_()
    changed = operation(images)  # type: ignore[operator]
    assert changed.shape == images.shape
    assert not torch.equal(changed, images)
    (slope,) = torch.autograd.grad(changed.sum(), images)
    assert (slope.flatten(1).sum(1) > 0).all()


def test_translation_moves_by_an_eighth_and_repeats_the_border() -> None:
    moved = translate(IMAGES)
    centres = moved[:, 0, 4, 4] - 36  # row 4, column 4 of a picture that counts its pixels
    assert set(centres.tolist()) == {8.0 * down + right for down in (-1, 0, 1) for right in (-1, 0, 1)}
    index = int((centres == 9).nonzero()[0])  # one row down, one column to the right
    assert torch.equal(moved[index, 0, :7, :7], IMAGES[0, 0, 1:, 1:])
    assert torch.equal(moved[index, 0, 7], moved[index, 0, 6])


def test_cutout_blackens_a_square_of_half_the_side() -> None:
    cut = cutout(IMAGES + 1) == 0
    areas = cut.flatten(1).sum(1)
    assert areas.max() == 16
    assert areas.min() >= 4  # a square at the corner reaches over two borders
    assert len(cut.flatten(1).unique(dim=0)) > 20


def test_noise_has_its_deviation() -> None:
    assert (add_noise(torch.zeros(10000), 0.3)).std().item() == pytest.approx(0.3, rel=0.05)


def test_instance_noise_falls_linearly_and_both_kinds_of_images_get_it() -> None:
    model = build_model("model=gan", "network.generator.widths=[8]", instance_noise=0.4, instance_noise_until=0.5)
    plain = Batch(torch.zeros(50, 1, 8, 8), torch.zeros(50)), Fakes(torch.zeros(50, 1, 8, 8))
    for iteration, std in ((0, 0.4), (25, 0.2), (50, 0.0), (99, 0.0)):  # of 100
        batch, fake = at_iteration(model, iteration).presented(*plain)
        assert batch.real.std().item() == pytest.approx(std, rel=0.1)
        assert fake.images.std().item() == pytest.approx(std, rel=0.1)


def test_augmentations_come_in_both_phases_with_gradients_to_g() -> None:
    model = at_iteration(build_model("data=mnist", "network.width=4", augment=["translation", "cutout"]))
    batch = random_batch(SHAPES["mnist"])
    fake = model.generate(batch)
    seen, shown = model.presented(batch, fake)
    assert not torch.equal(seen.real, batch.real)
    assert not torch.equal(shown.images, fake.images)
    loss = model.generator_loss(seen, shown)["adversarial"]
    assert all(slope.abs().sum() > 0 for slope in torch.autograd.grad(loss, [*model.generator.parameters()]))


def test_without_a_disturbance_nothing_is_changed() -> None:
    model, batch = at_iteration(build_model("data=mnist", "network.width=4")), random_batch(SHAPES["mnist"])
    fake = model.generate(batch)
    assert model.presented(batch, fake) == (batch, fake)
