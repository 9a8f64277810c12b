"""The features of images whose channels are pictures of their own: the classifier of one channel, on each of them."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from gan_lab.data.datamodule import ImageDataModule
from gan_lab.errors import UserError
from gan_lab.metrics.classifier import Classifier, described, shipped
from gan_lab.metrics.features import Features


class PerChannel(nn.Module):
    """A network of grey pictures on every channel by itself; its features stand one channel behind the other."""

    def __init__(self, network: Classifier, channels: int) -> None:
        super().__init__()
        self.network = network
        self.num_features = channels * network.num_features

    def forward(self, pictures: Tensor) -> Tensor:
        """uint8 `[N, channels, H, W]` to features `[N, num_features]`."""
        return self.network(pictures.flatten(0, 1).unsqueeze(1)).view(len(pictures), self.num_features)


def load_features(data: ImageDataModule, of: str) -> Features:
    """The features of `data` by the shipped classifier of the data set `of`.

    The class of an image is the number that its channels' classes spell, as 100 r + 10 g + b.

    Raises:
        UserError: where no classifier ships for `of`, or the images have not such classes.
    """
    found = shipped(of)
    if found is None:
        raise UserError(f"data.features.of={of}: no classifier ships for it; choose mnist")
    network, facts = found
    channels, classes = data.image_shape[0], network.head.out_features
    if data.classes != classes**channels:
        raise UserError(
            f"data.classes={data.classes}: {channels} channels with {classes} classes each make {classes**channels}; "
            "set it to that"
        )
    description = f"{described(of, facts)}, on each of {channels} channels"
    return Features("classifier", PerChannel(network, channels), description, joint_head(network.head, channels))


def joint_head(head: nn.Linear, channels: int) -> nn.Linear:
    """One layer for all channels' classes together, `[channels * D]` to `[classes ** channels]` logits.

    The logit of the class r, g, b is the sum of the three channels' logits, so that its probability is the product of
    the three: softmax(a_r + b_g + c_b) = softmax(a)_r softmax(b)_g softmax(c)_b.
    """
    classes = torch.arange(head.out_features)
    digits = torch.cartesian_prod(*[classes] * channels).view(-1, channels)
    joint = nn.Linear(channels * head.in_features, len(digits), device="meta")
    joint.weight = nn.Parameter(head.weight[digits].flatten(1), requires_grad=False)
    joint.bias = nn.Parameter(head.bias[digits].sum(1), requires_grad=False)
    return joint.eval()
