from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
import torch
from omegaconf import OmegaConf
from run_helpers import events, rows
from torch import nn

from gan_lab.data.images import Images
from gan_lab.errors import UserError
from gan_lab.overrides import compose
from gan_lab.studies.batchnorm_benchmark import TRAIN_MODE, WITH, WITHOUT, accuracy, classifier, in_batches, run

REAL_DATA = os.environ.get("GAN_LAB_DATA")


def study(folder: Path, *overrides: str) -> float:
    config = compose(["experiment=seeds/batchnorm_benchmark", "trainer=cpu", *overrides])
    return run(OmegaConf.create(config), folder, [*overrides])


def test_the_notebooks_network() -> None:
    layers = classifier(784, [512, 256], 10, batchnorm=True)
    assert [type(layer).__name__ for layer in layers] == [*["Linear", "BatchNorm1d", "ReLU"] * 2, "Linear"]
    assert [layer.bias is None for layer in layers if isinstance(layer, nn.Linear)] == [True, True, False]
    plain = classifier(784, [512, 256], 10, batchnorm=False)
    assert sum(weight.numel() for weight in plain.parameters()) == 784 * 512 + 512 + 512 * 256 + 256 + 256 * 10 + 10


def test_images_come_in_order_within_zero_and_one() -> None:
    pictures = torch.arange(5, dtype=torch.uint8).view(5, 1, 1, 1) * 50
    batches = in_batches(Images(pictures, torch.arange(5)), 2, torch.device("cpu"))
    assert [labels.tolist() for _, labels in batches] == [[0, 1], [2, 3], [4]]
    assert torch.cat([images for images, _ in batches]).flatten().tolist() == pytest.approx(
        [0, 50 / 255, 100 / 255, 150 / 255, 200 / 255]
    )


def test_accuracy_in_both_modes_leaves_the_network_alone() -> None:
    """In training mode the batch is centred: of two images the brighter one is above its mean, whatever the offset."""
    network = nn.Sequential(nn.BatchNorm1d(1), nn.Linear(1, 2, bias=False))
    with torch.no_grad():
        network[1].weight.copy_(torch.tensor([[-1.0], [1.0]]))  # class 1 where the normalized value is positive
    before = {name: value.clone() for name, value in network.state_dict().items()}
    batches = [(torch.tensor([[5.0], [6.0]]), torch.tensor([0, 1]))]
    assert accuracy(network, batches) == 0.5  # running statistics still at their start: both are positive
    assert accuracy(network, batches, train_mode=True) == 1.0
    assert all(torch.equal(before[name], value) for name, value in network.state_dict().items())


def test_a_run_on_small_digits(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    error = study(tmp_path / "run", "data=digits", "epochs=2", "study.seeds=2", "study.widths=[16,8]", "study.lr=0.1")
    folder = tmp_path / "run"
    summary = json.loads((folder / "summary.json").read_text())
    results = summary["results"]
    assert set(results) == {WITH, TRAIN_MODE, WITHOUT, "training_loss"}
    for kind in (WITH, TRAIN_MODE, WITHOUT):
        found = results[kind]["test_accuracy"]
        assert len(found) == 2
        assert results[kind]["mean"] == pytest.approx(sum(found) / 2)
    assert len(set(results[WITH]["test_accuracy"])) == 2  # the seeds differ
    assert error == pytest.approx(1 - results[WITH]["mean"])
    assert [float(row["loss/batch_norm"]) for row in rows(folder)] == pytest.approx(results["training_loss"][WITH])
    assert results["training_loss"][WITH][1] < results["training_loss"][WITH][0]
    assert events(folder).Tags()["images"] == ["losses"]
    assert (folder / "losses.png").stat().st_size > 10_000


@pytest.mark.parametrize(
    ("override", "told"),
    [
        ("study.seeds=0", r"study\.seeds=0"),
        ("study.lr=0", r"study\.lr=0"),
        ("epochs=1.5", r"epochs=1\.5"),
        ("iterations=9", r"iterations=9: this study counts passes; choose epochs"),
    ],
)
def test_wrong_values(tmp_path: Path, override: str, told: str) -> None:
    with pytest.raises(UserError, match=told):
        study(tmp_path / "run", "data=digits", override)
    assert not (tmp_path / "run").exists()


def test_several_devices_are_refused(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"trainer\.devices=2: this study uses one device"):
        study(tmp_path / "run", "trainer=ddp_cpu")


@pytest.mark.slow
@pytest.mark.skipif(REAL_DATA is None, reason="needs real MNIST")
def test_the_notebooks_accuracies_on_mnist(tmp_path: Path) -> None:
    """97.8 +- 0.3 % with and 93.8 +- 0.5 % without batch norm, which is better in evaluation mode."""
    study(tmp_path / "run", f"data.root={REAL_DATA}")
    results = json.loads((tmp_path / "run" / "summary.json").read_text())["results"]
    assert results[WITH]["mean"] == pytest.approx(0.978, abs=0.003)
    assert results[WITHOUT]["mean"] == pytest.approx(0.938, abs=0.005)
    assert results[WITH]["mean"] > results[TRAIN_MODE]["mean"]
