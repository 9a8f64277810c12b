from __future__ import annotations

import torch
from helpers import SHAPES, at_iteration, build_model, random_batch

from gan_lab.models.conditional import Conditional

SMALL = ("model=cgan", "network.width=4", "data=mnist")


def model(*overrides: str) -> Conditional:
    made = build_model(*SMALL, *overrides)
    assert isinstance(made, Conditional)
    return at_iteration(made.eval())  # type: ignore[return-value]


def test_both_players_see_the_label() -> None:
    cgan, batch = model(), random_batch(SHAPES["mnist"])
    other = (batch.labels + 1) % 10
    assert (cgan.critic(batch.real, batch.labels) != cgan.critic(batch.real, other)).all()
    z = cgan.fixed_noise[:8]
    assert (cgan.generator(z, batch.labels) != cgan.generator(z, other)).flatten(1).any(1).all()


def test_fakes_are_of_the_batchs_classes_or_of_random_ones() -> None:
    batch = random_batch(SHAPES["mnist"], size=500)
    found = model().generate(batch).labels
    assert found is not None
    assert torch.equal(found, batch.labels)
    uniform = model("model.fake_labels=uniform").generate(batch).labels
    assert uniform is not None
    assert not torch.equal(uniform, batch.labels)
    shares = torch.bincount(uniform, minlength=10) / 500
    assert shares.min() > 0.05
    assert shares.max() < 0.15


def test_a_grid_has_a_class_in_each_column_and_a_noise_in_each_row() -> None:
    cgan = model()
    (latent, columns) = cgan.fixed_latents()["fixed"]
    assert columns == 10
    assert latent.labels is not None
    assert torch.equal(latent.labels.view(-1, 10), torch.arange(10).expand(8, 10))
    rows = latent.z.view(8, 10, -1)
    assert torch.equal(rows, rows[:, :1].expand_as(rows))
    assert not torch.equal(rows[0, 0], rows[1, 0])


def test_samples_of_one_label_and_of_all() -> None:
    cgan = model()
    for batch in cgan.sample(20, seed=0, label=7):
        assert batch.labels is not None
        assert batch.labels.tolist() == [7] * 20
    mixed = next(iter(cgan.sample(200, seed=0))).labels
    assert mixed is not None
    assert set(mixed.tolist()) == set(range(10))
