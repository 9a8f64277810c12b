"""Overrides that a checkpoint brings: what could run code or write elsewhere is refused before Hydra sees it."""

from __future__ import annotations

import pickle
from pathlib import Path
from typing import Any

import pytest
import torch
from strangers import TRAP, Payload, bringing, call, command, complaint, everything, stranger

from gan_lab.overrides import compose, with_resumed_choices

pytestmark = pytest.mark.usefixtures("workplace")

OVERRIDES = [
    "job._target_=os.mkdir",
    f"job={{_target_:os.mkdir,path:{TRAP}}}",
    f"++job={{_target_:os.mkdir,_partial_:false,path:{TRAP}}}",
    f"++data.read={{_target_:os.mkdir,_partial_:false,path:{TRAP}}}",
    f"++metrics.measure.fid={{_target_:os.mkdir,path:{TRAP}}}",
    "~job",
    "data._target_=os.mkdir",
    "data.read._target_=os.mkdir",
    f"+data.read.path={TRAP}",
    f"+data.read._args_=[{TRAP}]",
    f"data.read={{_target_:gan_lab.data.mnist.read,_partial_:false,root:{TRAP}}}",
    f"data={{read:{{_target_:os.mkdir,path:{TRAP}}}}}",
    f"data.name=../../work/{TRAP}",
    "data.name=$(touch trap)",
    "metrics.measure.fid._target_=os.mkdir",
    f"metrics.measure.fid={{_target_:os.mkdir,path:{TRAP}}}",
    f"+metrics.features.data={TRAP}",
    f"metrics.features={{_target_:os.mkdir,path:{TRAP}}}",
    "metrics.name=fid/\x1b[2J",
    f"+hydra.callbacks.x={{_target_:os.mkdir,path:{TRAP}}}",
    "+hydra.callbacks.x._target_=os.mkdir",
    "++hydra.callbacks={}",
    f"hydra.job_logging.handlers.file.filename={TRAP}",
    f"hydra.run.dir={TRAP}",
    f"hydra.searchpath=[{TRAP}]",
    "hydra/launcher=joblib",
    "+model@hydra.callbacks.x=gan",
    "+activation/layer@hydra.callbacks.x=relu",
    "+activation/layer@_global_.hydra.callbacks.x=relu",
    "+activation/layer@activation._global_=relu",
    "+activation/layer@=relu",
    f"={{hydra:{{run:{{dir:{TRAP}}}}}}}",
    f"+={{hydra:{{run:{{dir:{TRAP}}}}}}}",
    f"--experimental-rerun={TRAP}.pickle",
    f"--config-dir={TRAP}",
    "--multirun",
    "-m",
    f"task=../../{TRAP}",
    f"task=/{TRAP}",
    f"task=a/../../../{TRAP}",
    f"task='..\\{TRAP}'",
    "task='~root'",
    "task=''",
    "task=[a]",
    f"task={'a' * 300}",
    "model=/tmp/evil",
    "model=../../evil",
    "model=[gan,../../evil]",
    "model='file:///tmp/evil'",
    "+experiment=../../evil",
    "experiment=seeds/rock_paper_scissors",
    "model._target_=os.mkdir",
    "optimizer.generator._target_=os.mkdir",
    f"+model.extra={{_target_:os.mkdir,path:{TRAP}}}",
    f"+model.extra=[[{{_target_:os.mkdir,path:{TRAP}}}]]",
    f"network.generator.activation={{_target_:os.mkdir,path:{TRAP}}}",
    "activation.generator._target_=torch.nn.init.normal_",
    "noise._target_._target_=os.mkdir",
    "seed=abc",
    "seed=[1]",
    "seed=range(1,3)",
    "seed=1,2",
    "seed=1e999999",
    f"epochs={10**40}",
    "seed",
    "seed=[",
    f"seed={'[' * 2000}",
    "",
    "seed=1\nseed=2",
    "trainer=null",
    "~metrics",
    "trainer.devices=100000",
    "trainer.accelerator=tpu",
    "precision.lightning=12-mixed",
    "data.root=[a]",
    "unknown.key=1",
]


@pytest.mark.parametrize(
    ("name", "override"),
    [("resume", override) for override in OVERRIDES] + [("evaluate", override) for override in OVERRIDES[::4]],
    ids=lambda text: repr(text)[:50],
)
def test_overrides(honest: Path, capsys: pytest.CaptureFixture[str], name: str, override: str) -> None:
    """Refused before Hydra has done anything with them."""
    line = complaint(capsys, *command(name, stranger(honest, bringing(override))))
    assert "the checkpoint" in line
    assert not everything(Path.cwd())


