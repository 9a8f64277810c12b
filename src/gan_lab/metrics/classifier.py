"""A small classifier of each data set, whose last hidden layer is the feature space of `fid/classifier`.

The weights for digits and MNIST ship with the package, made by `gan-lab classifier NAME`, with their hashes in
`weights/SHA256SUMS` and their test accuracy inside; for other data sets the classifier is trained on first use, by the
same recipe, and cached.
"""

from __future__ import annotations

import hashlib
import json
import logging
from importlib import resources
from typing import Any

import safetensors.torch
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from gan_lab import launch
from gan_lab.cache import cached
from gan_lab.data.datamodule import ImageDataModule
from gan_lab.data.images import Images, Splits, resize, to_floats
from gan_lab.errors import UserError
from gan_lab.metrics.features import Features
from gan_lab.paths import cache_folder

log = logging.getLogger(__name__)

RECIPE: dict[str, Any] = {
    "epochs": 12,
    "batch_size": 128,
    "peak_lr": 0.004,
    "weight_decay": 0.01,
    "shift": 2,  # pixels of random translation for images of 28 pixels and more; smaller ones shift by 1
    "seed": 0,
}


class Classifier(nn.Module):
    """Blocks of a 3x3 convolution and max-pooling down to 4 pixels or less, then a hidden layer of 128 units."""

    num_features = 128

    def __init__(self, channels: int, image_size: int, classes: int) -> None:
        super().__init__()
        self.image_size = image_size
        blocks: list[nn.Module] = []
        width, size, inputs = 32, image_size, channels
        while size > 4:
            blocks += [nn.Conv2d(inputs, width, 3, padding=1, bias=False), nn.BatchNorm2d(width), nn.ReLU()]
            blocks.append(nn.MaxPool2d(2))
            inputs, size, width = width, size // 2, 64
        self.body = nn.Sequential(
            *blocks,
            nn.Flatten(),
            nn.Linear(inputs * size * size, self.num_features, bias=False),
            nn.BatchNorm1d(self.num_features),
            nn.ReLU(),
        )
        self.head = nn.Linear(self.num_features, classes)

    def forward(self, pictures: Tensor) -> Tensor:
        """uint8 `[N, C, H, W]` of any size to features `[N, 128]`, which are 0 or greater."""
        return self.body(to_floats(resize(pictures, self.image_size)))

    def logits(self, pictures: Tensor) -> Tensor:
        """uint8 `[N, C, H, W]` of any size to one logit for each class `[N, classes]`."""
        return self.head(self(pictures))


def load_features(data: ImageDataModule) -> Features:
    """The feature space of `data`: its own way to one, else from the package, from the cache, or trained now."""
    if data.features is not None:
        return data.features(data)
    network, facts = shipped(data.name) or _cached(data)
    return Features("classifier", network, described(data.name, facts), network.head)


def described(name: str, facts: dict[str, str]) -> str:
    """What to call the features of the classifier of data set `name`."""
    return (
        f"{name} classifier, 128 features, {100 * float(facts['test_accuracy']):.2f} % test accuracy, "
        f"sha256 {facts['sha256'][:12]}"
    )


def shipped(name: str) -> tuple[Classifier, dict[str, str]] | None:
    """The classifier of data set `name` that is in the package, with its facts; `None` where there is none."""
    with resources.as_file(resources.files("gan_lab.metrics") / "weights" / f"{name}.safetensors") as path:
        return load(path.read_bytes()) if path.is_file() else None


def _cached(data: ImageDataModule) -> tuple[Classifier, dict[str, str]]:
    """The classifier of data for which none ships."""
    splits = data.read(data.root)
    inputs = repr((RECIPE, splits.train.fingerprint(), splits.test.fingerprint()))
    key = hashlib.sha256(inputs.encode()).hexdigest()[:12]
    path = cache_folder() / "classifiers" / f"{data.name}-{key}.safetensors"

    def make() -> bytes:
        log.info("training the classifier of data=%s for fid/classifier: once, for some minutes", data.name)
        return train(data.name, splits)

    made = cached(path, load, make)
    if launch.is_launched() and not path.is_file():  # each process may have come to weights of its own
        raise UserError(f"several processes need one classifier, but {path} cannot be written; set XDG_CACHE_HOME")
    return made


