"""What edits are, and what they come to: pure functions over records.

A point is named by its id *and* a hash of its features: default ids 0..n-1 would hit the wrong rows of a shuffled
copy. Each change keeps the old content, so that a log can be undone, merged and checked against the data.
`edit_places.py` finds the points again, `edit_log.py` keeps the records on disk.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass
from itertools import islice
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

from dvlwidgets.errors import InputTypeError

if TYPE_CHECKING:
    from dvlwidgets.data.dataset import Dataset

LABEL, DROPPED, FLAG, NOTE = "label", "dropped", "flag", "note"
FIELDS = (LABEL, DROPPED, FLAG, NOTE)
"""The fields of a point that can be edited."""
CAME: Mapping[str, Any] = {DROPPED: False, FLAG: False, NOTE: ""}
"""What every point came with, but for its label."""
MAX_NOTE = 2_000
"""Characters of a note, of a reason, or of a name."""
UNDO, REDO = "undo", "redo"


class Key(NamedTuple):
    """Which point: its id, and `Dataset.row_hash` of it."""

    id: int | str
    hash: str


@dataclass(frozen=True)
class Change:
    """One field of one point: what it was and what it became; `value` is the point's at that time, where known."""

    id: int | str
    hash: str
    field: str
    old: Any
    new: Any
    value: float | None = None

    @property
    def key(self) -> Key:
        """The point."""
        return Key(self.id, self.hash)

    def record(self) -> dict[str, Any]:
        """As it is written; without a value it is what it was before values were kept."""
        return {name: part for name, part in asdict(self).items() if name != "value" or part is not None}


class Source(NamedTuple):
    """Who made changes first, when and why, before they came here in a merge; `rows` counts the changes."""

    who: str
    at: str
    why: str
    rows: int


@dataclass(frozen=True)
class Edit:
    """One step of work, undone as a whole; `undo` and `redo` are steps too and change nothing else.

    Attributes:
        op: "relabel", "drop", "restore", "flag", "unflag", "note", "merge", "undo" or "redo".
        rows: the changes.
        at: when, ISO 8601 in UTC.
        who: made it; empty where that is unknown.
        why: in the words of who made it.
        sources: of a merge: whose edits its changes were, those of the first source first.
    """

    op: str
    rows: tuple[Change, ...] = ()
    at: str = ""
    who: str = ""
    why: str = ""
    sources: tuple[Source, ...] = ()

    def each(self) -> Iterator[tuple[Change, Source]]:
        """The changes, each with who made it first; after a merge that does not say who that was, with who merged."""
        sources = self.sources or (Source(self.who, self.at, self.why, len(self.rows)),)
        rows = iter(self.rows)
        for source in sources:
            yield from ((row, source) for row in islice(rows, source.rows))

    def line(self) -> bytes:
        """The edit as one line of JSON; half a character, which has no UTF-8, as its escape."""
        record: dict[str, Any] = {"op": self.op, "rows": [row.record() for row in self.rows], "at": self.at}
        record |= {name: said for name, said in (("who", self.who), ("why", self.why)) if said}
        record |= {"from": [source._asdict() for source in self.sources]} if self.sources else {}
        line = json.dumps(record, ensure_ascii=False, allow_nan=False)
        return line.encode("utf-8", "backslashreplace") + b"\n"

    @classmethod
    def parse(cls, line: bytes) -> Edit:
        """The inverse of `line`; raises as `of`."""
        return cls.of(json.loads(line))

    @classmethod
    def of(cls, record: Any) -> Edit:
        """The edit that a line says, from its JSON.

        Raises:
            ValueError: it lacks a part, or edits a field that this version does not know.
        """
        try:
            rows = tuple(Change(**row) for row in record["rows"])
            said = (str(record["at"]), str(record.get("who", "")), str(record.get("why", "")))
            sources = tuple(_source(told) for told in record.get("from", ()))
            edit = cls(str(record["op"]), rows, *said, sources)
            unknown = {row.field for row in rows} - set(FIELDS)
        except (AttributeError, KeyError, TypeError) as wrong:
            raise ValueError(f"not an edit: {wrong}") from None
        if unknown:
            raise ValueError(f"edits of {', '.join(sorted(unknown))} come from a newer version of dvlwidgets")
        for row in rows:
            _check(row)
        if sources and sum(source.rows for source in sources) != len(rows):
            raise ValueError(f"not an edit: its sources are not those of {len(rows)} changes")
        return edit


def _source(told: Any) -> Source:
    rows = told["rows"]
    if type(rows) is not int or rows < 0:
        raise ValueError(f"{rows!r:.40} is no number of changes")
    return Source(str(told["who"]), str(told["at"]), str(told["why"]), rows)


def _check(row: Change) -> None:
    """Refuses contents that a field cannot have."""
    kind = type(CAME[row.field]) if row.field in CAME else object
    fits = isinstance(row.old, kind) and isinstance(row.new, kind)
    if not fits:
        raise ValueError(f"the {row.field} of id {row.id!r} went from {row.old!r:.40} to {row.new!r:.40}")
    if row.value is not None and not (type(row.value) is float and math.isfinite(row.value)):
        raise ValueError(f"the value of id {row.id!r} was {row.value!r:.40}")


Net: TypeAlias = dict[Key, dict[str, tuple[Any, Any]]]
"""What a log amounts to: point -> field -> (as the data came, as it is now)."""


def step(done: list[Edit], undone: list[Edit], edit: Edit) -> None:
    """Takes one more edit into the edits in force and those that `redo` would bring back, most recent last.

    Raises:
        ValueError: undo or redo of nothing.
    """
    if edit.op in {UNDO, REDO}:
        source, target = (done, undone) if edit.op == UNDO else (undone, done)
        if not source:
            raise ValueError(f"{edit.op} of nothing")
        target.append(source.pop())
    else:
        done.append(edit)
        undone.clear()


def net(done: Iterable[Edit]) -> Net:
    """The sum of edits; a field that is back at its beginning is not in it."""
    result: Net = {}
    for edit in done:
        for row in edit.rows:
            fields = result.setdefault(row.key, {})
            first = fields[row.field][0] if row.field in fields else row.old
            if first == row.new:
                fields.pop(row.field, None)
            else:
                fields[row.field] = (first, row.new)
    return {key: fields for key, fields in result.items() if fields}


def changes(
    field: str,
    keys: Iterable[Key],
    old: Iterable[Any],
    new: Iterable[Any],
    values: Iterable[float | None],
) -> tuple[Change, ...]:
    """The changes that bring `field` of some points to new contents; points that have them are left out."""
    return tuple(
        Change(*key, field, before, after, value)
        for key, before, after, value in zip(keys, old, new, values, strict=True)
        if before != after
    )


def key_of(dataset: Dataset, position: int) -> Key:
    """The name of a point in a log."""
    return Key(plain(dataset.ids[position]), dataset.row_hash(position))


def check_kept(labels: Iterable[Any]) -> None:
    """A log is JSON: it keeps texts, numbers and booleans as they are, and nothing else.

    Raises:
        InputTypeError: some of these labels are something else.
    """
    for label in labels:
        found = plain(label)
        if not isinstance(found, str | int | float):
            raise InputTypeError(
                f"the labels are of type {type(found).__name__}, such as {found!s:.40}, which a log of edits cannot "
                "keep; expected texts, numbers or booleans. Make the data set with such labels, e.g. Dataset(x, "
                "[str(label) for label in y])."
            )


def plain(item: Any) -> Any:
    """A NumPy scalar as the Python object that JSON knows."""
    return item.item() if hasattr(item, "item") else item
