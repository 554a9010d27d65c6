"""Rows of a data set under salted hashes: how edits name a row to somebody who has the data, and to nobody else.

A row is found by its hash alone where no other row is like it. Where rows are alike, only the order of the rows can
tell them apart; `arrangement` says whether two data sets have the same rows in the same order.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

import numpy as np

from dvlwidgets.data import arrays, tables
from dvlwidgets.data.grouped import GroupedDataset
from dvlwidgets.data.identity import Hasher

if TYPE_CHECKING:
    from dvlwidgets.data.dataset import Dataset

HASHED_ONE_BY_ONE = 20_000
"""Tables without a quick comparison of rows are searched for equal ones up to this many points."""

_orders: WeakKeyDictionary[Dataset, str] = WeakKeyDictionary()


def salted(salt: bytes, what: str, digest: str) -> str:
    """A digest under a salt: 16 hex characters; `what` keeps rows and whole tables apart."""
    return hashlib.blake2b(digest.encode(), key=salt, person=what.encode(), digest_size=8).hexdigest()


def order(dataset: Dataset) -> str:
    """Hash of the features of all points in their order. Computed once."""
    known = _orders.get(dataset)
    if known is None:
        hasher = Hasher()
        tables.put_table(hasher, dataset.x, index=False)
        if isinstance(dataset, GroupedDataset):  # its points are groups of rows
            hasher.put(dataset.logical_indices())
        known = _orders[dataset] = hasher.hexdigest()
    return known


def arrangement(dataset: Dataset, masked: Iterable[int]) -> str:
    """Hash of the points in their order: their features, and the labels of all but the masked ones.

    The labels tell rows apart whose features are alike; those that an edit changes must not count.
    """
    hasher = Hasher()
    hasher.tag("features", order(dataset).encode())
    if dataset.labels is None:
        tables.put_table(hasher, dataset.y, index=False)
        return hasher.hexdigest()
    kept = np.ones(len(dataset), dtype=np.bool_)
    kept[list(masked)] = False
    labels = dataset.labels[kept]
    # a new label may have needed another kind of number for all of them
    tables.put_array(hasher, labels.astype(np.float64) if labels.dtype.kind in "iufb" else labels)
    return hasher.hexdigest()


def alike(dataset: Dataset, positions: Iterable[int]) -> dict[int, int | None]:
    """How many points have the same features as each of some points, itself included; None where that is unknown."""
    wanted = {position: dataset.row_hash(position) for position in positions}
    if not wanted:
        return {}
    if isinstance(dataset, GroupedDataset) or not _comparable(dataset.x):
        if len(dataset) > HASHED_ONE_BY_ONE:
            return dict.fromkeys(wanted)
        among: Iterable[int] = range(len(dataset))
    elif arrays.is_frame(dataset.x) or arrays.is_series(dataset.x):
        among = {*np.flatnonzero(dataset.x.duplicated(keep=False).to_numpy()).tolist(), *wanted}
    else:
        among = {*_same_bytes(arrays.as_numpy(dataset.x), list(wanted)), *wanted}
    counts = Counter(dataset.row_hash(position) for position in among)
    return {position: counts[row] for position, row in wanted.items()}


def _comparable(x: Any) -> bool:
    """Whether equal rows of a table are found without hashing each of them."""
    if arrays.is_frame(x) or arrays.is_series(x):
        columns = [x] if arrays.is_series(x) else [x.iloc[:, i] for i in range(x.shape[1])]
        return bool(columns) and all(
            str(column.dtype) in {"category", "string", "str"}
            or getattr(column.dtype, "kind", "O") in "iufbM"
            for column in columns
        )
    return not arrays.is_sparse(x) and not arrays.as_numpy(x[:1]).dtype.hasobject


def _same_bytes(x: Any, positions: list[int]) -> set[int]:
    """Positions of the rows that have the bytes of one of the given rows."""
    size = int(x[:1].nbytes)
    if not size:
        return set(range(len(x)))

    def rows(part: Any) -> Any:
        return np.ascontiguousarray(part).reshape(len(part), -1).view(np.uint8).view(f"V{size}").ravel()

    wanted = set(rows(x[positions]).tolist())
    found: set[int] = set()
    step = max(1, tables.BLOCK // size)
    for start in range(0, len(x), step):
        block = rows(x[start : start + step]).tolist()
        found.update(start + i for i, row in enumerate(block) if row in wanted)
    return found
