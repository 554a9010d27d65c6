"""Which reducers a run has, and which of their columns stands for a point's value."""

from __future__ import annotations

from collections.abc import Sequence

from ...errors import InputError, InputTypeError
from .base import Reducer, Shape
from .moments import Moments
from .quantile import Quantile
from .top import TopPerTest


def default_reducers(shape: Shape) -> list[Reducer]:
    """Moments, the 25 % quantile of the same label where there are classes, that of all, and the top of test points."""
    quantiles = [Quantile(0.25)] if shape.has_labels else []
    return [Moments(), *quantiles, Quantile(0.25, over="all"), TopPerTest()]


def checked(reducers: Sequence[Reducer]) -> list[Reducer]:
    """Reducers that go together.

    Raises:
        InputTypeError: for what is none.
        InputError: for two of one name.
    """
    found = list(reducers)
    for reducer in found:
        if not isinstance(reducer, Reducer):
            raise InputTypeError(
                f"a reducer is {reducer!r}; expected objects of influence.reducers, such as Quantile(0.25). What only "
                "takes tiles goes with influence.scan.scan."
            )
    for names in (
        [r.name for r in found],
        [c for r in found for c in (*r.columns, "loss")[: len(r.columns)]],
    ):
        if twice := sorted({name for name in names if names.count(name) > 1}):
            raise InputError(f"two reducers give {twice}; expected each once. Quantile takes name=.")
    return found


def main_column(reducers: Sequence[Reducer], given: str | None) -> str:
    """The column that stands for a point's value: the one asked for, or quantiles, or the first there is.

    Raises:
        InputError: if there is none, or not that one.
    """
    columns = [name for reducer in reducers for name in reducer.columns]
    if given is not None:
        if given not in columns:
            raise InputError(f"column={given!r} was given; expected one of {columns}.")
        return given
    quantiles = [name for r in reducers if isinstance(r, Quantile) for name in r.columns]
    first = [*quantiles, *columns]
    if not first:
        raise InputError(
            "none of the reducers gives a number for each training point; expected at least one that does, such as "
            "Quantile(0.25) or Moments()."
        )
    return first[0]
