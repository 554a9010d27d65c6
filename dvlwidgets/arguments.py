"""Checks of single arguments that many constructors share: flags, names, whole numbers, numbers."""

from __future__ import annotations

import math

import numpy as np

from .errors import InputError, InputTypeError


def flag(name: str, value: object) -> bool:
    """True or False, and nothing that Python would merely take for one of them.

    Raises:
        InputTypeError: for anything else, a string such as "False" above all.
    """
    if not isinstance(value, bool | np.bool_):
        raise InputTypeError(
            f"{name} must be True or False, not {value!r}. Pass {name}=True or leave it out."
        )
    return bool(value)


def text(name: str, value: object, hint: str) -> str:
    """A string.

    Raises:
        InputTypeError: for anything else; `hint` says what to pass.
    """
    if not isinstance(value, str):
        raise InputTypeError(f"{name} must be a string, not {type(value).__name__} ({value!r}). {hint}")
    return value


def whole(name: str, value: object, least: int, hint: str) -> int:
    """An integer of at least `least`; booleans and floats are none.

    Raises:
        InputTypeError: for another type.
        InputError: for a smaller number.
    """
    if isinstance(value, bool | np.bool_) or not isinstance(value, int | np.integer):
        raise InputTypeError(f"{name} must be an integer, not {type(value).__name__} ({value!r}). {hint}")
    if value < least:
        raise InputError(f"{name} must be at least {least}, not {value}. {hint}")
    return int(value)


def number(name: str, value: object, hint: str) -> float:
    """A finite number; booleans and strings are none.

    Raises:
        InputTypeError: for another type.
        InputError: for NaN or an infinite number.
    """
    if isinstance(value, bool | np.bool_) or not isinstance(value, int | float | np.integer | np.floating):
        raise InputTypeError(f"{name} must be a number, not {type(value).__name__} ({value!r}). {hint}")
    if not math.isfinite(value):
        raise InputError(f"{name} must be a finite number, not {value}. {hint}")
    return float(value)
