"""How D judges real images that it has never been trained on."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from gan_lab.checks import check_whole
from gan_lab.compiling import uncompiled
from gan_lab.data.images import Images, to_floats
from gan_lab.metrics.measure import NEITHER, Measure, Reference, Samples, Score
from gan_lab.models.noise_gan import NoiseGAN

BATCH = 500


class HeldOutJudgement(Measure):
    """Whether D has learned what real images are, or which ones it was shown.

    - `D/held_out_auc`: the probability that D scores a training image above a test image, ties counting half. 0.5 where
      D cannot tell them, the more above it the more D has memorized; neither a low value nor a high one is better. The
      details give the deviation that chance alone has around 0.5.
    - `D/held_out_accuracy`: the share of the test images that D puts on the real side of 0, with the shares of the
      training images and of the samples in the details; only where the variant's critic gives a logit. In a balanced
      game all three come near 1/2, so that here too neither direction is better.

    D is in evaluation mode, sees the images without noise or augmentation, and real ones with their labels where it is
    conditional. With batch norm its running statistics, of real images and fakes mixed, stand in for those of the
    batch, so that the accuracy may be another one than `D/accuracy` of the curves. Where D judges packs of images,
    each pack counts as one.
    """

    def __init__(self, images: int = 2000, in_training: bool = False) -> None:
        check_whole("metrics.measure.discriminator.images", images, 2)
        super().__init__(in_training)
        self.images = images

    def prepare(self, reference: Reference) -> None:
        """Choose the images, always the same ones."""
        super().prepare(reference)
        splits = reference.data.splits
        self._train, self._test = (reference.chosen(images, self.images) for images in (splits.train, splits.test))

    def measure(self, samples: Samples) -> dict[str, Score]:
        """The first for all variants, the second where `critic_is_logit`."""
        model = samples.model
        train, test = judge(model, self._train), judge(model, self._test)
        num, other = len(train), len(test)
        details = {"std_by_chance": ((num + other + 1) / (12 * num * other)) ** 0.5}
        made = {"D/held_out_auc": Score(probability_above(train, test), NEITHER, details=details)}
        if model.critic_is_logit:
            fake = judge_pictures(model, samples.pictures[: self.images], samples.labels)
            made["D/held_out_accuracy"] = Score(
                share_above_zero(test),
                NEITHER,
                details={"training_images": share_above_zero(train), "samples": share_above_zero(fake)},
            )
        return made

    def protocol(self) -> dict[str, Any]:
        """How many images D judges."""
        return {"training_images": len(self._train), "test_images": len(self._test)}


def judge(model: NoiseGAN, images: Images) -> Tensor:
    """D's scores of real images with their labels, in evaluation mode."""
    return judge_pictures(model, images.pictures, images.labels)


@torch.no_grad()
def judge_pictures(model: NoiseGAN, pictures: Tensor, labels: Tensor | None) -> Tensor:
    """D's scores of uint8 pictures `[N, C, H, W]`, in evaluation mode: `[N]`, or one for each pack."""
    parts = -(-len(pictures) // BATCH)
    label_parts = [None] * parts if labels is None else labels[: len(pictures)].tensor_split(parts)
    discriminator = model.discriminator
    training = discriminator.training
    discriminator.eval()
    try:  # parts of nearly equal size, so that none is too small for a pack
        with uncompiled():
            return torch.cat(
                [
                    model.critic(
                        to_floats(part.to(model.device), model.black),
                        None if part_labels is None else part_labels.to(model.device),
                    ).float()
                    for part, part_labels in zip(pictures.tensor_split(parts), label_parts, strict=True)
                ]
            )
    finally:
        discriminator.train(training)


def probability_above(first: Tensor, second: Tensor) -> float:
    """The probability that a value of `first` is above one of `second`, ties counting half: Mann-Whitney's U / nm."""
    ordered = second.sort().values
    below, below_or_equal = (torch.searchsorted(ordered, first, right=right) for right in (False, True))
    return float((below + below_or_equal).double().mean() / (2 * len(second)))


def share_above_zero(logits: Tensor) -> float:
    """The share of the logits on the real side."""
    return float((logits > 0).double().mean())
