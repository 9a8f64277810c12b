from __future__ import annotations

from typing import Any

import pytest
import torch

from gan_lab.building import build
from gan_lab.data.datamodule import ImageDataModule
from gan_lab.data.stacked_mnist import joint_class
from gan_lab.errors import UserError
from gan_lab.metrics import classifier
from gan_lab.overrides import compose


def stacked(**changes: Any) -> ImageDataModule:
    return build("data", compose(["data=stacked_mnist"])["data"] | changes)


def test_features_of_the_channels_stand_one_behind_the_other(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(classifier, "train", lambda *_: pytest.fail("trained one"))
    features = classifier.load_features(stacked())
    assert "mnist classifier" in features.description
    assert "each of 3 channels" in features.description
    assert features.name == "classifier"
    (network, _) = classifier.shipped("mnist") or pytest.fail("ships")
    pictures = torch.randint(0, 256, (5, 3, 28, 28), dtype=torch.uint8)
    made = features.network(pictures)
    assert made.shape == (5, 384)
    for channel in range(3):
        expected = network(pictures[:, channel : channel + 1])
        assert torch.allclose(made[:, 128 * channel : 128 * (channel + 1)], expected, atol=1e-5)


def test_the_joint_probability_is_the_product_of_the_channels() -> None:
    features = classifier.load_features(stacked())
    (network, _) = classifier.shipped("mnist") or pytest.fail("ships")
    assert features.head is not None
    assert features.head.out_features == 1000
    pictures = torch.randint(0, 256, (4, 3, 28, 28), dtype=torch.uint8)
    joint = features.head(features.network(pictures)).softmax(1)
    red, green, blue = (network.logits(pictures[:, i : i + 1]).softmax(1) for i in range(3))
    expected = (red[:, :, None, None] * green[:, None, :, None] * blue[:, None, None, :]).flatten(1)
    assert torch.allclose(joint, expected, atol=1e-5)
    digits = torch.stack([red.argmax(1), green.argmax(1), blue.argmax(1)], 1)
    assert torch.equal(joint.argmax(1), joint_class(digits))


def test_other_classes_or_an_unknown_classifier_are_told() -> None:
    with pytest.raises(UserError, match=r"data.classes=10: 3 channels with 10 classes each make 1000"):
        classifier.load_features(stacked(classes=10))
    unknown = {**compose(["data=stacked_mnist"])["data"]["features"], "of": "letters"}
    with pytest.raises(UserError, match=r"data.features.of=letters: no classifier ships"):
        classifier.load_features(stacked(features=unknown))
