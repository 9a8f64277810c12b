"""Checks of values that a user has given."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from gan_lab.errors import UserError


def check_whole(key: str, value: Any, least: int, optional: bool = False) -> None:
    """Raise a `UserError` unless `value` is a whole number of at least `least`, or `None` where that is allowed."""
    if optional and value is None:
        return
    if not isinstance(value, int) or isinstance(value, bool) or value < least:
        raise UserError(f"{key}={value} must be a whole number from {least} on" + (", or null" if optional else ""))


def check_number(
    key: str, value: Any, above: float | None = None, least: float | None = None, most: float | None = None
) -> None:
    """Raise a `UserError` unless `value` is a finite number within the bounds."""
    bounds = [(above, "above", lambda x, y: x > y), (least, "at least", lambda x, y: x >= y)]
    bounds.append((most, "at most", lambda x, y: x <= y))
    given = [(bound, words, holds) for bound, words, holds in bounds if bound is not None]
    is_number = isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
    if not is_number or not all(holds(value, bound) for bound, _, holds in given):
        wanted = " and ".join(f"{words} {bound:g}" for bound, words, _ in given)
        raise UserError(f"{key}={value} must be a number {wanted}".rstrip())


def check_flag(key: str, value: Any) -> None:
    """Raise a `UserError` unless `value` is true or false."""
    if not isinstance(value, bool):
        raise UserError(f"{key}={value} must be true or false")


def check_choice(key: str, value: Any, choices: Sequence[str]) -> None:
    """Raise a `UserError` unless `value` is one of `choices`."""
    if value not in choices:
        raise UserError(f"{key}={value} is not known; choose one of {', '.join(choices)}")


def check_list(key: str, value: Any) -> None:
    """Raise a `UserError` unless `value` is a list."""
    if not isinstance(value, list | tuple):
        raise UserError(f"{key}={value} must be a list, as {key}=[{value}]")
