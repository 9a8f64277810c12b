"""Inception's distances against torch-fidelity's own, with weights that nobody trained: the same formulas hold."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from feature_helpers import reference_of, samples_of
from measure_helpers import measure_of
from torch import Tensor, nn
from torch.nn import functional as F
from torch.utils.data import Dataset
from torch_fidelity import calculate_metrics
from torch_fidelity.metric_fid import fid_features_to_statistics, fid_statistics_to_metric
from torch_fidelity.metric_kid import kid_features_to_metric
from torch_fidelity.utils import create_feature_extractor
from torchmetrics.image.fid import NoTrainInceptionV3

from gan_lab.building import build
from gan_lab.metrics import inception
from gan_lab.metrics.fid import empty_metric
from gan_lab.overrides import compose

EXTRACTOR = "inception-v3-compat"
OPTIONS: dict[str, Any] = {"cuda": False, "verbose": False, "cache": False, "kid_subsets": 1}


class Pictures(Dataset[Tensor]):
    """Blurred noise in colours, uint8 `[num, 3, 32, 32]`, of some contrast."""

    def __init__(self, num: int, seed: int, contrast: float) -> None:
        noise = torch.rand(num, 3, 4, 4, generator=torch.Generator().manual_seed(seed)) - 0.5
        blurred = F.interpolate(noise, (32, 32), mode="bilinear")
        self.pictures = (128 + 255 * contrast * blurred).clamp(0, 255).byte()

    def __len__(self) -> int:
        return len(self.pictures)

    def __getitem__(self, index: int) -> Tensor:
        return self.pictures[index]


@pytest.fixture(scope="module")
def weights(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A file of the published one's form; He's initialization keeps the features from fading layer by layer."""
    path = tmp_path_factory.mktemp("inception") / "weights.pth"
    torch.manual_seed(0)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("torch_fidelity.feature_extractor_inceptionv3.load_state_dict_from_url", lambda *_, **__: {})
        patch.setattr(NoTrainInceptionV3, "load_state_dict", lambda *_, **__: None)
        network = NoTrainInceptionV3(EXTRACTOR, ["2048"], None)
    for layer in network.modules():
        if isinstance(layer, nn.Conv2d):
            nn.init.kaiming_normal_(layer.weight)
    torch.save(network.state_dict(), path)
    return str(path)


def our_features(weights: str, *sets: Pictures) -> list[Tensor]:
    data = build("data", compose(["data=svhn"])["data"])
    network = inception.load_features(data, weights).network
    with torch.no_grad():
        return [torch.cat([network(part) for part in made.pictures.split(20)]) for made in sets]


def our_fid(real: Tensor, fake: Tensor) -> float:
    metric = empty_metric(real.shape[1])
    metric.update(real, real=True)
    metric.update(fake, real=False)
    return float(metric.compute())


def our_kid(real: Tensor, fake: Tensor) -> float:
    """Of all images as one subset."""
    measure = measure_of("kid", subsets=1)
    measure.prepare(reference_of(real, real))
    return measure.measure(samples_of(fake))["kid/by_hand"].value


def test_features_and_both_distances(weights: str) -> None:
    """Features agree up to single precision's rounding over some fifty layers, and the distances as well.

    FID is compared on 3 random combinations of the 2048 features, since six images say nothing of 2048 dimensions:
    there the covariances have full rank, and the eigenvalues of their product lie far above rounding.
    """
    real, fake = Pictures(6, 1, 1.0), Pictures(6, 2, 0.8)
    ours = our_features(weights, real, fake)
    extractor = create_feature_extractor(EXTRACTOR, ["2048"], feature_extractor_weights_path=weights, **OPTIONS)
    theirs = [extractor(made.pictures)[0] for made in (real, fake)]
    torch.testing.assert_close(ours, theirs, rtol=1e-4, atol=1e-5)
    assert ours[0].std(0).mean() > 1e-3
    kid = kid_features_to_metric(*theirs, kid_subset_size=6, **OPTIONS)["kernel_inception_distance_mean"]
    assert our_kid(*ours) == pytest.approx(kid, rel=1e-3)
    assert kid > 1e-3
    mix = torch.randn(2048, 3, generator=torch.Generator().manual_seed(3))
    ours, theirs = ([features @ mix for features in both] for both in (ours, theirs))
    statistics = [fid_features_to_statistics(features) for features in theirs]
    fid = fid_statistics_to_metric(*statistics, verbose=False)["frechet_inception_distance"]
    assert our_fid(*ours) == pytest.approx(fid, rel=1e-4)
    assert fid > 1.01 * (ours[0].mean(0) - ours[1].mean(0)).square().sum()  # the covariances have a part in it


@pytest.mark.slow
def test_the_whole_of_torch_fidelity(weights: str) -> None:
    """Forty images of either kind, in all 2048 features.

    All but 39 eigenvalues of the covariances' product are 0, and come out as rounding: some 1e-16 of the largest, the
    root of which is 1e-8 of a covariance's largest. Two thousand of them move the sum of roots by some 1e-5 of the
    traces, in both programs. Hence a tolerance of 1e-4 of the traces, which the covariances' part in the distance
    exceeds by far.
    """
    real, fake = Pictures(40, 1, 1.0), Pictures(40, 2, 0.8)
    ours = our_features(weights, real, fake)
    theirs = calculate_metrics(
        input1=real,
        input2=fake,
        fid=True,
        kid=True,
        kid_subset_size=40,
        feature_extractor=EXTRACTOR,
        feature_extractor_weights_path=weights,
        batch_size=20,
        save_cpu_ram=True,  # no worker processes
        **OPTIONS,
    )
    traces = sum(float(features.var(0).sum()) for features in ours)
    moved = float((ours[0].mean(0) - ours[1].mean(0)).square().sum())
    fid = theirs["frechet_inception_distance"]
    assert our_fid(*ours) == pytest.approx(fid, abs=1e-4 * traces)
    assert fid - moved > 1e-2 * traces
    assert our_kid(*ours) == pytest.approx(theirs["kernel_inception_distance_mean"], rel=1e-3)
