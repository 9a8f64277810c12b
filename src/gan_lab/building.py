"""Objects from configuration, with errors that a user can read."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from hydra.utils import instantiate
from omegaconf import DictConfig, OmegaConf

from gan_lab.errors import UserError


def conf_folder() -> Path:
    """The configuration files: inside the installed package, or beside `src/` in a checkout."""
    package = Path(__file__).parent
    installed = package / "conf"
    return installed if installed.is_dir() else package.parents[1] / "conf"


def build(section: str, config: dict[str, Any]) -> Any:
    """The object that a section of a resolved configuration describes by its `_target_`.

    Raises:
        UserError: where a value does not suit, naming the section.
    """
    try:
        return instantiate(config, _convert_="all")
    except Exception as error:
        for cause in _causes(error):
            if isinstance(cause, UserError):
                raise cause from error
        root = _causes(error)[-1]
        raise UserError(f"{section}: {type(root).__name__}: {first_line(root)}; mend {section}.* ") from error


def plain(config: DictConfig) -> dict[str, Any]:
    """The configuration with every reference resolved, as plain dictionaries, lists and values."""
    container = OmegaConf.to_container(config, resolve=True)
    assert isinstance(container, dict)
    return {str(key): value for key, value in container.items()}


def _causes(error: BaseException) -> list[BaseException]:
    causes = [error]
    while causes[-1].__cause__ is not None:
        causes.append(causes[-1].__cause__)
    return causes


def first_line(error: BaseException) -> str:
    """What an error says first; its kind where it says nothing."""
    lines = str(error).strip().splitlines()
    return lines[0] if lines else type(error).__name__
