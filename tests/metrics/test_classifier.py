from __future__ import annotations

import hashlib
import os
from importlib import resources
from pathlib import Path

import pytest
import torch

from gan_lab.building import build
from gan_lab.data.images import Images, Splits
from gan_lab.metrics import classifier
from gan_lab.overrides import compose

WEIGHTS = resources.files("gan_lab.metrics") / "weights"
REAL_DATA = os.environ.get("GAN_LAB_DATA")


@pytest.mark.parametrize("name", ["digits", "mnist"])
def test_shipped_weights_are_small_and_state_their_facts(name: str) -> None:
    with resources.as_file(WEIGHTS / f"{name}.safetensors") as path:
        assert path.stat().st_size < 2_000_000
        network, facts = classifier.load(path.read_bytes())
        assert facts["data"] == name
        assert float(facts["test_accuracy"]) >= {"digits": 0.98, "mnist": 0.993}[name]
        sums = dict(line.split()[::-1] for line in (WEIGHTS / "SHA256SUMS").read_text().splitlines())
        assert sums[path.name] == hashlib.sha256(path.read_bytes()).hexdigest()
        features = classifier.load_features(build("data", compose([f"data={name}"])["data"]))
        assert hashlib.sha256(path.read_bytes()).hexdigest()[:12] in features.description
    assert not features.network.training
    assert not any(parameter.requires_grad for parameter in features.network.parameters())
    pictures = torch.randint(0, 256, (3, 1, network.image_size, network.image_size), dtype=torch.uint8)
    assert features.network(pictures).shape == (3, 128)
    assert features.network(pictures).min() >= 0


def test_stated_accuracy_of_digits_is_the_measured_one() -> None:
    with resources.as_file(WEIGHTS / "digits.safetensors") as path:
        network, facts = classifier.load(path.read_bytes())
    test = build("data", compose(["data=digits"])["data"]).splits.test
    assert classifier.measure_accuracy(network, test) == pytest.approx(float(facts["test_accuracy"]), abs=1e-4)
    assert int(facts["test_images"]) == len(test)


@pytest.mark.skipif(REAL_DATA is None, reason="needs real MNIST")
def test_stated_accuracy_of_mnist_is_the_measured_one() -> None:
    with resources.as_file(WEIGHTS / "mnist.safetensors") as path:
        network, facts = classifier.load(path.read_bytes())
    test = build("data", compose(["data=mnist", f"data.root={REAL_DATA}"])["data"]).splits.test
    assert classifier.measure_accuracy(network, test) == pytest.approx(float(facts["test_accuracy"]), abs=1e-4)


def test_pictures_of_another_size_are_resized() -> None:
    network = classifier.Classifier(1, 8, 10).eval()
    assert network.logits(torch.zeros(2, 1, 16, 16, dtype=torch.uint8)).shape == (2, 10)


def test_other_data_trains_its_classifier_once_and_caches_it(own_cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Colour images of 8 pixels, whose class is their brightness."""
    labels = torch.arange(600) % 4
    pictures = (labels * 60)[:, None, None, None].expand(-1, 3, 8, 8).to(torch.uint8)
    noisy = pictures + torch.randint(0, 20, pictures.shape, dtype=torch.uint8)
    splits = Splits(Images(noisy[:500], labels[:500]), Images(noisy[500:], labels[500:]))
    data = build("data", compose(["data=digits"])["data"])
    data.name, data.read = "brightness", lambda root: splits
    features = classifier.load_features(data)
    assert "brightness classifier" in features.description
    (path,) = (own_cache / "gan_lab" / "classifiers").glob("brightness-*.safetensors")
    network, facts = classifier.load(path.read_bytes())
    assert float(facts["test_accuracy"]) == pytest.approx(classifier.measure_accuracy(network, splits.test), abs=1e-4)
    assert float(facts["test_accuracy"]) > 0.9
    monkeypatch.setattr(classifier, "train", lambda *_: pytest.fail("trained again"))
    assert classifier.load_features(data).description == features.description
