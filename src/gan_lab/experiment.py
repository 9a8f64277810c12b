"""One run from configuration to summary."""

from __future__ import annotations

import json
import logging
import os
import warnings
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytorch_lightning as pl
import torch
from omegaconf import DictConfig
from pytorch_lightning.loggers import Logger, TensorBoardLogger

from gan_lab import launch
from gan_lab.building import build, first_line, plain
from gan_lab.callbacks.checkpoints import LAST, Checkpoints
from gan_lab.callbacks.evaluation import Evaluation
from gan_lab.callbacks.progress import IterationBar
from gan_lab.callbacks.recording import Recorder
from gan_lab.callbacks.samples import SampleGrids
from gan_lab.callbacks.schedule import interval
from gan_lab.checkpoint import limited_to
from gan_lab.csv_logger import MetricsCSV
from gan_lab.data.datamodule import ImageDataModule
from gan_lab.errors import UserError
from gan_lab.models.noise_gan import NoiseGAN
from gan_lab.profiling import Unprofiled
from gan_lab.resuming import Resumed, find_resumed
from gan_lab.run_folder import claim_folder, refuse_used_folder
from gan_lab.settings import Settings
from gan_lab.summary import closing_lines, summarize, write_summary

log = logging.getLogger(__name__)


@dataclass
class Run:
    """The parts of one run, built and checked, ready to train."""

    model: NoiseGAN
    data: ImageDataModule
    trainer: pl.Trainer
    recorder: Recorder
    evaluation: Evaluation | None
    folder: Path


def run(config: DictConfig, folder: Path, overrides: list[str]) -> float | None:
    """Train as the configuration says, leave everything in `folder`, and return the final FID where there is one.

    Raises:
        UserError: for a mistake in the configuration, before training starts.
    """
    quiet_lightning()
    rule_out_gpus()
    values = plain(config)
    settings = Settings.of(values)
    pl.seed_everything(settings.seed, verbose=False)  # for the initial weights; training draws from seeds of its own
    resumed = find_resumed(values)
    with nullcontext() if resumed is None else limited_to(resumed.weights):
        model = build("model", values["model"])
    data = build("data", values["data"])
    data.check(settings.devices)
    if resumed is not None:
        resumed.check_budget(settings.budget(data.batches_per_epoch), settings.fraction)
    if settings.devices > 1 and not launch.is_launched():
        check_before_launch(values, data, folder, resumed)
        launch.launch(settings.devices, overrides, folder)
        return final_fid(json.loads((folder / "summary.json").read_text()))
    prepared = prepare(values, settings, model, data, folder, overrides, resumed)
    fit(prepared, resumed)
    return finish(prepared, values)


def fit(prepared: Run, resumed: Resumed | None) -> None:
    """Train from the start, or from a checkpoint, to the end of the budget.

    Raises:
        UserError: where the user has stopped it; it says how to go on. Also where a checkpoint's state does not fit, by
            which the first iteration at the latest fails.
    """
    checkpoint = None if resumed is None else resumed.path
    try:
        prepared.trainer.fit(prepared.model, datamodule=prepared.data, ckpt_path=checkpoint, weights_only=True)
    except UserError:
        raise
    except (KeyboardInterrupt, SystemExit) as stop:  # Lightning makes an exit of the interrupt
        done, saved = prepared.trainer.global_step, (prepared.folder / "checkpoints" / LAST).exists()
        remedy = f"resume={prepared.folder} goes on from the last save" if saved else "nothing was saved yet"
        raise UserError(f"stopped at iteration {done}; {remedy}") from stop
    except Exception as error:
        started_at = prepared.recorder.started_at
        if resumed is None or (started_at is not None and prepared.trainer.global_step > started_at + 1):
            raise
        raise UserError(
            f"resume={checkpoint}: its state does not fit this run ({type(error).__name__}: {first_line(error)}); "
            "name a checkpoint that this run has written"
        ) from error
    if resumed is not None and prepared.recorder.started_at != resumed.iterations:
        raise UserError(f"resume={checkpoint}: its counters disagree; name a checkpoint that this run has written")


def prepare(
    config: dict[str, Any],
    settings: Settings,
    model: NoiseGAN,
    data: ImageDataModule,
    folder: Path,
    overrides: list[str],
    resumed: Resumed | None = None,
) -> Run:
    """Put the parts of a run together and check that they fit; nothing is trained yet, and the folder comes last."""
    iterations = settings.budget(data.batches_per_epoch)
    if settings.channels_last:
        model.to(memory_format=torch.channels_last)
    if settings.compile:
        model.compile_players()
    model.log_every = min(settings.log_every, iterations)
    model.checkpoint_config = {"config": config, "overrides": overrides}
    check_optimizers(model)
    recorder = Recorder(model.log_every, data.batch_size, data.batches_per_epoch)
    callbacks, evaluation = build_callbacks(config, settings, folder, iterations, recorder)
    if evaluation is not None:
        metric = evaluation.metric
        metric.prepare(data, settings.device(launch.local_rank()), launch.rank(), settings.devices)
        log.info("floor of %s, real test images: %.4g", metric.name, metric.floor)
    if launch.rank() == 0 and (resumed is None or folder.resolve() != resumed.path.parent.parent):
        claim_folder(folder)
    loggers = build_loggers(config, folder, 0 if resumed is None else resumed.iterations)
    trainer = build_trainer(settings, folder, iterations, callbacks, loggers)
    return Run(model, data, trainer, recorder, evaluation, folder)