def load(content: bytes) -> tuple[Classifier, dict[str, str]]:
    """A trained classifier, frozen and in evaluation mode, and the facts that its file states, with its SHA-256.

    Raises:
        SafetensorError, ValueError, KeyError, TypeError, RuntimeError: where it is not the whole file of a classifier.
    """
    weights = safetensors.torch.load(content)
    header = int.from_bytes(content[:8], "little")  # JSON's length in bytes; `load` leaves out what it says beside
    facts = json.loads(content[8 : 8 + header])["__metadata__"]
    network = Classifier(*json.loads(facts["shape"]))
    network.load_state_dict(weights)
    return network.eval().requires_grad_(False), {**facts, "sha256": hashlib.sha256(content).hexdigest()}


def train(name: str, splits: Splits) -> bytes:
    """Train a classifier by the recipe, and return the content of its file, which states its test accuracy, 0 to 1."""
    _, channels, size, _ = splits.train.pictures.shape
    shape = (channels, size, int(splits.train.labels.max()) + 1)
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    recipe = {**RECIPE, "epochs": (1 if len(splits.train) >= 10_000 else 5) * RECIPE["epochs"]}  # 5: for the digits
    network = trained(shape, splits.train.to(device), recipe)
    accuracy = measure_accuracy(network, splits.test.to(device))
    facts = {
        "data": name,
        "shape": json.dumps(shape),
        "recipe": json.dumps(recipe),
        "test_accuracy": f"{accuracy:.4f}",
        "test_images": str(len(splits.test)),
        "torch": torch.__version__.split("+")[0],
    }
    return safetensors.torch.save({key: value.cpu().contiguous() for key, value in network.state_dict().items()}, facts)


def trained(shape: tuple[int, int, int], images: Images, recipe: dict[str, Any] = RECIPE) -> Classifier:
    """A new classifier of this shape, channels, size and classes, trained by the recipe where the images are.

    What is random about it comes from the recipe's seed alone, and the caller's random numbers stay as they were.
    """
    with torch.random.fork_rng():
        torch.manual_seed(recipe["seed"])
        network = Classifier(*shape).to(images.pictures.device)
        network.to(memory_format=torch.channels_last)  # nearly twice as fast
        return fit(network, images, recipe)


def fit(network: Classifier, images: Images, recipe: dict[str, Any] = RECIPE) -> Classifier:
    """Cross-entropy, AdamW and a one-cycle learning rate, on pictures shifted at random."""
    epochs, batch_size = recipe["epochs"], recipe["batch_size"]
    steps = len(images) // batch_size
    optimizer = torch.optim.AdamW(network.parameters(), weight_decay=recipe["weight_decay"])
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, recipe["peak_lr"], total_steps=epochs * steps)
    shift = recipe["shift"] if network.image_size >= 28 else 1
    network.train()
    for epoch in range(epochs):
        order = torch.randperm(len(images))
        for chosen in order[: steps * batch_size].split(batch_size):
            logits = network.logits(random_shift(images.pictures[chosen], shift))
            loss = F.cross_entropy(logits, images.labels[chosen])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            schedule.step()
        log.info("classifier: epoch %d of %d, last loss %.4f", epoch + 1, epochs, loss.item())
    return network.eval()


def random_shift(pictures: Tensor, pixels: int) -> Tensor:
    """The batch moved by one random offset of up to `pixels` each way, black where nothing was."""
    top, left = torch.randint(0, 2 * pixels + 1, (2,)).tolist()
    height, width = pictures.shape[-2:]
    return F.pad(pictures, [pixels] * 4)[..., top : top + height, left : left + width]


@torch.no_grad()
def measure_accuracy(network: Classifier, images: Images) -> float:
    """The share of images, 0 to 1, whose class the classifier tells."""
    right = sum(
        int((network.logits(pictures).argmax(1) == labels).sum())
        for pictures, labels in zip(images.pictures.split(1000), images.labels.split(1000), strict=True)
    )
    return right / len(images)
