"""What of a log of edits leaves the house, with a notebook or a page.

What is sent names no row by its content: a row is its position and a salted hash of its features. The salt is sent
too. It keeps hashes of the same row in two notebooks from being linked, and ready-made tables of hashes from being
used; it does not hide a row from somebody who can guess it: with the salt, a guess of *all* features of a row can be
checked. Rows of few short columns can be guessed by trying; share those at level "summary".
"""

from __future__ import annotations

import secrets
import threading
from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

from dvlwidgets.data import edits as _edits
from dvlwidgets.data.edit_merge import origins
from dvlwidgets.data.edit_places import resolve
from dvlwidgets.data.edits import DROPPED, FIELDS, LABEL, NOTE, Key, Net
from dvlwidgets.data.shared_checks import FORMAT, VERSION
from dvlwidgets.data.shared_places import Marks, shifted
from dvlwidgets.data.shared_rows import alike, arrangement, salted
from dvlwidgets.errors import InputError

if TYPE_CHECKING:
    from dvlwidgets.data.dataset import Dataset
    from dvlwidgets.data.edit_log import EditLog

LEVELS = ("summary", "values", "values+text", "full")
WORDS = frozenset({"values+text", "full"})
"""Levels at which what people wrote is shared: notes, and who made an edit; ids, too."""
AFTER_BYTES = 1 << 28
"""Larger data are not copied to learn what they look like without the dropped rows."""

_salts: WeakKeyDictionary[EditLog, bytes] = WeakKeyDictionary()
_salting = threading.Lock()


def shared(log: EditLog, dataset: Dataset, level: str) -> dict[str, Any] | None:
    """The edits in force, as they may leave the house.

    The same log gives the same bytes as long as the process lives and nothing is edited: its salt is drawn once.

    Args:
        log: edits of `dataset`.
        dataset: the data as they came, without the edits.
        level: "summary": numbers only; "values": positions, salted hashes, fields, old, new and time, of labels,
            drops and flags; "values+text" and "full": ids, notes and who made the edit, too. Reasons stay in the log.

    Returns:
        The payload's EDITS (see `shared_edits.Edits`), or None where nothing is edited.

    Raises:
        InputError: there is no such level.
    """
    if level not in LEVELS:
        raise InputError(f"level is {level!r}; expected one of {', '.join(map(repr, LEVELS))}.")
    done = log.in_force
    everything = _edits.net(done)
    where = resolve(everything, dataset)
    told = [field for field in FIELDS if field != NOTE or level in WORDS]
    net = {
        # a log may also hold edits of points that are not here
        key: {field: fields[field] for field in told if field in fields}
        for key, fields in everything.items()
        if key in where and not fields.keys().isdisjoint(told)
    }
    if not net:
        return None
    counts = Counter(field for fields in net.values() for field in fields)
    head: dict[str, Any] = {"format": FORMAT, "v": VERSION, "n": len(dataset), "count": counts.total()}
    head |= {"relabelled": counts[LABEL], "dropped": counts[DROPPED]}
    if level == "summary":
        return head | {"edits": []}
    salt = _salt_of(log)
    rows = _rows(salt, dataset, net, where)
    last = origins(done)  # of a merge: who made the edit, not who merged it
    for row, key in rows:
        source = last[key, row["field"]]
        row["at"] = source.at
        if level in WORDS:
            row["id"] = key.id
            if source.who:
                row["who"] = source.who
    listed = sorted((row for row, _ in rows), key=lambda row: (row["position"], row["field"]))
    return head | _marks(salt, dataset, listed) | {"edits": listed}


def _salt_of(log: EditLog) -> bytes:
    with _salting:
        return _salts.setdefault(log, secrets.token_bytes(16))


def _rows(
    salt: bytes, dataset: Dataset, net: Net, where: Mapping[Key, int]
) -> list[tuple[dict[str, Any], Key]]:
    """One record a change, with the point that it is of; points that are not in the data are left out."""
    twins = alike(dataset, [where[key] for key in net])
    rows = []
    for key in net:
        position = where[key]
        for field, (old, new) in net[key].items():
            row = {"position": position, "hash": salted(salt, "row", key.hash), "field": field}
            row |= {"old": old, "new": new}
            if twins[position] != 1:
                row["twins"] = twins[position]
            rows.append((row, key))
    return rows


def _marks(salt: bytes, dataset: Dataset, rows: list[dict[str, Any]]) -> dict[str, Any]:
    relabelled, dropped = (
        [row["position"] for row in rows if row["field"] == field] for field in (LABEL, DROPPED)
    )
    after = None
    if dropped and len(dropped) < len(dataset) and _size(dataset) <= AFTER_BYTES:
        stays = dataset.drop_indices(dropped)
        after = salted(salt, "order", arrangement(stays, shifted(relabelled, dropped).values()))
    ordered = salted(salt, "order", arrangement(dataset, relabelled))
    marks = Marks(salt, salted(salt, "data", dataset.fingerprint), ordered, after)
    return asdict(marks) | {"salt": salt.hex()}


def _size(dataset: Dataset) -> int:
    return int(getattr(dataset.x, "nbytes", 0)) or dataset.n_rows * dataset.n_features * 8