def check_before_launch(config: dict[str, Any], data: ImageDataModule, folder: Path, resumed: Resumed | None) -> None:
    """Find here, where one line can tell it, what would otherwise fail in each of several processes."""
    if config["metrics"]["fid"] is not None:
        build("metrics.fid", config["metrics"]["fid"]).load_features(data)
    if resumed is None:
        refuse_used_folder(folder)


def check_optimizers(model: NoiseGAN) -> None:
    """Raise a `UserError` where an optimizer does not take its values."""
    try:
        model.configure_optimizers()
    except (ValueError, TypeError, RuntimeError) as error:
        raise UserError(f"optimizer: {error}; mend optimizer.*") from error


def quiet_lightning() -> None:
    """Leave the terminal to what a user asked for: Lightning's notes about itself go, its warnings stay."""
    for name in ("pytorch_lightning", "lightning_fabric"):
        logging.getLogger(name).setLevel(logging.WARNING)
    warnings.filterwarnings("ignore", module="pytorch_lightning.utilities._pytree")  # its own deprecated call
    warnings.filterwarnings("ignore", r".*module\(s\) in eval mode.*")  # the averaged generator, on purpose


def rule_out_gpus() -> None:
    """Say once that this machine has no GPU; PyTorch else looks for one in every step of an optimizer, for 0.3 ms."""
    if not torch.cuda.is_available():
        os.environ["CUDA_VISIBLE_DEVICES"] = ""


def build_callbacks(
    config: dict[str, Any], settings: Settings, folder: Path, iterations: int, recorder: Recorder
) -> tuple[list[pl.Callback], Evaluation | None]:
    """What happens beside training, in the order in which it happens at the end of an iteration."""
    evaluation = None
    if config["metrics"]["fid"] is not None:
        metric = build("metrics.fid", config["metrics"]["fid"])
        every = interval(config["metrics"]["every"], iterations, 10, least=100)
        evaluation = Evaluation(metric, every, settings.seed, recorder)
    samples = SampleGrids(folder / "samples", interval(settings.sample_every, iterations, 40, least=10), recorder)
    every = interval(settings.checkpoint_every, iterations, 20)
    callbacks: list[pl.Callback] = [recorder, samples]
    if evaluation is not None:
        callbacks.append(evaluation)
    callbacks += [IterationBar(recorder), Checkpoints(folder / "checkpoints", every, evaluation, recorder)]
    return callbacks, evaluation


def build_loggers(config: dict[str, Any], folder: Path, resumed_at: int) -> list[Logger]:
    """`metrics.csv`, and TensorBoard's events where asked for; points past `resumed_at` give way to new ones."""
    folder.mkdir(parents=True, exist_ok=True)
    loggers: list[Logger] = [MetricsCSV(folder / "metrics.csv", resumed_at)]
    if config["logger"]["tensorboard"]:
        options: dict[str, Any] = {"purge_step": resumed_at + 1} if resumed_at else {}
        loggers.append(TensorBoardLogger(folder, name="", version="", default_hp_metric=False, **options))
    return loggers


def build_trainer(
    settings: Settings, folder: Path, iterations: int, callbacks: list[pl.Callback], loggers: list[Logger]
) -> pl.Trainer:
    """Lightning's trainer for so many iterations."""
    return pl.Trainer(
        accelerator=settings.accelerator,
        devices=settings.devices,
        # each phase leaves the opponent's weights without gradients
        strategy="ddp_find_unused_parameters_true" if settings.devices > 1 else "auto",
        precision=settings.precision,  # type: ignore[arg-type]
        max_epochs=-1,
        max_steps=iterations,
        callbacks=callbacks,
        logger=loggers,
        default_root_dir=folder,
        log_every_n_steps=settings.log_every,
        use_distributed_sampler=False,  # the stream of batches shares them out itself
        enable_checkpointing=True,
        profiler=Unprofiled(),
        benchmark=settings.accelerator == "gpu",  # cuDNN tries its algorithms once; shapes never change
        enable_model_summary=False,
        num_sanity_val_steps=0,
    )


def finish(prepared: Run, config: dict[str, Any]) -> float | None:
    """Write the summary, tell the hyper-parameters to TensorBoard, and print where everything is."""
    summary = summarize(prepared.model, prepared.data, prepared.recorder, prepared.evaluation, config)
    summary["device"] = str(prepared.trainer.strategy.root_device)
    if not prepared.trainer.is_global_zero:
        return final_fid(summary)
    for logger in prepared.trainer.loggers:
        if isinstance(logger, TensorBoardLogger):
            metrics = {f"final/{name}": entry["value"] for name, entry in summary["fid"].items()}
            logger.log_hyperparams(summary["choices"] | {"seed": config["seed"]}, metrics, step=summary["iterations"])
            logger.save()
    write_summary(summary, prepared.folder)
    for line in closing_lines(summary, prepared.folder):
        log.info("%s", line)
    return final_fid(summary)


def final_fid(summary: dict[str, Any]) -> float | None:
    """What a sweeper minimizes; `None` for a run without metrics."""
    return next((entry["value"] for entry in summary["fid"].values()), None)
