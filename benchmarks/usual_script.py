"""The GAN script of most tutorials, to measure what a user gains who comes from one.

Images are opened and transformed one by one with PIL in a `DataLoader`; G runs once for D's update and again for its
own; D's weights gather gradients in G's phase; probabilities go through `BCELoss`; Adam is PyTorch's default
implementation; every step reads its losses back and prints them.
"""

from __future__ import annotations

import time
from typing import Any

import torch
from hand_written import synchronize
from PIL import Image
from torch import nn
from torch.utils.data import DataLoader, Dataset
from torchvision import transforms

from gan_lab.building import build
from gan_lab.data.datamodule import ImageDataModule


class Pictures(Dataset):
    """One picture at a time, as torchvision's own data sets give them."""

    def __init__(self, data: ImageDataModule) -> None:
        self.pictures = data.splits.train.pictures
        self.labels = data.splits.train.labels
        self.transform = transforms.Compose(
            [transforms.Resize(data.image_shape[1]), transforms.ToTensor(), transforms.Normalize([0.5], [0.5])]
        )

    def __len__(self) -> int:
        return len(self.pictures)

    def __getitem__(self, index: int) -> tuple[torch.Tensor, int]:
        picture = self.pictures[index].permute(1, 2, 0).squeeze(-1).numpy()
        return self.transform(Image.fromarray(picture)), int(self.labels[index])


def train(config: dict[str, Any], data: ImageDataModule, warm_up: int) -> float:
    """Seconds per iteration, from the end of the warm-up to the end of `config["iterations"]`."""
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    parts = build("model", config["model"])
    generator, discriminator = parts.generator.to(device), parts.discriminator.to(device)
    criterion = nn.BCELoss()
    options = {"lr": config["optimizer"]["lr"], "betas": tuple(config["optimizer"]["betas"])}
    generator_optimizer = torch.optim.Adam(generator.parameters(), **options)
    discriminator_optimizer = torch.optim.Adam(discriminator.parameters(), **options)
    loader = DataLoader(Pictures(data), batch_size=data.batch_size, shuffle=True, drop_last=True)
    started = 0.0
    for iteration, (images, _) in enumerate(loader, start=1):
        real = images.to(device)
        valid, invalid = torch.ones(len(real), device=device), torch.zeros(len(real), device=device)

        discriminator_optimizer.zero_grad()
        z = torch.rand(len(real), config["noise"]["dimension"], device=device) * 2 - 1
        real_loss = criterion(torch.sigmoid(discriminator(real, None)), valid)
        fake_loss = criterion(torch.sigmoid(discriminator(generator(z).detach(), None)), invalid)
        discriminator_loss = real_loss + fake_loss
        discriminator_loss.backward()
        discriminator_optimizer.step()

        generator_optimizer.zero_grad()
        z = torch.rand(len(real), config["noise"]["dimension"], device=device) * 2 - 1
        generator_loss = criterion(torch.sigmoid(discriminator(generator(z), None)), valid)
        generator_loss.backward()
        generator_optimizer.step()

        print(f"[{iteration}] [D loss: {discriminator_loss.item():f}] [G loss: {generator_loss.item():f}]")
        if iteration == warm_up:
            synchronize()
            started = time.perf_counter()
        if iteration == config["iterations"]:
            break
    synchronize()
    return (time.perf_counter() - started) / (config["iterations"] - warm_up)
