"""The edits of a log one after the other, those that were taken back included: who changed what, when and why."""

from __future__ import annotations

import getpass
import os
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import ArrayLike

from dvlwidgets.counts import many
from dvlwidgets.data.edits import REDO, UNDO, Edit
from dvlwidgets.errors import InputError

Then: TypeAlias = ArrayLike | None
"""The values of all points of a data set, (n,), when some of them are edited; NaN or None where they are not known."""


class Entry(NamedTuple):
    """One edit of a log.

    Attributes:
        number: counts the edits of a log from 1, in the order in which they were made; undo and redo do not count.
        edit: what was changed.
        in_force: False where it was taken back.
    """

    number: int
    edit: Edit
    in_force: bool


def entries(steps: Iterable[Edit]) -> list[Entry]:
    """All edits among the lines of a log, oldest first."""
    edits: list[Edit] = []
    done: list[int] = []
    undone: list[int] = []
    for edit in steps:
        if edit.op == UNDO:
            undone.append(done.pop())
        elif edit.op == REDO:
            done.append(undone.pop())
        else:
            done.append(len(edits))
            undone.clear()
            edits.append(edit)
    standing = set(done)
    return [Entry(i + 1, edit, i in standing) for i, edit in enumerate(edits)]


def user() -> str:
    """Who is at work: the hub's name of the user, or the computer's; empty where neither says."""
    name = os.environ.get("JUPYTERHUB_USER", "")
    if not name:
        try:
            name = getpass.getuser()
        except (KeyError, OSError, ImportError):  # no such account, or no accounts at all
            return ""
    return name


def values_of(values: Then, positions: Sequence[int], n: int) -> list[float | None]:
    """The values of some points, None where they are not known.

    Raises:
        InputError: there is not one value for each of n points.
    """
    if values is None:
        return [None] * len(positions)
    found: Any = np.asarray(values)
    if found.shape != (n,) or found.dtype.kind not in "fiu":
        raise InputError(
            f"values has shape {found.shape} and type {found.dtype}; expected one number for each of "
            f"{many(n, 'point')}. Pass result.values of the data set that is edited, or leave it out."
        )
    # the shortest number that is this float32 or float64: what a panel shows is not blown up to 17 digits
    return [float(str(found[i])) if np.isfinite(found[i]) else None for i in positions]
