"""What batch normalization does for a small classifier (Ioffe and Szegedy 2015), by a well-known notebook.

A fully connected network 784-512-256-10 with ReLU on MNIST in [0, 1], plain SGD, the files' order, no warm-up, once
with batch norm on both hidden layers and once without, over several seeds of the initial weights. With batch norm the
test images are also measured in training mode, where each batch is normalized by itself.
"""

from __future__ import annotations

import copy
import statistics
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from omegaconf import DictConfig
from torch import Tensor, nn
from torch.nn import functional as F
from tqdm import tqdm

from gan_lab.building import build, plain
from gan_lab.checks import check_list, check_number, check_whole
from gan_lab.data.images import Images, to_floats
from gan_lab.errors import UserError
from gan_lab.settings import Settings
from gan_lab.studies.reporting import Report
from gan_lab.summary import shown

if TYPE_CHECKING:
    from matplotlib.axes import Axes

WITH, WITHOUT = "batch norm", "no batch norm"
TRAIN_MODE = "batch norm, training mode"


def classifier(pixels: int, widths: list[int], classes: int, batchnorm: bool) -> nn.Sequential:
    """Images `[N, pixels]` to logits `[N, classes]`; batch norm stands before the activation and replaces the bias."""
    layers: list[nn.Module] = []
    for width in widths:
        layers.append(nn.Linear(pixels, width, bias=not batchnorm))
        layers += [nn.BatchNorm1d(width), nn.ReLU()] if batchnorm else [nn.ReLU()]
        pixels = width
    return nn.Sequential(*layers, nn.Linear(pixels, classes))


def train_epoch(network: nn.Module, optimizer: torch.optim.Optimizer, batches: list[tuple[Tensor, Tensor]]) -> float:
    """One pass in the given order; the mean training loss of its batches."""
    network.train()
    total = torch.zeros((), device=batches[0][0].device)
    for images, labels in batches:
        loss = F.cross_entropy(network(images), labels)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        total += loss.detach()
    return total.item() / len(batches)


@torch.no_grad()
def accuracy(network: nn.Module, batches: list[tuple[Tensor, Tensor]], train_mode: bool = False) -> float:
    """The part of the images that is classified right, in [0, 1]; the network itself stays as it is."""
    judged = copy.deepcopy(network).train(train_mode)  # training mode would move the running statistics
    right = sum(int((judged(images).argmax(1) == labels).sum()) for images, labels in batches)
    return right / sum(len(labels) for _, labels in batches)


def in_batches(images: Images, batch_size: int, device: torch.device) -> list[tuple[Tensor, Tensor]]:
    """Flat pictures in [0, 1] with their labels, in the files' order."""
    pictures = to_floats(images.pictures, black=0.0).flatten(1).to(device)
    return list(zip(pictures.split(batch_size), images.labels.to(device).split(batch_size), strict=True))


def run(config: DictConfig, folder: Path, overrides: list[str]) -> float:
    """Train all networks and return the test error of batch norm in evaluation mode, averaged over the seeds.

    Raises:
        UserError: for a value that does not suit.
    """
    values = plain(config)
    study, settings = values["study"], Settings.of(values)
    check_whole("study.seeds", study["seeds"], 1)
    check_number("study.lr", study["lr"], above=0)
    check_whole("epochs", settings.epochs, 1)
    if settings.iterations is not None:
        raise UserError(f"iterations={settings.iterations}: this study counts passes; choose epochs instead")
    check_list("study.widths", study["widths"])
    for width in study["widths"]:
        check_whole("study.widths", width, 1)
    if settings.devices > 1:
        raise UserError(f"trainer.devices={settings.devices}: this study uses one device; choose trainer.devices=1")
    data = build("data", values["data"])
    data.check(1)
    device = settings.device(0)
    train, test = (in_batches(part, data.batch_size, device) for part in (data.splits.train, data.splits.test))
    report = Report(values, folder)
    curves: dict[str, list[list[float]]] = {WITH: [], WITHOUT: []}
    accuracies: dict[str, list[float]] = {WITH: [], TRAIN_MODE: [], WITHOUT: []}
    epochs = settings.budget(batches_per_epoch=1)  # counted in passes
    for kind in tqdm([WITH, WITHOUT] * study["seeds"], desc="networks", disable=None):
        seed = settings.seed + len(curves[kind])
        torch.manual_seed(seed)
        network = classifier(train[0][0].shape[1], study["widths"], data.classes, kind == WITH).to(device)
        optimizer = torch.optim.SGD(network.parameters(), study["lr"])
        losses = [train_epoch(network, optimizer, train) for _ in range(epochs)]
        curves[kind].append(losses)
        accuracies[kind].append(accuracy(network, test))
        if kind == WITH:
            accuracies[TRAIN_MODE].append(accuracy(network, test, train_mode=True))
    return finish(report, curves, accuracies)


def finish(report: Report, curves: dict[str, list[list[float]]], accuracies: dict[str, list[float]]) -> float:
    """The loss curves, averaged over the seeds, and the table of test accuracies."""
    means = {kind: [statistics.mean(epoch) for epoch in zip(*runs, strict=True)] for kind, runs in curves.items()}
    for epoch in range(len(means[WITH])):
        report.point({f"loss/{kind.replace(' ', '_')}": losses[epoch] for kind, losses in means.items()}, epoch + 1)

    def draw(axes: Axes) -> None:
        for kind, colour in ((WITH, "tab:blue"), (WITHOUT, "tab:orange")):
            axes.plot(range(1, len(means[kind]) + 1), means[kind], color=colour, label=kind, linewidth=2)
            for losses in curves[kind]:
                axes.plot(range(1, len(losses) + 1), losses, color=colour, alpha=0.25, linewidth=0.8)
        axes.set(xlabel="epoch", ylabel="training loss")
        axes.legend()

    picture = report.picture("losses", draw, f"Training loss of {len(curves[WITH])} networks each, and their mean")
    results: dict[str, Any] = {"training_loss": means}
    lines = [f"{'test accuracy':28}{'mean':>9}{'std':>8}   over {len(accuracies[WITH])} seeds"]
    for kind, values in accuracies.items():
        mean, std = statistics.mean(values), statistics.stdev(values) if len(values) > 1 else 0.0
        results[kind] = {"mean": mean, "std": std, "test_accuracy": values}
        lines.append(f"{kind:28}{100 * mean:7.2f} %{100 * std:6.2f} %")
    report.finish(results, [*lines, f"loss curves  {shown(picture)}"])
    return 1 - results[WITH]["mean"]
