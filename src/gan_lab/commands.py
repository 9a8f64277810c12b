"""What `gan-lab` does with what runs have left: `sample`, `evaluate`, `report`, `compare`; and `classifier`.

Each takes the arguments behind its name. Nothing heavy is imported before it is used.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from gan_lab.disk import disk_errors_told
from gan_lab.errors import UserError


def sample(arguments: list[str]) -> None:
    """Write images of a trained generator: a grid, a folder or an array."""
    parser = argparse.ArgumentParser("gan-lab sample", description="Make images with a trained generator.")
    parser.add_argument("checkpoint", type=Path, help="a .ckpt file or a run folder")
    parser.add_argument("--num", type=int, default=64, help="how many images (64)")
    parser.add_argument("--seed", type=int, default=0, help="the same seed gives the same images (0)")
    parser.add_argument("--label", type=int, help="the class to make; conditional models only")
    parser.add_argument(
        "--out",
        type=Path,
        default=Path("samples.png"),
        help="FILE.png: one grid; FILE.npz: uint8 array `images` [N, H, W, C]; anything else: a folder of PNG files",
    )
    options = parser.parse_args(arguments)

    from gan_lab.checkpoint import find_checkpoint, load_model, read_checkpoint
    from gan_lab.sampling import write_images

    if options.num < 1:
        raise UserError(f"--num {options.num} must be at least 1")
    model = load_model(read_checkpoint(find_checkpoint(options.checkpoint)))
    if options.label is not None:
        model.check_label(options.label)
    with disk_errors_told(options.out, lambda: "or choose another --out"):
        write_images(model.sample(options.num, options.seed, label=options.label), options.out)
    print(f"{options.num} images in {options.out}")


def evaluate(arguments: list[str]) -> None:
    """Measure a trained generator again, and print the numbers with their protocol as JSON."""
    parser = argparse.ArgumentParser("gan-lab evaluate", description="Measure a trained generator again.")
    parser.add_argument("checkpoint", type=Path, help="a .ckpt file or a run folder")
    parser.add_argument("overrides", nargs="*", help="choices of this measurement, as metrics=inception data.root=PATH")
    parser.add_argument("--out", type=Path, help="a folder for evaluation.json and for what the measures draw")
    options = parser.parse_intermixed_args(arguments)

    import json

    from gan_lab.evaluating import evaluate_checkpoint

    with disk_errors_told(options.out or "the output", lambda: "or choose another --out"):
        print(json.dumps(evaluate_checkpoint(options.checkpoint, options.overrides, options.out), indent=2))


def report(arguments: list[str]) -> None:
    """Write a page, a Markdown file and a table about all runs in a folder, and print the verdicts."""
    parser = argparse.ArgumentParser("gan-lab report", description="Tables, verdicts, curves and samples of many runs.")
    parser.add_argument("folder", type=Path, help="a run, a sweep, or a folder with many of them")
    parser.add_argument("--out", type=Path, help="NAME: writes NAME.html, NAME.md and NAME.csv (FOLDER/report)")
    parser.add_argument("--metric", help="what to compare, as kid/classifier (fid/classifier, where all runs have it)")
    parser.add_argument("--baseline", help="the choice that others are compared with, as noise=normal")
    options = parser.parse_args(arguments)

    from gan_lab.report.page import write_report

    with disk_errors_told(options.out or options.folder, lambda: "or choose another place by --out NAME"):
        made = write_report(options.folder, options.out, options.metric, options.baseline)
    for title, line in made.verdicts:
        print(f"{title}: {line}")
    print(f"{made.runs} runs, {made.failed} of them failed or not finished, in {', '.join(map(str, made.files))}")


def compare(arguments: list[str]) -> None:
    """Show two trained generators side by side: a picture of both, and what differs, in numbers and in choices."""
    parser = argparse.ArgumentParser("gan-lab compare", description="Two trained generators side by side.")
    parser.add_argument("left", type=Path, help="a run folder, or a .ckpt file, which has no numbers")
    parser.add_argument("right", type=Path, help="another")
    parser.add_argument("--num", type=int, default=64, help="how many images of each (64)")
    parser.add_argument("--seed", type=int, default=0, help="of the noise, which is the same for both (0)")
    parser.add_argument("--out", type=Path, default=Path("compare.png"), help="FILE.png (compare.png)")
    options = parser.parse_args(arguments)

    from gan_lab import comparing

    with disk_errors_told(options.out, lambda: "or choose another --out"):
        lines = comparing.compare(options.left, options.right, options.out, options.num, options.seed)
    print(*lines, "", f"picture {options.out}", sep="\n")


def classifier(arguments: list[str]) -> None:
    """Train the classifier behind `fid/classifier` by its recipe."""
    parser = argparse.ArgumentParser("gan-lab classifier", description="Train the classifier behind fid/classifier.")
    parser.add_argument("name", help="the data set, an option of data=")
    parser.add_argument("--out", type=Path, required=True, help="FILE.safetensors to write")
    parser.add_argument("--root", default=None, help="data.root")
    options = parser.parse_args(arguments)

    import logging

    from gan_lab.atomic import atomic
    from gan_lab.building import build
    from gan_lab.metrics import classifier as recipe
    from gan_lab.overrides import compose, quoted

    logging.basicConfig(level=logging.INFO, format="%(message)s")
    overrides = [f"data={options.name}"] + ([f"data.root={quoted(options.root)}"] if options.root else [])
    data = build("data", compose(overrides)["data"])
    splits = data.read(data.root)
    with disk_errors_told(options.out, lambda: "or choose another --out"), atomic(options.out) as temporary:
        temporary.touch()  # what cannot be written is told now, not after some minutes
        content = recipe.train(options.name, splits)
        temporary.write_bytes(content)
    _, facts = recipe.load(content)
    print(f"test accuracy {100 * float(facts['test_accuracy']):.2f} %, weights in {options.out}")
