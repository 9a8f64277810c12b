"""Last layers of a discriminator: what it says about the features `[N, F]` of its images.

A head is made by a factory that is given F, and called as `head(features, labels)`; most leave the labels unused.
"""

from __future__ import annotations

from collections.abc import Callable

from torch import Tensor, nn

HeadFactory = Callable[[int], nn.Module]
"""Makes a head for so many features."""


class LogitHead(nn.Module):
    """One logit for each image `[N]`: real or fake."""

    def __init__(self, num_features: int) -> None:
        super().__init__()
        self.logit = nn.Linear(num_features, 1)

    def forward(self, features: Tensor, labels: Tensor | None = None) -> Tensor:
        """Features `[N, F]` to logits `[N]`."""
        return self.logit(features).flatten()


class ProjectionHead(nn.Module):
    """psi . phi(x) + b + v_y . phi(x) with a learnt vector v_y for each class (Miyato and Koyama 2018, equation 3)."""

    def __init__(self, num_features: int, classes: int) -> None:
        super().__init__()
        self.logit = nn.Linear(num_features, 1)
        self.class_vectors = nn.Embedding(classes, num_features)
        nn.init.xavier_uniform_(self.class_vectors.weight)

    def forward(self, features: Tensor, labels: Tensor) -> Tensor:
        """Features `[N, F]` and labels `[N]` to logits `[N]`."""
        return self.logit(features).flatten() + (self.class_vectors(labels) * features).sum(1)


class ClassHead(nn.Module):
    """The logit `[N]` of being real, and one logit for each class `[N, classes]` (Odena et al. 2017)."""

    def __init__(self, num_features: int, classes: int) -> None:
        super().__init__()
        self.logit = nn.Linear(num_features, 1)
        self.classes = nn.Linear(num_features, classes)

    def forward(self, features: Tensor, labels: Tensor | None = None) -> tuple[Tensor, Tensor]:
        """Features `[N, F]` to logits `[N]` and class logits `[N, classes]`."""
        return self.logit(features).flatten(), self.classes(features)


class CodeHead(nn.Module):
    """The logit `[N]` of being real, and what the image says about G's code, `[N, outputs]` (Chen et al. 2016).

    The second branch, Q, has a hidden layer of 128 units of its own, as in the paper's appendix C.1, but no batch norm.
    """

    def __init__(self, num_features: int, outputs: int) -> None:
        super().__init__()
        self.logit = nn.Linear(num_features, 1)
        self.code = nn.Sequential(nn.Linear(num_features, 128), nn.LeakyReLU(0.1), nn.Linear(128, outputs))

    def forward(self, features: Tensor, labels: Tensor | None = None) -> tuple[Tensor, Tensor]:
        """Features `[N, F]` to logits `[N]` and the code's parameters `[N, outputs]`."""
        return self.logit(features).flatten(), self.code(features)


class VectorHead(nn.Module):
    """A vector `[N, dimension]` for each image: the middle of an auto-encoder."""

    def __init__(self, num_features: int, dimension: int) -> None:
        super().__init__()
        self.vector = nn.Linear(num_features, dimension)

    def forward(self, features: Tensor, labels: Tensor | None = None) -> Tensor:
        """Features `[N, F]` to vectors `[N, dimension]`."""
        return self.vector(features)
