from __future__ import annotations

from pathlib import Path

import pytest
import torch
from torchmetrics.image.fid import NoTrainInceptionV3

from gan_lab.building import build
from gan_lab.data.datamodule import ImageDataModule
from gan_lab.errors import UserError
from gan_lab.metrics import inception
from gan_lab.overrides import compose


@pytest.fixture
def digits() -> ImageDataModule:
    return build("data", compose(["data=digits"])["data"])


@pytest.fixture
def random_weights(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A file of the real one's form, with weights that nobody trained."""
    path = tmp_path / "weights.pth"
    with monkeypatch.context() as patch:
        patch.setattr("torch_fidelity.feature_extractor_inceptionv3.load_state_dict_from_url", lambda *_, **__: {})
        patch.setattr(NoTrainInceptionV3, "load_state_dict", lambda *_, **__: None)
        network = NoTrainInceptionV3("inception-v3-compat", ["2048"], None)
    torch.save(network.state_dict(), path)
    return path


def test_features_from_weights_given_by_path(digits: ImageDataModule, random_weights: Path) -> None:
    features = inception.load_features(digits, str(random_weights))
    assert "Inception-v3, 2048 features, resized as in TensorFlow 1, sha256 " in features.description
    assert not any(parameter.requires_grad for parameter in features.network.parameters())
    grey = digits.splits.train.pictures[:2]
    with torch.no_grad():
        found = features.network(grey)
        coloured = features.network(grey.repeat(1, 3, 1, 1))
    assert found.shape == (2, 2048)
    assert found.std() > 0
    torch.testing.assert_close(found, coloured)


def test_without_network_the_error_says_what_to_fetch_and_where_to_put_it(
    digits: ImageDataModule, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def offline(*_: object, **__: object) -> None:
        raise OSError("Name or service not known")

    monkeypatch.setattr(torch.hub, "get_dir", lambda: str(tmp_path))
    monkeypatch.setattr(torch.hub, "download_url_to_file", offline)
    with pytest.raises(UserError) as told:
        inception.load_features(digits)
    message = str(told.value)
    assert "\n" not in message
    assert inception.URL in message
    assert str(tmp_path / "checkpoints" / inception.FILE) in message


@pytest.mark.parametrize("content", [b"", b"garbage"])
def test_a_file_that_is_not_the_weights(digits: ImageDataModule, tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "weights.pth"
    path.write_bytes(content)
    with pytest.raises(UserError, match="its weights cannot be had"):
        inception.load_features(digits, str(path))
