"""Where shared edits belong in a data set that may be a shuffled or shortened copy of the one that was edited."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from dvlwidgets.data.edits import DROPPED, LABEL, plain
from dvlwidgets.data.shared_rows import arrangement, salted
from dvlwidgets.errors import EditError

if TYPE_CHECKING:
    from dvlwidgets.data.dataset import Dataset

_SHOWN = 5


@dataclass(frozen=True)
class Marks:
    """What tells whether other data are the ones that were edited; all under `salt`.

    Attributes:
        salt: 1 to 64 bytes.
        fingerprint: hash of the data set's fingerprint.
        order: hash of the features and unedited labels in their order.
        after: the same once the dropped points are gone; None where nobody looked.
    """

    salt: bytes
    fingerprint: str
    order: str
    after: str | None


@dataclass(frozen=True)
class SharedEdit:
    """One field of one point: what it was and what it became.

    Attributes:
        position: of the point, in the data that were edited.
        hash: salted hash of its features.
        field: one of `edits.FIELDS`.
        old: as the data came.
        new: as it was edited.
        at: when, ISO 8601 in UTC.
        id: of the point, where ids were shared.
        twins: how many points had the same features, itself included; None where nobody counted.
        who: made the edit, where that was shared.
    """

    position: int
    hash: str
    field: str
    old: Any
    new: Any
    at: str = ""
    id: int | str | None = None
    twins: int | None = 1
    who: str = ""


def locate(edits: Sequence[SharedEdit], marks: Marks, dataset: Dataset) -> dict[int, int]:
    """Position in the edited data -> position in `dataset`; only points that keep their label may be missing.

    Raises:
        EditError: it says how many edits do not fit, which, and why.
    """
    first = {edit.position: edit for edit in edits}
    where, wrong = _in_order(first, edits, marks, dataset)
    if where is None:
        where, wrong = _by_hash(first, marks, dataset)
    dropped = {edit.position for edit in edits if edit.field == DROPPED}
    needed = {edit.position for edit in edits if edit.field == LABEL} - dropped
    wrong = {p: why for p, why in wrong.items() if why != _NOWHERE or p in needed}
    for edit in edits:
        if edit.field == LABEL and edit.position in where:
            wrong |= _label_differs(edit, dataset, where[edit.position])
    if wrong:
        raise EditError(_sentence(wrong, len(first), dataset))
    return where


_NOWHERE = "no row has its features"


def _in_order(
    first: dict[int, SharedEdit], edits: Iterable[SharedEdit], marks: Marks, dataset: Dataset
) -> tuple[dict[int, int] | None, dict[int, str]]:
    """Places by position, if the rows stand as they stood: all of them, or all but the dropped ones."""
    relabelled = {edit.position for edit in edits if edit.field == LABEL}
    dropped = {edit.position for edit in edits if edit.field == DROPPED}
    for mark, gone in ((marks.order, set[int]()), (marks.after, dropped)):
        moved = shifted(first, gone)
        masked = [moved[position] for position in moved.keys() & relabelled]
        fits = mark is not None and max(moved.values(), default=-1) < len(dataset)
        if fits and salted(marks.salt, "order", arrangement(dataset, masked)) == mark:
            break
    else:
        return None, {}
    differ = {
        position: "its hash is not that of the row there"
        for position, place in moved.items()
        if salted(marks.salt, "row", dataset.row_hash(place)) != first[position].hash
    }
    return {position: place for position, place in moved.items() if position not in differ}, differ


def shifted(positions: Iterable[int], gone: Iterable[int]) -> dict[int, int]:
    """Where points stand once some of them are gone."""
    absent = set(gone)
    ascending = sorted(absent)
    return {p: p - bisect_left(ascending, p) for p in positions if p not in absent}


def _by_hash(
    first: dict[int, SharedEdit], marks: Marks, dataset: Dataset
) -> tuple[dict[int, int], dict[int, str]]:
    """Places by features, and by the id where it was shared."""
    wanted = {edit.hash for edit in first.values()}
    places: dict[str, list[int]] = {}
    for place in range(len(dataset)):
        found = salted(marks.salt, "row", dataset.row_hash(place))
        if found in wanted:
            places.setdefault(found, []).append(place)
    # ids that only count the rows say nothing about which row is which
    ids = [] if np.array_equal(dataset.ids, np.arange(len(dataset))) else [plain(i) for i in dataset.ids]
    where: dict[int, int] = {}
    wrong: dict[int, str] = {}
    for position, edit in first.items():
        candidates = places.get(edit.hash, [])
        named = [place for place in candidates if ids and edit.id is not None and ids[place] == edit.id]
        if named:
            where[position] = named[0]
        elif not candidates:
            wrong[position] = _NOWHERE
        elif len(candidates) > 1:
            wrong[position] = (
                f"{len(candidates)} rows have its features, and the order of the rows is another"
            )
        elif edit.twins not in {1, None}:
            wrong[position] = f"one row has its features where there were {edit.twins}; it may be another one"
        else:
            where[position] = candidates[0]
    return where, wrong


def _label_differs(edit: SharedEdit, dataset: Dataset, place: int) -> dict[int, str]:
    if dataset.labels is None:
        return {edit.position: "points of these data have no single label"}
    present: Any = plain(dataset.labels[place])
    if present in {edit.old, edit.new}:
        return {}
    return {edit.position: f"its label is {present!r}, the edit changes {edit.old!r} to {edit.new!r}"}


def _sentence(wrong: dict[int, str], n: int, dataset: Dataset) -> str:
    shown = [f"point {position}: {wrong[position]}" for position in sorted(wrong)[:_SHOWN]]
    more = f"; and {len(wrong) - _SHOWN} more" if len(wrong) > _SHOWN else ""
    return (
        f"{len(wrong)} of {n} edited points do not fit this data set of {len(dataset)} points, {n - len(wrong)} do: "
        f"{'; '.join(shown)}{more}. Nothing was changed. Apply the edits to the data that were edited, or to a copy "
        "with the same features (any order)."
    )
