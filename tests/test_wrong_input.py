"""Mistakes on the command line: one readable line with the value and the remedy, exit code 1, nothing trained."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from gan_lab import cli

pytestmark = pytest.mark.usefixtures("workplace")


def complaint(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    """The one line that the program ends with."""
    try:
        code = cli.main(arguments)
    except SystemExit as end:  # a job's own way out of Hydra
        code = end.code
    assert code == 1
    lines = [line for line in capsys.readouterr().err.splitlines() if line]
    assert len(lines) == 1, lines
    assert lines[0].startswith("error: ")
    assert not list(Path().rglob("*.ckpt"))
    return lines[0]


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["modle=dcgan"], "no group or key 'modle'; did you mean model?"),
        (["model=dcgna"], "; did you mean dcgan?"),
        (["model.n_crtic=5"], "no group or key 'model.n_crtic'; did you mean model.n_critic?"),
        (["data.batch_sise=5"], "did you mean data.batch_size?"),
        (["model=dcgan", "data"], "data: not of the form KEY=VALUE (missing EQUAL"),
        (["network.width=["], "network.width=[: not of the form KEY=VALUE"),
        (["data.image_size=30"], "not data.image_size=30; choose one of these sizes, or network=mlp"),
        (["data.batch_size=5000"], "data.batch_size=5000 is larger than data=digits, which has 1438"),
        (["data=mnist", "data.root=nowhere"], "data=mnist: train-images-idx3-ubyte, "),
        (["resume=missing.ckpt"], "missing.ckpt does not exist"),
        (["metrics=inception", "metrics.features.weights=missing.pth"], "missing.pth is not a file; fetch https"),
        (["metrics.every=0"], "metrics.every=0"),
        (["metrics.every=abc"], "metrics.every=abc"),
        (["metrics.num_samples=1"], "metrics.num_samples=1"),
        (["metrics/measure=[fid,kit]"], "metrics/measure=kit: there is no such option; choose one of classes"),
        (["metrics.measure=kid"], "metrics.measure=kid: write metrics/measure=[kid], with a slash"),
        (["metrics.measure.fid.in_training=perhaps"], "in_training=perhaps"),
        (["-m", "hydra/launcher=jobliib", "seed=0,1"], "choose one of basic, joblib, submitit_local"),
        (["metrics.num_samples=4"], "metrics.measure.neighborhoods.density_k=5 must be less than"),
        (["precision=fp16", "trainer=cpu"], "precision=fp16 needs a GPU"),
        (["trainer=ddp_cpu", "data.batch_size=33"], "data.batch_size=33 counts all devices together"),
        (["model=wgan_gp", "batchnorm=both"], "choose batchnorm=generator or none"),
        (["model=r1gan", "batchnorm=both"], "model.r1_weight penalizes D's slope"),
        (["model=r3gan"], "network=r3gan makes square images of 28 or 32 pixels, not 8x8"),
        (["model=sngan"], "network=resnet makes square images of 28 or 32 pixels, not 8x8"),
        (["model=pacgan", "model.pack_size=3"], "model.pack_size=3"),
        (["model=cgan", "model.fake_labels=some"], "model.fake_labels=some"),
        (["model.augment=[flip]"], "model.augment=flip"),
        (["model.augment=cutout"], "model.augment=cutout must be a list, as model.augment=[cutout]"),
        (["model=began", "data=mnist", "batchnorm=generator", "model.r1_weight=1"], "choose batchnorm=none"),
        (["experiment=seeds/batchnorm_benchmark", "study.widths=512"], "study.widths=512 must be a list"),
        (["model.gradient_clip=-1"], "model.gradient_clip=-1"),
        (["model=wgan", "model.real_label=0.9"], "model.real_label is a key of the default choices, and means nothing"),
        (["experiment=seeds/mnist_gna"], "did you mean mnist_gan?"),
        (["experiment=seeds/rock_paper_scissors", "study.methods=[newton]"], "study.methods=newton"),
        (["collapse=maybe"], "collapse=maybe is not known; choose one of none, warn, stop"),
        (["resume=auto"], "resume=auto goes on with the run in a folder that you name: add hydra.run.dir=FOLDER"),
        (["budget=long"], "choose one of full, short"),
    ],
)
def test_train(capsys: pytest.CaptureFixture[str], arguments: list[str], told: str) -> None:
    assert told in complaint(capsys, "train", *arguments)
    assert "HYDRA_FULL_ERROR" not in os.environ


def test_an_unknown_variant_is_answered_with_all_that_there_are(capsys: pytest.CaptureFixture[str]) -> None:
    line = complaint(capsys, "train", "model=dcgna")
    options = sorted(file.stem for file in (Path(__file__).parents[1] / "conf" / "model").glob("*.yaml"))
    assert f"choose one of {', '.join(options)};" in line


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["paint"], "there is no command paint; choose one of train, sample, evaluate"),
        (["sample", "train.py"], "is not a checkpoint"),
        (["sample", "logs"], "is no run folder"),
        (["evaluate", "missing"], "missing does not exist"),
    ],
)
def test_other_commands(capsys: pytest.CaptureFixture[str], arguments: list[str], told: str) -> None:
    Path("train.py").write_text("print()\n")
    Path("logs").mkdir()
    assert told in complaint(capsys, *arguments)
