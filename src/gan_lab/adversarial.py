"""The adversarial game: the only place that alternates the players, steps their optimizers and counts."""

from __future__ import annotations

import warnings
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable
from functools import reduce
from typing import Any

import pytorch_lightning as pl
import torch
from lightning_utilities.core.apply_func import apply_to_collection
from pytorch_lightning.core.optimizer import LightningOptimizer
from torch import Tensor, nn
from torch.optim import Optimizer

from gan_lab.checks import check_flag, check_number, check_whole
from gan_lab.ema import ExponentialMovingAverage
from gan_lab.errors import UserError
from gan_lab.health import Health, check_weights
from gan_lab.optimizer_states import fit_states
from gan_lab.phases import frozen, leave_uncounted
from gan_lab.seeding import seed_layers

OptimizerFactory = Callable[[Iterable[nn.Parameter]], Optimizer]
CHECKPOINT_KEY = "gan_lab"
"""Where a checkpoint holds what Lightning does not: configuration, overrides, unwritten scalars."""

Terms = dict[str, Tensor]
"""Named, already weighted scalar terms of a loss; their sum is what the player minimizes."""


class AdversarialModule(pl.LightningModule, ABC):
    """Trains a discriminator against a generator; a variant says what the fakes are and what each player minimizes.

    One iteration is one update of D on one batch; after `n_critic` of them G is updated once. `iteration` counts
    them, is Lightning's `global_step`, and is the x-axis of everything that a run writes.

        batch -> fake = generate(batch)
              -> D phase: discriminator_loss(batch, fake without gradient) -> backward -> step
              -> G phase: generator_loss(batch, fake)                      -> backward -> step

    One forward of G serves both phases, unless `fresh_fakes` asks for another in G's. In each phase the opponent's
    weights are frozen. `gradient_clip` above 0 is the largest norm of a player's gradient.
    """

    def __init__(
        self,
        generator: nn.Module,
        discriminator: nn.Module,
        generator_optimizer: OptimizerFactory,
        discriminator_optimizer: OptimizerFactory,
        n_critic: int = 1,
        pretrain_discriminator: int = 0,
        ema_decay: float = 0.0,
        lr_decay: float = 0.0,
        gradient_clip: float = 0.0,
        fresh_fakes: bool = False,
        seed: int = 0,
    ) -> None:
        super().__init__()
        check_whole("model.n_critic", n_critic, 1)
        check_whole("model.pretrain_discriminator", pretrain_discriminator, 0)
        check_number("model.ema_decay", ema_decay, least=0, most=0.999999)
        check_number("model.lr_decay", lr_decay, least=0, most=1)
        check_number("model.gradient_clip", gradient_clip, least=0)
        check_flag("model.fresh_fakes", fresh_fakes)
        self.automatic_optimization = False
        self.generator = generator
        self.discriminator = discriminator
        self.ema = ExponentialMovingAverage(generator, ema_decay) if ema_decay else None
        self.generator_optimizer = generator_optimizer
        self.discriminator_optimizer = discriminator_optimizer
        self.n_critic = n_critic
        self.pretrain_discriminator = pretrain_discriminator
        self.lr_decay = lr_decay
        self.gradient_clip = gradient_clip
        self.fresh_fakes = fresh_fakes
        self.seed = seed
        self.log_every = 0  # iterations between two points of the curves; 0 keeps no scalars
        self.observing = False  # whether the phase under way keeps its scalars
        self.scalars: dict[str, Tensor] = {}  # kept since the last point of the curves
        self.health = Health()
        self.resumed_at: int | None = None
        self.checkpoint_config: dict[str, Any] = {}  # plain values that rebuild this module from a checkpoint

    @abstractmethod
    def generate(self, batch: Any, purpose: str = "noise") -> Any:
        """Fakes for one batch, a tensor or a collection of tensors; for another `purpose` other ones."""

    @abstractmethod
    def discriminator_loss(self, batch: Any, fake: Any) -> Terms:
        """What D minimizes; `fake` carries no gradient."""

    @abstractmethod
    def generator_loss(self, batch: Any, fake: Any) -> Terms:
        """What G minimizes; D's weights are frozen, and gradients flow through D into `fake`."""

    def presented(self, batch: Any, fake: Any) -> tuple[Any, Any]:
        """Batch and fakes as D gets to see them in a phase: disturbed, where a variant wants that."""
        return batch, fake

    def penalties(self, batch: Any, fake: Any) -> Terms:
        """What is added to D's loss whatever the objective."""
        return {}

    def constrain_discriminator(self) -> None:
        """What is done to D's weights after each of its updates, such as clipping them."""

    @property
    def iteration(self) -> int:
        """Updates of D so far."""
        return self.trainer.global_step

    @property
    def sampler(self) -> nn.Module:
        """The generator to sample from: the averaged one where averaging is on."""
        return self.generator if self.ema is None else self.ema

    def generator_updates(self, iterations: int) -> int:
        """How often G has been updated after so many iterations."""
        return max(0, iterations - self.pretrain_discriminator) // self.n_critic

    def compile_players(self, backend: str | Callable[..., Any] = "inductor") -> None:
        """Let `torch.compile` translate both networks at their first use; their weights keep their names."""
        warnings.filterwarnings("ignore", r"The \.grad attribute of a Tensor that is not a leaf")  # its own tracing
        self.generator.compile(backend=backend)
        self.discriminator.compile(backend=backend)

    def configure_optimizers(self) -> list[Optimizer]:
        """One optimizer for each player, D's first."""
        optimizers = [
            self.discriminator_optimizer(self.discriminator.parameters()),
            self.generator_optimizer(self.generator.parameters()),
        ]
        for optimizer in optimizers:
            for group in optimizer.param_groups:
                group.setdefault("initial_lr", group["lr"])
        return optimizers

    def on_train_start(self) -> None:
        """See to what a checkpoint has brought, and whether fp16's loss scaling will skip updates."""
        self.health.scaled = getattr(self.trainer.precision_plugin, "scaler", None) is not None
        fit_states(self.trainer.optimizers)
        if self.resumed_at not in (None, self.iteration):
            raise UserError(f"the checkpoint's counters disagree: {self.resumed_at} and {self.iteration} iterations")

    def _decay_learning_rates(self, iteration: int) -> None:
        """Set both learning rates; a function of the iteration, since torch's schedulers count a player's own steps."""
        remaining = 1 - iteration / self.trainer.max_steps
        factor = min(1.0, remaining / self.lr_decay)
        for optimizer in self.trainer.optimizers:
            for group in optimizer.param_groups:
                group["lr"] = group["initial_lr"] * factor

    def training_step(self, batch: Any, batch_idx: int) -> None:
        """One iteration: D's update, and G's where it is due."""
        discriminator_optimizer, generator_optimizer = self.optimizers()  # type: ignore[attr-defined]
        leave_uncounted(generator_optimizer)
        iteration = self.iteration
        self.health.iteration = iteration + 1
        seed_layers(self.device, self.seed, "layers", iteration, self.global_rank)  # dropout
        if self.lr_decay:
            self._decay_learning_rates(iteration)
        updates = self.generator_updates(iteration)
        generator_is_due = self.generator_updates(iteration + 1) > updates
        next_point = (iteration // self.log_every + 1) * self.log_every if self.log_every else -1
        with torch.set_grad_enabled(generator_is_due and not self.fresh_fakes):
            fake = self.generate(batch)
        self.observing = next_point == iteration + 1
        with frozen(self.generator):
            seen = self.presented(batch, apply_to_collection(fake, Tensor, Tensor.detach))
            terms = {**self.discriminator_loss(*seen), **self.penalties(*seen)}
            self._update("discriminator", self.discriminator, discriminator_optimizer, terms)
        self.constrain_discriminator()
        if generator_is_due:
            self.observing = self.generator_updates(next_point) == updates + 1  # G's last update before the point
            if self.fresh_fakes:
                fake = self.generate(batch, "fresh noise")
            with frozen(self.discriminator):
                terms = self.generator_loss(*self.presented(batch, fake))
                self._update("generator", self.generator, generator_optimizer, terms)
            if self.ema is not None:
                self.ema.update(self.generator, updates)
        if self.health.is_full:
            self.health.check()

    def _update(self, player: str, network: nn.Module, optimizer: LightningOptimizer, terms: Terms) -> None:
        """Minimize the sum of `terms` by one optimizer step; backward and step stand together, as fp16 needs it."""
        loss = reduce(torch.add, terms.values())
        optimizer.zero_grad()
        self.manual_backward(loss)
        self.health.note(player, terms, network)
        if self.observing:
            self.observe({f"loss/{player}": loss, **{f"{player}/{name}": term for name, term in terms.items()}})
            norm = torch.nn.utils.get_total_norm([p.grad for p in network.parameters() if p.grad is not None])
            self.observe({f"grad_norm/{player}": norm / self._gradient_scale()})
        if self.gradient_clip:  # scaled as the gradients are, which fp16's plugin or a fused optimizer unscales later
            nn.utils.clip_grad_norm_(network.parameters(), self.gradient_clip * self._gradient_scale())
        optimizer.step()

    def check_numbers(self) -> None:
        """Raise a `UserError` where a loss term, gradient, weight or average is not finite: before each save, say."""
        self.health.check()
        check_weights(self, self.iteration)

    def _gradient_scale(self) -> float:
        """By how much fp16's loss scaling has enlarged the gradients."""
        scaler = getattr(self.trainer.precision_plugin, "scaler", None)
        return 1.0 if scaler is None else scaler.get_scale()

    def on_save_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """Let the checkpoint carry the configuration, so that it can be used without any other file."""
        scalars = {name: value.item() for name, value in self.scalars.items()}
        checkpoint[CHECKPOINT_KEY] = {**self.checkpoint_config, "scalars": scalars}

    def on_load_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """Go on with the point of the curves that was being gathered."""
        self.resumed_at = checkpoint["global_step"]
        scalars = checkpoint[CHECKPOINT_KEY]["scalars"]
        self.scalars = {name: torch.tensor(value, device=self.device) for name, value in scalars.items()}

    def take_scalars(self) -> dict[str, float]:
        """The scalars kept since the last call, read back from the device at once."""
        kept, self.scalars = self.scalars, {}
        values = torch.stack([value.float().to(self.device) for value in kept.values()]).tolist() if kept else []
        return dict(zip(kept, values, strict=True))

    def observe(self, scalars: Terms) -> None:
        """Keep scalars for the curves; call it only while `observing`."""
        self.scalars.update({name: scalar.detach() for name, scalar in scalars.items()})
