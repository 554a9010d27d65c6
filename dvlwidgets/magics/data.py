"""Data behind --train and --test: a Dataset, a pair of arrays, or a data frame with its target column."""

from __future__ import annotations

import ast
from typing import Any

from dvlwidgets.data.dataset import Dataset
from dvlwidgets.magics.options import Given
from dvlwidgets.magics.script import Script
from dvlwidgets.magics.usage import UsageError, a, near

EXPECTED = "a Dataset, a pair of names such as x_train,y_train, or a data frame with --target COLUMN"


def read_data(script: Script, given: Given, option: str) -> str:
    """The code of the data set behind an option.

    Args:
        script: runs the statements that make it.
        given: the magic's line.
        option: "train" or "test".

    Raises:
        UsageError: nothing was given, or it is no data set.
    """
    expression = given.get(option)
    if expression is None:
        raise UsageError(f"--{option} is missing; give {EXPECTED}.")
    value = script.value(f"--{option}", expression)
    if isinstance(value, Dataset):
        return _named(script, option, expression, value)
    if isinstance(value, tuple | list) and len(value) == 2:
        return _pair(script, option, expression, value)
    if hasattr(value, "columns") and hasattr(value, "iloc"):
        return _frame(script, given, option, expression, value)
    raise UsageError(f"--{option} {expression} is {a(value)}; expected {EXPECTED}.")


_GIVEN = "_dvl_given"
"""The value that was looked at: what an expression calls may cost, or answer differently the next time."""


def _named(script: Script, option: str, expression: str, value: Any) -> str:
    if _plain(ast.parse(expression.strip(), mode="eval").body):
        return expression.strip()
    script.binds(_GIVEN, value)
    script.does(f"{option}_set = {_GIVEN}", shown=f"{option}_set = {expression.strip()}")
    return f"{option}_set"


def _plain(node: ast.expr) -> bool:
    """Whether it is a name, or an attribute of one."""
    return isinstance(node, ast.Name) or (isinstance(node, ast.Attribute) and _plain(node.value))


def _pair(script: Script, option: str, expression: str, value: Any) -> str:
    inner = ast.parse(expression.strip(), mode="eval").body
    shown = f"*{expression.strip()}"
    if isinstance(inner, ast.Tuple | ast.List):
        shown = ", ".join(ast.unparse(part) for part in inner.elts)
    return _made(script, option, value, f"Dataset(*{_GIVEN})", f"Dataset({shown})")


def _frame(script: Script, given: Given, option: str, expression: str, frame: Any) -> str:
    target = given.get("target")
    columns = [str(column) for column in frame.columns]
    if target is None:
        raise UsageError(
            f"--{option} {expression} is a data frame; say which column to predict: --target COLUMN."
        )
    if target not in columns:
        raise UsageError(f"--target: {expression} has no column {target!r}.{near(target, columns)}")
    column = list(frame.columns)[columns.index(target)]
    code = "Dataset.from_frame({}, {!r})"
    return _made(script, option, frame, code.format(_GIVEN, column), code.format(expression.strip(), column))


def _made(script: Script, option: str, value: Any, code: str, shown: str) -> str:
    name = f"{option}_set"
    script.uses("Dataset")
    script.binds(_GIVEN, value)
    script.does(f"{name} = {code}", shown=f"{name} = {shown}")
    return name
