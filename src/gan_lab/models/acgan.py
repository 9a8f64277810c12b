"""GAN with an auxiliary classifier (Odena et al. 2017)."""

from __future__ import annotations

from functools import partial
from typing import Any

from torch import Tensor
from torch.nn import functional as F

from gan_lab.adversarial import Terms
from gan_lab.checks import check_number
from gan_lab.data.images import Batch, Fakes
from gan_lab.models.conditional import Conditional
from gan_lab.models.gan import GAN
from gan_lab.models.noise_gan import NetworkFactory
from gan_lab.networks.heads import ClassHead


class ACGAN(Conditional, GAN):
    """D tells real from fake and names the class of both; G(z, y) makes images that D takes for real ones of class y.

    Both players minimize, beside the original game's losses, weight * cross-entropy of D's class logits: D on real
    images and fakes, G on its fakes. Odena et al. 2017, "Conditional Image Synthesis with Auxiliary Classifier GANs",
    equations 2 and 3.
    """

    def __init__(
        self,
        generator: NetworkFactory,
        discriminator: NetworkFactory,
        classes: int,
        class_weight: float = 1.0,
        **gan: Any,
    ) -> None:
        check_number("model.class_weight", class_weight, above=0)
        super().__init__(
            generator=partial(generator, classes=classes),
            discriminator=partial(discriminator, head=partial(ClassHead, classes=classes)),
            classes=classes,
            **gan,
        )
        self.class_weight = class_weight

    def critic(self, images: Tensor, labels: Tensor | None = None) -> Tensor:
        """D's logit of being real, `[N]`."""
        return self.discriminator(images)[0]

    def discriminator_loss(self, batch: Batch, fake: Fakes) -> Terms:
        """Tell real from fake, and name the classes."""
        (real_logits, real_classes), (fake_logits, fake_classes) = map(self.discriminator, (batch.real, fake.images))
        return {
            **self.tell_apart(real_logits, fake_logits),
            "real_class": self._class_loss(real_classes, batch.labels),
            "fake_class": self._class_loss(fake_classes, fake.labels),
        }

    def generator_loss(self, batch: Batch, fake: Fakes) -> Terms:
        """Look real, and like the class that was asked for."""
        logits, classes = self.discriminator(fake.images)
        return {**self.deceive(logits), "class": self._class_loss(classes, fake.labels)}

    def _class_loss(self, class_logits: Tensor, labels: Tensor | None) -> Tensor:
        assert labels is not None
        return self.class_weight * F.cross_entropy(class_logits.float(), labels)
