"""BEGAN: the discriminator is an auto-encoder, held in balance with the generator (Berthelot et al. 2017)."""

from __future__ import annotations

from functools import partial
from typing import Any

import torch
from torch import Tensor, nn

from gan_lab.adversarial import Terms
from gan_lab.checks import check_number, check_whole
from gan_lab.data.images import Batch, Fakes
from gan_lab.models.noise_gan import NetworkFactory, NoiseGAN
from gan_lab.networks.heads import VectorHead


class AutoEncoder(nn.Module):
    """Images to a vector and back: a discriminator's network with a vector for a head, then one like the generator."""

    def __init__(self, encoder: nn.Module, decoder: nn.Module) -> None:
        super().__init__()
        self.encoder = encoder
        self.decoder = decoder

    def forward(self, images: Tensor, labels: Tensor | None = None) -> Tensor:
        """Images `[N, C, H, W]` to their reconstructions, of the same shape."""
        return self.decoder(self.encoder(images))


class BEGAN(NoiseGAN):
    """D minimizes L(x) - k_t L(G(z)), G minimizes L(G(z)); L(v) = mean |v - D(v)| is the reconstruction's error.

    k_t, in [0, 1] and at first 0, moves by balance_rate * (gamma L(x) - L(G(z))) after each update of G, so that
    L(G(z)) = gamma L(x) in the equilibrium; a smaller gamma gives less diverse, cleaner images. The curves show k_t and
    the measure of convergence M = L(x) + |gamma L(x) - L(G(z))|. Berthelot et al. 2017, "BEGAN: Boundary Equilibrium
    Generative Adversarial Networks", sections 3.3 and 3.4.
    """

    k: Tensor
    without_batch_norm = "batchnorm=none"  # D's second half is made as the generator is

    def __init__(
        self,
        generator: NetworkFactory,
        discriminator: NetworkFactory,
        gamma: float = 0.5,
        balance_rate: float = 0.001,
        hidden_dimension: int = 64,
        **noise_gan: Any,
    ) -> None:
        check_number("model.gamma", gamma, above=0, most=1)
        check_number("model.balance_rate", balance_rate, least=0)
        check_whole("model.hidden_dimension", hidden_dimension, 1)

        def auto_encoder() -> nn.Module:
            encoder = discriminator(head=partial(VectorHead, dimension=hidden_dimension))
            return AutoEncoder(encoder, generator(noise_dimension=hidden_dimension))

        super().__init__(generator=generator, discriminator=auto_encoder, **noise_gan)
        self.gamma = gamma
        self.balance_rate = balance_rate
        self.register_buffer("k", torch.zeros(()))
        self._real_error = torch.zeros(())

    def critic(self, images: Tensor, labels: Tensor | None = None) -> Tensor:
        """The negative error of each image's reconstruction, `[N]`."""
        return -(images - self.discriminator(images)).abs().float().flatten(1).mean(1)

    def discriminator_loss(self, batch: Batch, fake: Fakes) -> Terms:
        """Reconstruct real images well, and fakes badly as far as k_t asks for it."""
        real_error, fake_error = -self.critic(batch.real).mean(), -self.critic(fake.images).mean()
        self._real_error = real_error.detach()
        self.observe_scores(-real_error, -fake_error)
        return {"real": real_error, "fake": -self.k * fake_error}

    def generator_loss(self, batch: Batch, fake: Fakes) -> Terms:
        """The reconstruction error of the fakes; then k_t moves."""
        error = -self.critic(fake.images).mean()
        balance = mean_over_processes(self.gamma * self._real_error - error.detach())
        if self.observing:
            self.observe({"balance/k": self.k.clone(), "balance/convergence": self._real_error + balance.abs()})
        self.k.add_(self.balance_rate * balance).clamp_(0, 1)
        return {"reconstruction": error}


def mean_over_processes(value: Tensor) -> Tensor:
    """The mean of what all processes have, so that what depends on it is the same in each."""
    if torch.distributed.is_available() and torch.distributed.is_initialized():
        torch.distributed.all_reduce(value)
        value /= torch.distributed.get_world_size()
    return value
