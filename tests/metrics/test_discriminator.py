"""D on held-out images; over all variants in conf/model, so that a new one is tested by being there."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
import torch
from helpers import SHAPES, build_model, scored, small_overrides
from measure_helpers import measure_of
from torch import Tensor, nn

from gan_lab.building import conf_folder
from gan_lab.data.images import Images, Splits
from gan_lab.errors import UserError
from gan_lab.metrics.discriminator import judge, probability_above
from gan_lab.metrics.features import Features
from gan_lab.metrics.measure import NEITHER, Measure, Reference, Samples, Score
from gan_lab.models.noise_gan import NoiseGAN

VARIANTS = sorted(path.stem for path in (conf_folder() / "model").glob("*.yaml"))
NUM_TRAIN, NUM_TEST, NUM_SAMPLES = 24, 18, 12


def images(num: int, seed: int, shape: tuple[int, ...] = SHAPES["mnist"]) -> Images:
    random = torch.Generator().manual_seed(seed)
    return Images(torch.randint(0, 256, (num, *shape), generator=random, dtype=torch.uint8), torch.arange(num) % 10)


def grey(*levels: int) -> Images:
    """One image of each grey level."""
    pictures = torch.tensor(levels, dtype=torch.uint8)[:, None, None, None].expand(-1, *SHAPES["mnist"])
    return Images(pictures, torch.arange(len(levels)) % 10)


def prepared(train: Images, test: Images, **changes: int) -> Measure:
    measure = measure_of("discriminator", **changes)
    data = SimpleNamespace(splits=Splits(train, test))
    measure.prepare(Reference(data, Features("by_hand", nn.Identity(), "none"), 100, torch.device("cpu")))  # type: ignore[arg-type]
    return measure


def samples(model: NoiseGAN, made: Images) -> Samples:
    return Samples(model, 0, made.pictures, made.labels, torch.zeros(len(made), 1), None)


def test_auc_by_hand() -> None:
    """Of the six pairs 3 > 1, 3 > 2, 2 > 1 and half of 2 = 2 count; 0 loses both."""
    assert probability_above(torch.tensor([3.0, 2.0, 0.0]), torch.tensor([1.0, 2.0])) == pytest.approx(3.5 / 6)
    assert probability_above(torch.ones(5), torch.ones(4)) == 0.5
    assert probability_above(torch.ones(5), torch.zeros(4)) == 1.0
    assert probability_above(torch.zeros(5), torch.ones(4)) == 0.0


def test_auc_is_that_of_all_pairs() -> None:
    random = torch.Generator().manual_seed(1)
    first, second = (torch.randint(0, 9, (num,), generator=random).float() for num in (40, 30))
    pairs = first[:, None] - second
    expected = ((pairs > 0).double() + (pairs == 0).double() / 2).mean()
    assert probability_above(first, second) == pytest.approx(float(expected))


def found(train: Images, test: Images, fake: Images, *overrides: str) -> dict[str, Score]:
    """With a D that scores by brightness: above 0 from grey level 128 on."""
    model = scored(1.0, "model=dcgan", "network.width=4", *overrides)
    return prepared(train, test).measure(samples(model, fake))


def test_by_hand() -> None:
    scores = found(grey(250, 150, 10), grey(140, 100), grey(0, 0, 0, 200))
    assert scores["D/held_out_auc"].value == pytest.approx(4 / 6)
    assert scores["D/held_out_auc"].details["std_by_chance"] == pytest.approx((6 / (12 * 3 * 2)) ** 0.5)
    assert scores["D/held_out_accuracy"].value == 0.5
    assert scores["D/held_out_accuracy"].details == {"training_images": pytest.approx(2 / 3), "samples": 0.25}
    assert {score.better for score in scores.values()} == {NEITHER}


def test_images_are_scaled_as_in_training() -> None:
    """With black at 0 no image is dark enough for a negative score."""
    scores = found(grey(250), grey(1, 100), grey(1, 2), "data.black=0")
    assert scores["D/held_out_accuracy"].value == 1.0


def test_only_so_many_images() -> None:
    measure = prepared(images(30, 1), images(20, 2), images=8)
    assert measure.protocol() == {"training_images": 8, "test_images": 8}
    with pytest.raises(UserError, match=r"metrics.measure.discriminator.images=1"):
        measure_of("discriminator", images=1)


def test_a_d_that_has_learned_the_images_by_heart_is_found_out() -> None:
    """A few steps that raise the logits of the training images alone, which are noise as the test images are."""
    train, test = images(NUM_TRAIN, 1), images(NUM_TEST, 2)
    model = build_model(*small_overrides("gan"), "data=mnist", "batchnorm=none")
    measure, fake = prepared(train, test), samples(model, images(NUM_SAMPLES, 3))
    before = measure.measure(fake)["D/held_out_auc"]
    optimizer = torch.optim.Adam(model.discriminator.parameters(), 0.01)
    others = images(NUM_TRAIN, 4)
    for _ in range(60):
        loss = torch.cat([-model.critic(*floats(train)), model.critic(*floats(others))]).sigmoid().mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    after = measure.measure(fake)["D/held_out_auc"]
    assert abs(before.value - 0.5) < 3 * before.details["std_by_chance"]
    assert after.value > 0.5 + 3 * after.details["std_by_chance"]


def floats(made: Images) -> tuple[Tensor, Tensor]:
    return made.pictures.float() / 127.5 - 1, made.labels


@pytest.mark.parametrize("variant", VARIANTS)
def test_every_variant(variant: str) -> None:
    """Numbers in their ranges, the accuracy where the curves know one, and D as it was before."""
    model = build_model(*small_overrides(variant), "data=mnist")
    model.train()
    before = {name: value.clone() for name, value in model.state_dict().items()}
    random_state = torch.get_rng_state()
    measure = prepared(images(NUM_TRAIN, 1), images(NUM_TEST, 2))
    scores = measure.measure(samples(model, images(NUM_SAMPLES, 3)))
    assert 0 <= scores["D/held_out_auc"].value <= 1
    assert scores.keys() - {"D/held_out_auc"} == ({"D/held_out_accuracy"} if model.critic_is_logit else set())
    assert all(module.training for module in model.discriminator.modules())
    assert all(parameter.requires_grad and parameter.grad is None for parameter in model.discriminator.parameters())
    assert all(torch.equal(value, before[name]) for name, value in model.state_dict().items())
    assert torch.equal(torch.get_rng_state(), random_state)


@pytest.mark.parametrize("variant", VARIANTS)
def test_each_image_is_judged_by_itself(variant: str) -> None:
    """In evaluation mode the score of an image, or of a pack, does not hang on those beside it."""
    model = build_model(*small_overrides(variant), "data=mnist")
    some = images(NUM_TRAIN, 1)
    together = judge(model, some)
    apart = torch.cat([judge(model, Images(some.pictures[i : i + 12], some.labels[i : i + 12])) for i in (0, 12)])
    torch.testing.assert_close(together, apart, rtol=1e-4, atol=1e-5)
    assert together.std() > 0


@pytest.mark.parametrize("variant", ["cgan", "projection_gan"])
def test_labels_are_passed(variant: str) -> None:
    model = build_model(*small_overrides(variant), "data=mnist")
    some = images(NUM_TRAIN, 1)
    other = Images(some.pictures, some.labels.roll(1))
    assert not torch.equal(judge(model, some), judge(model, other))


def test_packs_are_full_whatever_the_number_of_images() -> None:
    """1001 images go in parts of 334, 334 and 333, where 500, 500 and 1 would leave one that fills no pack."""
    model = build_model(*small_overrides("pacgan"), "data=mnist")
    assert len(judge(model, images(1001, 1))) == 167 + 167 + 166
