from __future__ import annotations

import json

import numpy as np
import pytest
import torch
from helpers import SHAPES, at_iteration, build_model, random_batch
from run_helpers import RunIn

from gan_lab import cli
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


def test_samples_of_a_label_from_the_command_line(run_in: RunIn, capsys: pytest.CaptureFixture[str]) -> None:
    folder = run_in("run", "model=cgan", "iterations=2")
    out = folder / "sevens.npz"
    assert cli.main(["sample", str(folder), "--num", "5", "--label", "7", "--out", str(out)]) == 0
    with np.load(out) as opened:
        assert opened["images"].shape == (5, 8, 8, 1)
        assert opened["labels"].tolist() == [7] * 5
    capsys.readouterr()
    assert cli.main(["sample", str(folder), "--label", "10"]) == 1
    assert capsys.readouterr().err == "error: --label 10: the classes are 0 to 9\n"
    summary = json.loads((folder / "summary.json").read_text())
    assert 0 <= summary["metrics"]["classes/label_agreement"]["value"] <= 1
    assert (folder / "samples" / "0000002.png").is_file()


def test_a_model_without_labels_says_so(run_in: RunIn, capsys: pytest.CaptureFixture[str]) -> None:
    folder = run_in("run", "model=dcgan", "iterations=2")
    assert cli.main(["sample", str(folder), "--label", "7"]) == 1
    assert "--label 7: this model takes no labels; train model=cgan" in capsys.readouterr().err