def test_a_flag_of_hydras_that_runs_a_pickle(honest: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The first of the overrides would be read as a flag."""
    Path("../evil.pickle").write_bytes(pickle.dumps(Payload()))

    def change(content: dict[str, Any]) -> None:
        content["gan_lab"]["overrides"].insert(0, "--experimental-rerun=../evil.pickle")

    assert "not of the form KEY=VALUE" in complaint(capsys, *command("resume", stranger(honest, change)))


def taken(honest: Path, *overrides: str, new: tuple[str, ...] = ()) -> list[str]:
    checkpoint = stranger(honest, bringing(*overrides))
    return with_resumed_choices([f"resume={checkpoint}", *new])


@pytest.mark.parametrize(
    ("override", "becomes"),
    [
        ("noise.dimension='${oc.env:SECRET}'", "noise.dimension=100"),
        ("task='${oc.env:SECRET}'", "task='digits_dcgan'"),
        ("noise._target_=${task}", "noise._target_='gan_lab.noise.Uniform'"),
        ("+model.augment='${oc.create:{_target_:os.mkdir,path:trap}}'", "+model.augment=[]"),
        ("metrics.every='${oc.decode:1}'", "metrics.every=1"),
        ("iterations='${data.batch_size}'", "iterations=2"),
    ],
)
def test_a_reference_becomes_its_value_in_the_run(honest: Path, override: str, becomes: str) -> None:
    """It is not evaluated again, so that no resolver runs and the environment is not read."""
    found = taken(honest, override)
    assert becomes in found
    assert not [text for text in found if "${" in text]


@pytest.mark.parametrize("name", ["evaluate", "resume"])
@pytest.mark.parametrize(
    "override",
    [
        "data.read='${oc.create:{_target_:os.mkdir,path:trap}}'",
        "job='${oc.create:{_target_:os.mkdir,path:trap}}'",
        "metrics.measure.fid='${oc.create:{_target_:os.mkdir,path:trap}}'",
        "metrics.measure.fid='${oc.decode:\"{_target_:os.mkdir,path:trap}\"}'",
        "data=${noise}",
        "+hydra.callbacks='${oc.create:{x:{_target_:os.mkdir,path:trap}}}'",
        "hydra.run.dir='${oc.env:SECRET}'",
    ],
)
def test_a_reference_to_what_a_checkpoint_may_not_bring(
    honest: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, name: str, override: str
) -> None:
    monkeypatch.setenv("SECRET", "trap")
    line = complaint(capsys, *command(name, stranger(honest, bringing(override))))
    assert "the checkpoint" in line
    assert not everything(Path.cwd())


@pytest.mark.parametrize(
    "overrides",
    [
        ["model=wgan_gp", "experiment=quickstart", "optimizer={lr:0.1}", "seed=4294967295", "trainer=ddp_cpu"],
        ["activation/layer@activation.generator=tanh", "++model.ema_decay=0.9", "model.augment=[translation,cutout]"],
        ["+optimizer.generator.weight_decay=0.1", "~model.augment", "data.image_size=16", "metrics.every=null"],
        ["optimizer.generator._target_=torch.optim.RAdam", "activation.generator._target_=torch.nn.SiLU"],
        ["task=my_study/first run", "network.generator.init_std='auto'", "data.shuffle=false", "epochs=0.5"],
    ],
)
def test_what_a_run_of_ones_own_brings_is_taken_as_it_is(honest: Path, overrides: list[str]) -> None:
    assert set(overrides) <= set(taken(honest, *overrides))


def test_what_the_user_types_may_be_anything(honest: Path) -> None:
    typed = ("data.read._target_=my.read", "+hydra.callbacks.x._target_=my.Callback", "data.root=new", "task=../up")
    assert set(typed) < set(taken(honest, "data.read._target_=os.mkdir", "task=../../etc", new=typed))
    assert "data.read._target_=os.mkdir" not in taken(honest, "data.read._target_=os.mkdir", new=typed)


@pytest.mark.parametrize("complete", [True, False])
def test_a_data_root_is_kept_where_its_files_are(honest: Path, complete: bool) -> None:
    raw = Path("root/MNIST/raw")
    raw.mkdir(parents=True)
    for kind in ("train", "t10k") if complete else ("train",):
        for file in ("images-idx3-ubyte", "labels-idx1-ubyte"):
            (raw / f"{kind}-{file}").touch()
    root = compose(taken(honest, "data=mnist", "data.root=root"))["data"]["root"]
    assert root == ("root" if complete else None)


@pytest.mark.parametrize(
    ("form", "root"),
    [
        ("data.root={}", "'{here}/root'"),
        ("++data.root={}", "'~nobody-of-that-name/x'"),
        ("data={{root:{}}}", "'{here}/root'"),
        ("data.root={}", "'{long}'"),
    ],
)
def test_nothing_is_downloaded_where_only_a_checkpoint_says(
    honest: Path, capsys: pytest.CaptureFixture[str], form: str, root: str
) -> None:
    Path("root").mkdir()  # an empty one is no data root either
    override = form.format(root.format(here=Path.cwd(), long="a" * 3000))
    code = call("evaluate", str(stranger(honest, bringing("data=mnist", "data.image_size=8", override))))
    assert code == 1
    assert "cache" in capsys.readouterr().err
    assert everything(Path.cwd()) == {Path.cwd() / "root"}


def test_weights_that_only_a_checkpoint_names_are_not_opened(honest: Path, capsys: pytest.CaptureFixture[str]) -> None:
    torch.save(Payload(), "../weights.pth")
    checkpoint = stranger(honest, bringing("metrics=inception", "metrics.features.weights=../weights.pth"))
    assert "is not Inception's weights" in complaint(capsys, *command("evaluate", checkpoint))
