"""Where shared edits belong in a data set that may be a shuffled or shortened copy of the one that was edited."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from dvlwidgets.data.edits import DROPPED, LABEL, plain
from dvlwidgets.data.shared_rows import order, salted
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
        order: hash of the features in their order.
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
        field: "label" or "dropped".
        old: as the data came.
        new: as it was edited.
        at: when, ISO 8601 in UTC.
        id: of the point, where ids were shared.
        twins: how many points had the same features, itself included; None where nobody counted.
    """

    position: int
    hash: str
    field: str
    old: Any
    new: Any
    at: str = ""
    id: int | str | None = None
    twins: int | None = 1


def locate(edits: Sequence[SharedEdit], marks: Marks, dataset: Dataset) -> dict[int, int]:
    """Position in the edited data -> position in `dataset`; only dropped points may be missing.

    Raises:
        EditError: it says how many edits do not fit, which, and why.
    """
    first = {edit.position: edit for edit in edits}
    where, wrong = _in_order(first, edits, marks, dataset)
    if where is None:
        where, wrong = _by_hash(first, marks, dataset)
    only_dropped = first.keys() - {edit.position for edit in edits if edit.field != DROPPED}
    wrong = {p: why for p, why in wrong.items() if not (why == _NOWHERE and p in only_dropped)}
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
    present = salted(marks.salt, "order", order(dataset))
    if present not in {marks.order, marks.after}:
        return None, {}
    gone = {e.position for e in edits if e.field == DROPPED} if present != marks.order else set()
    where: dict[int, int] = {}
    wrong: dict[int, str] = {}
    skipped = 0
    for position in sorted(first):
        if position in gone:
            skipped += 1
            continue
        place = position - skipped
        if (
            place < len(dataset)
            and salted(marks.salt, "row", dataset.row_hash(place)) == first[position].hash
        ):
            where[position] = place
        else:
            wrong[position] = "its hash is not that of the row there"
    return where, wrong


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
    ids = dataset.ids
    where: dict[int, int] = {}
    wrong: dict[int, str] = {}
    for position, edit in first.items():
        candidates = places.get(edit.hash, [])
        named = [place for place in candidates if edit.id is not None and plain(ids[place]) == edit.id]
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
