"""Which points of a data set edits mean, in whatever order it is, and the data set with them made."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from dvlwidgets.data.edits import DROPPED, LABEL, Key, Net, plain
from dvlwidgets.errors import EditError

if TYPE_CHECKING:
    from dvlwidgets.data.dataset import Dataset

_SHOWN = 5


def resolve(keys: Iterable[Key], dataset: Dataset) -> dict[Key, int]:
    """Positions of points in a data set, which may be shuffled or have lost rows.

    A point is at the position that has its id, if the features there are the same. Otherwise (default ids of a
    shuffled copy) it is the only position with the same features, if there is exactly one. Where rows were dropped,
    numbers that are left are ids, not positions: then a number that is missing is a row that is gone, and a row that
    looks like it is another.

    Returns:
        A position for every point found; points that are nowhere are left out.
    """
    by_id = {plain(item): position for position, item in enumerate(dataset.ids)}
    found: dict[Key, int] = {}
    lost: list[Key] = []
    fresh = list(by_id) == list(range(len(by_id)))  # default ids, which say nothing of a copy
    for key in keys:
        position = by_id.get(key.id)
        if position is not None and dataset.row_hash(position) == key.hash:
            found[key] = position
        elif position is not None or fresh or not _are_numbers(key.id, *by_id):
            lost.append(key)
    if lost:
        places: dict[str, list[int]] = {}
        for position in range(len(dataset)):
            places.setdefault(dataset.row_hash(position), []).append(position)
        found |= {key: places[key.hash][0] for key in lost if len(places.get(key.hash, ())) == 1}
    return found


def _are_numbers(*ids: Any) -> bool:
    return all(isinstance(item, int) for item in ids)


def locate(edits: Net, dataset: Dataset) -> dict[Key, int]:
    """As `resolve`, for edits that must fit: only points that were dropped, or not relabelled, may be missing.

    Raises:
        EditError: a point cannot be found, or has a label that is neither the old nor the new one.
    """
    where = resolve(edits, dataset)
    ids = {plain(item) for item in dataset.ids}
    wrong: list[str] = []
    for key, fields in edits.items():
        if key in where:
            present = None if LABEL not in fields else plain(dataset.labels[where[key]])  # type: ignore[index]
            if LABEL in fields and present not in fields[LABEL]:
                old, new = fields[LABEL]
                wrong.append(f"id {key.id!r} has label {present!r}, the edit changes {old!r} to {new!r}")
        elif key.id in ids:
            wrong.append(f"id {key.id!r} has other features than the point that was edited")
        elif LABEL in fields and DROPPED not in fields:
            wrong.append(f"id {key.id!r} is not in the data")
    if wrong:
        more = f"; and {len(wrong) - _SHOWN} more" if len(wrong) > _SHOWN else ""
        raise EditError(
            f"The edits were made on other data, {len(wrong)} of {len(edits)} points differ: "
            f"{'; '.join(wrong[:_SHOWN])}{more}. Apply them to the data set that was shown in the panel, "
            "or to a copy of it with the same features (any order)."
        )
    return where


def apply(edits: Net, dataset: Dataset) -> Dataset:
    """A new data set with the edits made. Applying twice changes nothing more.

    Raises:
        EditError: a point cannot be found, or has a label that is neither the old nor the new one.
    """
    where = locate(edits, dataset)
    labels = {where[key]: f[LABEL][1] for key, f in edits.items() if LABEL in f and key in where}
    dropped = [where[key] for key, f in edits.items() if f.get(DROPPED, (0, False))[1] and key in where]
    if labels:
        dataset = dataset.relabel(labels)
    return dataset.drop_indices(dropped) if dropped else dataset
