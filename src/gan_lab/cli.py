"""The command line: `gan-lab train`, `sample`, `evaluate`, `report`, `compare` and `classifier`.

Nothing heavy is imported before it is used.
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from gan_lab import launch
from gan_lab.commands import classifier, compare, evaluate, report, sample
from gan_lab.disk import disk_errors_told
from gan_lab.errors import StoppedError, UserError

if TYPE_CHECKING:
    from omegaconf import DictConfig

USAGE = """\
gan-lab COMMAND ...

  train [GROUP=OPTION ...] [KEY=VALUE ...]   train a GAN; `gan-lab train --help` lists the choices
  sample CHECKPOINT                          make images with a trained generator
  evaluate CHECKPOINT [GROUP=OPTION ...]     measure a trained generator again
  report FOLDER                              tables, verdicts, curves and samples of many runs on one page
  compare RUN RUN                            two trained generators side by side: samples, numbers, choices
  classifier NAME                            train the classifier behind fid/classifier
"""

OTHER_FOLDER = "or choose another folder by hydra.run.dir=FOLDER (with -m: hydra.sweep.dir=FOLDER)"


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code: 0, 1 after a mistake of the user's, told in one line, 130 or 143 after
    a signal that asked for the end."""
    command, *rest = [*(sys.argv[1:] if arguments is None else arguments)] or ["--help"]
    commands = {
        "train": train,
        "sample": sample,
        "evaluate": evaluate,
        "report": report,
        "compare": compare,
        "classifier": classifier,
    }
    if command in ("-h", "--help"):
        print(USAGE, end="")
        return 0
    try:
        if command not in commands:
            raise UserError(f"there is no command {command}; choose one of {', '.join(commands)}")
        with disk_errors_told("the output", lambda: "or choose another place"):
            commands[command](rest)
    except UserError as error:
        tell(error)
        return error.exit_code
    except KeyboardInterrupt:  # before training starts, or after its end
        print("error: stopped", file=sys.stderr)
        return 128 + signal.SIGINT
    except BrokenPipeError:  # the reader of our output, such as `head`, has gone
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    return 0


def tell(error: UserError) -> None:
    """Print the one line that a command ends with; a stop that was asked for is no error."""
    print(error if isinstance(error, StoppedError) else f"error: {error}", file=sys.stderr)


def train(arguments: list[str]) -> None:
    """Compose the configuration with Hydra and train, once or, with `-m`, for every combination."""
    if launch.is_launched():
        launch.end_with_parent()

    from gan_lab.ablation import with_ablation
    from gan_lab.overrides import refuse_used_folders, value_of, with_launcher_defaults, with_resumed_choices
    from gan_lab.run_folder import refuse_links

    with disk_errors_told(value_of("hydra.run.dir", arguments) or "logs", lambda: OTHER_FOLDER):
        arguments = with_launcher_defaults(with_resumed_choices(with_ablation(arguments)))
        if launch.rank() == 0:  # it alone: another rank might find what this one has begun to write
            refuse_used_folders(arguments)
            folder = value_of("hydra.run.dir", arguments)
            if folder is not None and value_of("resume", arguments) is not None:
                refuse_links(Path(folder))
        else:  # the first process writes Hydra's files and the log for all
            arguments += ["hydra.output_subdir=null", "hydra/job_logging=none"]
        run_hydra(arguments)


def run_hydra(arguments: list[str]) -> None:
    """Let Hydra parse `arguments`, make the run folder and call `job`; its errors become `UserError`s."""
    import hydra
    from hydra.errors import HydraException
    from omegaconf.errors import OmegaConfBaseException
    from yaml import YAMLError

    from gan_lab import sweeping
    from gan_lab.building import conf_folder
    from gan_lab.overrides import explain

    show_traceback = os.environ.get("HYDRA_FULL_ERROR") == "1"
    os.environ["HYDRA_FULL_ERROR"] = "1"  # Hydra hands its errors on instead of printing them over many lines
    sys.argv = [sys.argv[0], *arguments]
    try:
        with sweeping.command():
            hydra.main(version_base="1.3", config_path=str(conf_folder()), config_name="train")(job)()
    except (HydraException, OmegaConfBaseException, YAMLError) as error:
        if show_traceback:
            raise
        raise UserError(explain(error)) from error
    finally:
        if not show_traceback:
            del os.environ["HYDRA_FULL_ERROR"]


def job(config: DictConfig) -> float | None:
    """One run, in the folder that Hydra has made for it: a GAN's training, or the study that the experiment names."""
    from hydra.core.hydra_config import HydraConfig
    from hydra.types import RunMode

    from gan_lab import sweeping
    from gan_lab.building import build, plain
    from gan_lab.overrides import value_of

    hydra_config = HydraConfig.get()
    overrides = [text for text in hydra_config.overrides.task if value_of("sweep", [text]) is None]  # it is one job's
    try:
        with sweeping.job():
            sweeping.refuse_nothing_to_minimize(hydra_config.sweeper, plain(config))
            run = build("job", plain(config)["job"])
            folder = Path(hydra_config.runtime.output_dir)
            with disk_errors_told(folder, lambda: OTHER_FOLDER):
                return run(config, folder, overrides)
    except UserError as error:
        if hydra_config.mode == RunMode.MULTIRUN and not (isinstance(error, StoppedError) and sweeping.is_command()):
            raise  # Hydra goes on with the other jobs, and raises it at the end
        if launch.rank() == 0:
            tell(error)
            if hydra_config.mode == RunMode.MULTIRUN:
                print(f"jobs are left; {sweeping.how_to_go_on(hydra_config.sweep.dir)}", file=sys.stderr)
        elif not isinstance(error, StoppedError):
            print(f"error in process {launch.rank()}: {error}", file=sys.stderr)
        raise SystemExit(error.exit_code) from error  # passes Hydra by, which would print more lines
