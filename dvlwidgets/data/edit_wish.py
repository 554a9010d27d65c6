"""What somebody wants to become of points: checked before the log is locked, compared with it after."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from operator import index as as_integer
from typing import TYPE_CHECKING, Any

import numpy as np

from dvlwidgets.arguments import text
from dvlwidgets.data import edits as _edits
from dvlwidgets.data.edit_history import Then, values_of
from dvlwidgets.data.edits import CAME, MAX_NOTE, Change, Key, Net
from dvlwidgets.errors import InputError, InputTypeError

if TYPE_CHECKING:
    from dvlwidgets.data.dataset import Dataset


@dataclass(frozen=True)
class Wish:
    """New contents of one field of k points.

    Attributes:
        field: of `FIELDS`.
        keys: the points.
        came: what they came with.
        new: what they are to have.
        values: what they are worth at this time, None where that is not known.
    """

    field: str
    keys: Sequence[Key]
    came: Sequence[Any]
    new: Sequence[Any]
    values: Sequence[float | None]

    @classmethod
    def of(cls, dataset: Dataset, field: str, rows: Sequence[int], new: Sequence[Any], then: Then) -> Wish:
        """For rows of a data set.

        Args:
            dataset: as it came.
            field: of `FIELDS`.
            rows: positions, (k,).
            new: contents, (k,).
            then: the present values of all points, (n,), or None.

        Raises:
            InputError: there is not one value for each point.
        """
        values = values_of(then, rows, len(dataset))
        keys = [_edits.key_of(dataset, row) for row in rows]
        labels = dataset.labels
        came = [CAME[field] if labels is None or field in CAME else _edits.plain(labels[row]) for row in rows]
        return cls(field, keys, came, new, values)

    def changes(self, present: Net) -> tuple[Change, ...]:
        """What has to change, given the edits in force."""
        old = [
            present.get(key, {}).get(self.field, (first, first))[1]
            for key, first in zip(self.keys, self.came, strict=True)
        ]
        return _edits.changes(self.field, self.keys, old, self.new, self.values)


def checked_rows(positions: Iterable[int], n: int) -> list[int]:
    """Positions of points, each once.

    Raises:
        InputTypeError: they are no integers; a mask, or fractions, would mean other points.
        InputError: there is none, or one is not in a data set of n points.
    """
    try:
        rows = [_position(position) for position in positions]
    except TypeError as reason:
        raise InputTypeError(
            f"positions are {positions!r:.60}; expected integers, such as [3, 7]. Of a mask pass "
            "numpy.flatnonzero(mask)."
        ) from reason
    wrong = [row for row in rows if not 0 <= row < n]
    if wrong or not rows:
        raise InputError(f"Rows {wrong or rows} were given; expected at least one, each from 0 to {n - 1}.")
    return list(dict.fromkeys(rows))


def _position(given: Any) -> int:
    if isinstance(given, bool | np.bool_):
        raise TypeError("a flag is no position")
    return as_integer(given)


def checked_words(name: str, given: str, hint: str) -> str:
    """Words that are kept with an edit.

    Raises:
        InputTypeError: for what is no text.
        InputError: for more than 2,000 characters.
    """
    said = text(name, given, hint)
    if len(said) > MAX_NOTE:
        raise InputError(f"{name} has {len(said):,} characters; at most {MAX_NOTE:,} are kept. Shorten it.")
    return said
