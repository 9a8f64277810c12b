"""One run from configuration to summary."""

from __future__ import annotations

import json
import logging
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import pytorch_lightning as pl
import torch
from omegaconf import DictConfig
from pytorch_lightning.loggers import Logger, TensorBoardLogger

from gan_lab import launch
from gan_lab.building import build, plain
from gan_lab.callbacks.checkpoints import Checkpoints
from gan_lab.callbacks.collapse import CollapseWatch
from gan_lab.callbacks.evaluation import Evaluation
from gan_lab.callbacks.progress import IterationBar
from gan_lab.callbacks.recording import Recorder
from gan_lab.callbacks.samples import SampleGrids
from gan_lab.callbacks.schedule import interval
from gan_lab.callbacks.stopping import StopSignals
from gan_lab.checkpoint import limited_to
from gan_lab.checkpoint_io import WholeCheckpoints
from gan_lab.csv_logger import MetricsCSV
from gan_lab.data.datamodule import ImageDataModule
from gan_lab.disk import disk_errors_told
from gan_lab.errors import UserError
from gan_lab.fitting import Run, fit, how_to_go_on
from gan_lab.models.noise_gan import NoiseGAN
from gan_lab.process import ready_process
from gan_lab.profiling import Unprofiled
from gan_lab.resuming import Resumed, find_resumed, finished_summary
from gan_lab.run_folder import claim_folder, lock_folder, refuse_used_folder
from gan_lab.settings import Settings
from gan_lab.summary import closing_lines, final_fid, shown, summarize, write_summary

log = logging.getLogger(__name__)


def run(config: DictConfig, folder: Path, overrides: list[str]) -> float | None:
    """Train as the configuration says, leave everything in `folder`, and return the final FID where there is one.

    Raises:
        UserError: for a mistake in the configuration, before training starts.
    """
    ready_process()
    values = plain(config)
    settings = Settings.of(values)
    pl.seed_everything(settings.seed, verbose=False)  # for the initial weights; training draws from seeds of its own
    resumed = find_resumed(values, folder)
    with nullcontext() if resumed is None or resumed.path is None else limited_to(resumed.weights):
        model = build("model", values["model"])
    data = build("data", values["data"])
    data.check(settings.devices)
    iterations = settings.budget(data.batches_per_epoch)
    done = finished_summary(values, iterations, folder)
    if done is not None:
        log.info("%s has done its %d iterations already", shown(folder), done["iterations"])
        return final_fid(done)
    if resumed is not None:
        resumed.check_budget(iterations, settings.fraction)
    if settings.devices > 1 and not launch.is_launched():
        check_before_launch(values, data, folder, resumed)
        launch.launch(settings.devices, overrides, folder)
        return final_fid(json.loads((folder / "summary.json").read_text()))
    prepared = prepare(values, settings, model, data, folder, overrides, resumed)
    try:
        with disk_errors_told(folder, lambda: how_to_go_on(folder)):
            fit(prepared, resumed)
            return finish(prepared, values)
    finally:
        if prepared.lock is not None:
            prepared.lock.release()


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
    signals = StopSignals()
    callbacks, evaluation = build_callbacks(config, settings, folder, iterations, recorder, signals)
    if evaluation is not None:
        battery = evaluation.battery
        battery.prepare(data, settings.device(launch.local_rank()), launch.rank(), settings.devices)
        if battery.frechet_distance is not None:
            fid = battery.frechet_distance
            log.info("floor of %s, real test images: %.4g", fid.name, fid.floor)
    lock = None
    if launch.rank() == 0:
        if resumed is None or not resumed.is_of(folder):
            claim_folder(folder)
        lock = lock_folder(folder)
        if resumed is not None and resumed.path is not None:
            log.info("going on from iteration %d, %s", resumed.iterations, resumed.path)
    loggers = build_loggers(config, folder, resumed)
    trainer = build_trainer(settings, folder, iterations, callbacks, loggers)
    return Run(model, data, trainer, recorder, evaluation, signals, folder, lock)


def check_before_launch(config: dict[str, Any], data: ImageDataModule, folder: Path, resumed: Resumed | None) -> None:
    """Find here, where one line can tell it, what would otherwise fail in each of several processes."""
    if config["metrics"].get("measure"):
        build("metrics", config["metrics"]).load_features(data)
    if resumed is None:
        refuse_used_folder(folder)


def check_optimizers(model: NoiseGAN) -> None:
    """Raise a `UserError` where an optimizer does not take its values."""
    try:
        model.configure_optimizers()
    except (ValueError, TypeError, RuntimeError) as error:
        raise UserError(f"optimizer: {error}; mend optimizer.*") from error


def build_callbacks(
    config: dict[str, Any],
    settings: Settings,
    folder: Path,
    iterations: int,
    recorder: Recorder,
    signals: StopSignals,
) -> tuple[list[pl.Callback], Evaluation | None]:
    """What happens beside training, in the order in which it happens at the end of an iteration."""
    evaluation = None
    if config["metrics"].get("measure"):  # metrics/measure=[] leaves no such key
        battery = build("metrics", config["metrics"])
        every = interval(battery.every, iterations, 10, least=100)
        evaluation = Evaluation(battery, every, settings.seed, folder / "samples", recorder)
    samples = SampleGrids(folder / "samples", interval(settings.sample_every, iterations, 40, least=10), recorder)
    every = interval(settings.checkpoint_every, iterations, 20)
    callbacks: list[pl.Callback] = [recorder, samples]
    if evaluation is not None:
        callbacks.append(evaluation)
    if settings.collapse != "none":
        callbacks.append(CollapseWatch(settings.collapse, recorder, signals))
    checkpoints = Checkpoints(folder / "checkpoints", every, evaluation, recorder, signals)
    callbacks += [signals, IterationBar(recorder), checkpoints]
    return callbacks, evaluation


def build_loggers(config: dict[str, Any], folder: Path, resumed: Resumed | None) -> list[Logger]:
    """`metrics.csv`, and TensorBoard's events where asked for; points past the resumed one's give way to new ones."""
    folder.mkdir(parents=True, exist_ok=True)
    resumed_at = 0 if resumed is None else resumed.iterations
    loggers: list[Logger] = [MetricsCSV(folder / "metrics.csv", resumed_at)]
    if config["logger"]["tensorboard"]:
        options: dict[str, Any] = {} if resumed is None else {"purge_step": resumed_at + 1 if resumed_at else 0}
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
        plugins=[WholeCheckpoints()],
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
            metrics = {f"final/{name}": entry["value"] for name, entry in summary["metrics"].items()}
            logger.log_hyperparams(summary["choices"] | {"seed": config["seed"]}, metrics, step=summary["iterations"])
            logger.save()
    write_summary(summary, prepared.folder)
    for line in closing_lines(summary, prepared.folder):
        log.info("%s", line)
    return final_fid(summary)
