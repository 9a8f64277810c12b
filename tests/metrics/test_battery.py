from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import nn

from gan_lab.building import build
from gan_lab.data.datamodule import ImageDataModule
from gan_lab.errors import UserError
from gan_lab.metrics.battery import Battery, Measured, refuse_empty
from gan_lab.metrics.features import Features
from gan_lab.metrics.measure import HIGHER, LOWER, Measure, Reference, Samples, Score
from gan_lab.models.noise_gan import NoiseGAN
from gan_lab.overrides import compose


class Brightness(Measure):
    def measure(self, samples: Samples) -> dict[str, Score]:
        self.seen = samples
        return {"brightness": Score(float(samples.features.mean()), HIGHER)}

    def protocol(self) -> dict[str, Any]:
        return {"reference": "none", "unit": "grey levels"}


class MeanAndMaximum(nn.Module):
    num_features = 2

    def forward(self, pictures: torch.Tensor) -> torch.Tensor:
        pixels = pictures.flatten(1).float()
        return torch.stack([pixels.mean(1), pixels.amax(1)], 1)


def features(data: ImageDataModule) -> Features:
    head = nn.Linear(2, 3)
    nn.init.zeros_(head.weight)
    head.bias.data = torch.tensor([0.0, 1.0, 0.0])
    return Features("test", MeanAndMaximum(), "mean and maximum", head)


@pytest.fixture
def model() -> NoiseGAN:
    return build("model", compose(["network.width=4"])["model"]).requires_grad_(False)


def battery(num_samples: int = 700, **measures: Measure) -> Battery:
    made = Battery(features, measures, num_samples)
    made.prepare(build("data", compose([])["data"]), torch.device("cpu"))
    return made


def test_every_measure_sees_the_same_samples_in_full(model: NoiseGAN) -> None:
    one, other = Brightness(), Brightness()
    battery(one=one, other=other).measure(model, 3, at_end=True)
    assert one.seen is other.seen
    pictures = torch.cat([made.images for made in model.sample(700, 3)])
    assert torch.equal(one.seen.pictures, pictures)
    assert torch.equal(one.seen.features, MeanAndMaximum()(pictures))
    assert one.seen.classes is not None
    assert one.seen.classes.tolist() == [1] * 700
    assert one.seen.probabilities is not None
    assert torch.allclose(one.seen.probabilities.sum(1), torch.ones(700))


def test_what_is_costly_waits_for_the_end(model: NoiseGAN) -> None:
    cheap, costly = Brightness(in_training=True), Brightness()
    made = battery(cheap=cheap, costly=costly)
    made.measure(model, 0, at_end=False)
    assert hasattr(cheap, "seen")
    assert not hasattr(costly, "seen")
    made.measure(model, 0, at_end=True)
    assert hasattr(costly, "seen")


def test_a_number_carries_its_protocol_and_its_time(model: NoiseGAN) -> None:
    found = battery(one=Brightness()).measure(model, 5, at_end=True)["brightness"]
    assert found.protocol == {
        "features": "mean and maximum",
        "generated": 700,
        "generator_weights": "raw",
        "noise_seed": 5,
        "reference": "none",
        "unit": "grey levels",
    }
    assert found.seconds > 0


@pytest.mark.parametrize(
    ("in_floors", "floor", "times"), [(True, 2.0, 3.0), (True, 0.0, None), (True, None, None), (False, 2.0, None)]
)
def test_times_the_floor_only_where_that_says_something(
    in_floors: bool, floor: float | None, times: float | None
) -> None:
    assert Measured(Score(6.0, LOWER, floor, in_floors=in_floors), {}, 1.0).entry().get("times_floor") == times


def test_processes_share_the_samples_and_put_them_together_in_order(
    model: NoiseGAN, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two processes, one after the other: what each would send is kept, and then handed to both."""
    sent: list[Any] = [None, None]
    whole = Brightness()
    battery(1700, one=whole).measure(model, 1, at_end=True)
    for handing in (False, True):
        for rank in (0, 1):
            made = battery(1700, one=Brightness())
            made.rank, made.world_size = rank, 2

            def gather(out: list[Any], own: Any, rank: int = rank, handing: bool = handing) -> None:
                sent[rank] = own
                out[:] = sent if handing else [own, own]

            monkeypatch.setattr(torch.distributed, "all_gather_object", gather)
            samples = made._samples(model, 1)
            if handing:
                assert torch.equal(samples.pictures, whole.seen.pictures)
                assert torch.equal(samples.features, whole.seen.features)
    assert [len(parts) for parts in sent] == [2, 2]


class Elsewhere(nn.Module):
    """Features on another device than that of the pictures."""

    num_features = 2

    def forward(self, pictures: torch.Tensor) -> torch.Tensor:
        return torch.zeros(len(pictures), 2, device="meta")


def test_a_head_of_its_own_goes_to_the_device_of_the_network() -> None:
    found = Features("test", Elsewhere(), "elsewhere", nn.Linear(2, 3))
    reference = Reference(build("data", compose([])["data"]), found, 10, torch.device("meta"))
    assert reference.head is not None
    assert reference.head(reference.features_of(torch.zeros(4, 1, 8, 8, dtype=torch.uint8))).device.type == "meta"


def test_a_failure_of_the_first_process_is_told_to_the_others(model: NoiseGAN, monkeypatch: pytest.MonkeyPatch) -> None:
    class Failing(Measure):
        def measure(self, samples: Samples) -> dict[str, Score]:
            raise ValueError("out of order")

    sent: list[Any] = []
    for rank, error in ((0, ValueError), (1, UserError)):
        made = battery(100, one=Failing())
        made.rank, made.world_size = rank, 2

        def broadcast(out: list[Any], rank: int = rank, **_: Any) -> None:
            sent[:], out[:] = (out, out) if rank == 0 else (sent, sent)

        monkeypatch.setattr(torch.distributed, "broadcast_object_list", broadcast)
        monkeypatch.setattr(Battery, "_samples", lambda self, model, seed: None)
        with pytest.raises(error, match="out of order"):
            made.measure(model, 0, at_end=True)


def test_nothing_to_measure() -> None:
    with pytest.raises(UserError, match="metrics=none measures nothing; choose"):
        refuse_empty({"metrics": {"measure": {}}})
    with pytest.raises(UserError, match=r"metrics.num_samples=1"):
        Battery(features, {}, 1)
