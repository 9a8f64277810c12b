"""What samples and real images are compared in."""

from __future__ import annotations

from dataclasses import dataclass

from torch import nn


@dataclass(frozen=True)
class Features:
    """A feature space: its network, and what to call it.

    `name`, as "classifier", stands behind the name of each number that is measured in it. `network` maps uint8
    pictures `[N, C, H, W]` to float32 features `[N, network.num_features]`; it is frozen and in evaluation mode.
    `description` names it with the hash of its weights. `head`, where there is one, maps the features to a
    classifier's logits `[N, classes]`.
    """

    name: str
    network: nn.Module
    description: str
    head: nn.Linear | None = None
