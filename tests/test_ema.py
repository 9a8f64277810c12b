from __future__ import annotations

import pytest
import torch
from torch import nn

from gan_lab.ema import ExponentialMovingAverage


def constant(value: float) -> nn.Sequential:
    network = nn.Sequential(nn.Linear(1, 1), nn.BatchNorm1d(1))
    for tensor in [*network.parameters(), network[1].running_mean, network[1].running_var]:
        nn.init.constant_(tensor, value)
    return network


def test_average_by_hand() -> None:
    ema = ExponentialMovingAverage(constant(0.0), decay=0.5)
    ema.update(constant(1.0), updates=0)  # decay 1/10
    assert ema.average[0].weight.item() == pytest.approx(0.9)
    ema.update(constant(2.0), updates=1)  # decay 2/11
    assert ema.average[0].weight.item() == pytest.approx(0.9 * 2 / 11 + 2 * 9 / 11)
    before = ema.average[0].weight.item()
    ema.update(constant(3.0), updates=1000)  # the full decay
    assert ema.average[0].weight.item() == pytest.approx(0.5 * before + 0.5 * 3)
    assert ema.average[1].running_mean.item() == pytest.approx(ema.average[0].weight.item())


def test_it_is_a_copy_that_is_never_trained() -> None:
    network = constant(1.0)
    ema = ExponentialMovingAverage(network, decay=0.5).train()
    assert not any(module.training for module in ema.modules())
    assert not any(parameter.requires_grad for parameter in ema.parameters())
    ema.update(constant(5.0), updates=0)
    assert network[0].weight.item() == 1.0
    assert torch.equal(ema(torch.ones(2, 1)), ema.average(torch.ones(2, 1)))
