"""The log of edits: an append-only file of JSON lines that is on disk before anybody is told.

All panels on one data set share one `EditLog` object (`EditLog.of`), and several processes may share its file: a
writer locks the file and first reads what others have appended.
"""

from __future__ import annotations

import contextlib
import os
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Literal
from weakref import WeakValueDictionary

from dvlwidgets.data import edits as _edits
from dvlwidgets.data.edit_file import LineFile
from dvlwidgets.data.edits import DROPPED, LABEL, REDO, UNDO, Change, Edit, Key, Net
from dvlwidgets.errors import EditError, InputError, InputTypeError

if TYPE_CHECKING:
    from dvlwidgets.data.dataset import Dataset

FOLDER = "dvlwidgets-edits"
"""Default folder of logs, under the working directory; created by the first edit."""
_HEADER = b'{"format": "dvlwidgets-edits", "v": 1}\n'


@dataclass(frozen=True)
class Announcement:
    """Sent to subscribers once an edit is on disk: the points that it touched, and who asked for it."""

    keys: tuple[Key, ...]
    source: object


class EditLog:
    """Relabels and drops of points, kept in `path`.

    Args:
        path: the file. It is read now if it exists, and made by the first edit.

    Raises:
        EditError: the file is not a log, or is damaged before its last line.
    """

    _open: ClassVar[WeakValueDictionary[Path, EditLog]] = WeakValueDictionary()
    _opening: ClassVar[threading.Lock] = threading.Lock()

    def __init__(self, path: str | os.PathLike[str]) -> None:
        given: Any = path
        if not isinstance(given, str | os.PathLike):
            raise InputTypeError(
                f"path is {path!r}; expected the file of the log. Pass EditLog('edits.jsonl')."
            )
        self.path = Path(path).resolve()
        self._lock = threading.RLock()
        self._done: list[Edit] = []
        self._undone: list[Edit] = []
        self._subscribers: list[Callable[[Announcement], None]] = []
        self._file = LineFile(self.path, _HEADER, lambda line: self._step(Edit.parse(line)))
        self._file.read()

    @classmethod
    def of(cls, dataset: Dataset, path: str | os.PathLike[str] | None = None) -> EditLog:
        """The log of a data set, one object for all who ask; by default `./dvlwidgets-edits/<fingerprint>.jsonl`."""
        given: Any = dataset
        if not hasattr(given, "fingerprint") or isinstance(given, type):
            raise InputTypeError(
                f"the log of a {type(dataset).__name__} was asked for; expected a Dataset. Pass Dataset(x, y)."
            )
        if path is not None and not isinstance(path, str | os.PathLike):
            raise InputTypeError(
                f"edits is {path!r}; expected an EditLog, or the file of one. Pass 'edits.jsonl'."
            )
        where = Path(path or Path(FOLDER) / f"{dataset.fingerprint[:16]}.jsonl").resolve()
        with cls._opening:
            log = cls._open.get(where)
            if log is None:
                log = cls._open[where] = cls(where)
            return log

    # --- reading --------------------------------------------------------------------------------------------

    def __len__(self) -> int:
        """Number of edits in force; one edit may change many points."""
        return len(self._done)

    def __repr__(self) -> str:
        now = self.summary()
        return f"EditLog({now['relabelled']} relabelled, {now['dropped']} dropped, {self.path})"

    @property
    def net(self) -> Net:
        """What the edits in force amount to."""
        with self._lock:
            return _edits.net(self._done)

    @property
    def in_force(self) -> tuple[Edit, ...]:
        """The edits in force, oldest first."""
        with self._lock:
            return tuple(self._done)

    def summary(self) -> dict[str, Any]:
        """Counts for display: the wire's EDITS. `saved` is always true: nothing unsaved is ever in force."""
        with self._lock:
            fields = self.net.values()
            return {
                "count": len(self._done),
                "relabelled": sum(LABEL in field for field in fields),
                "dropped": sum(DROPPED in field for field in fields),
                "undo": bool(self._done),
                "redo": bool(self._undone),
                "path": str(self.path),
                "saved": True,
            }

    def apply(self, dataset: Dataset) -> Dataset:
        """The data set with the edits made; see `edits.apply`."""
        return _edits.apply(self.net, dataset)

    def as_code(self, name: str = "train") -> str:
        """The edits as Python code; see `edits.as_code`."""
        return _edits.as_code(self.net, name)

    # --- editing --------------------------------------------------------------------------------------------

    def relabel(
        self, dataset: Dataset, positions: Sequence[int], label: Any, *, source: object = None
    ) -> None:
        """Gives points of `dataset` another label.

        Args:
            dataset: the data as they came, without these edits.
            positions: which points.
            label: the new label, of the kind of the present ones.
            source: handed on to subscribers.

        Raises:
            InputError: the label or a position cannot be; nothing was changed.
            EditError: the edit could not be written; nothing was changed.
        """
        if dataset.labels is None:
            raise InputError("The points of this data set have no single label to change; drop them instead.")
        rows = _checked(positions, len(dataset))
        new = dataset.relabel(rows, label).labels
        assert new is not None
        target = dict.fromkeys(rows, _edits.plain(new[rows[0]]))
        self._edit("relabel", LABEL, target, dataset, source=source)

    def drop(
        self, dataset: Dataset, positions: Sequence[int], *, dropped: bool = True, source: object = None
    ) -> None:
        """Drops points of `dataset`, or takes them back with `dropped=False`; arguments and errors as in `relabel`."""
        rows = _checked(positions, len(dataset))
        op = "drop" if dropped else "restore"
        self._edit(op, DROPPED, dict.fromkeys(rows, dropped), dataset, source=source)

    def undo(self, *, source: object = None) -> None:
        """Takes the last edit back.

        Raises:
            EditError: there is none, or the file cannot be written.
        """
        with self._lock, self._file.appending() as write:
            if not self._done:
                raise EditError("There is no edit to undo.")
            rows = self._done[-1].rows
            write(Edit(UNDO, at=_now()).line())
        self._announce(rows, source)

    def redo(self, *, source: object = None) -> None:
        """Makes the last undone edit again; errors as in `undo`."""
        with self._lock, self._file.appending() as write:
            if not self._undone:
                raise EditError("There is no undone edit to make again.")
            rows = self._undone[-1].rows
            write(Edit(REDO, at=_now()).line())
        self._announce(rows, source)

    def merge(self, other: EditLog, *, prefer: Literal["ours", "theirs"] | None = None) -> None:
        """Adds the edits of another log, as one edit.

        Args:
            other: e.g. a colleague's log.
            prefer: whose content counts where both edited a point differently.

        Raises:
            EditError: both edited a point differently and `prefer` is None.
        """
        self.add(other.net, prefer=prefer)

    def add(self, theirs: Net, *, prefer: Literal["ours", "theirs"] | None = None) -> None:
        """Adds changes, as one edit; `prefer` and errors as in `merge`.

        Args:
            theirs: the changes; their keys name points as this log does.
            prefer: whose content counts where both edited a point differently.
        """
        with self._lock, self._file.appending() as write:
            ours, rows, clashes = self.net, [], []
            for key, fields in theirs.items():
                for field, (old, new) in fields.items():
                    mine = ours.get(key, {}).get(field, (old, old))[1]
                    if mine not in (old, new):
                        clashes.append(f"id {key.id!r}: {mine!r} here, {new!r} there")
                    if mine == old or (mine != new and prefer == "theirs"):
                        rows.append(Change(*key, field, mine, new))
            if clashes and prefer is None:
                raise EditError(
                    f"{len(clashes)} points are edited differently in the two logs: {'; '.join(clashes[:5])}. "
                    "Say whose edits count: prefer='ours' for those of this log, or prefer='theirs'."
                )
            if rows:
                write(Edit("merge", tuple(rows), _now()).line())
        self._announce(tuple(rows), None)

    def subscribe(self, callback: Callable[[Announcement], None]) -> Callable[[], None]:
        """Calls back after every edit, in the thread that made it; returns the function that ends it."""
        with self._lock:
            self._subscribers.append(callback)

        def unsubscribe() -> None:
            with self._lock, contextlib.suppress(ValueError):
                self._subscribers.remove(callback)

        return unsubscribe

    def _edit(self, op: str, field: str, new: dict[int, Any], dataset: Dataset, *, source: object) -> None:
        original = dataset.labels if field == LABEL else None
        with self._lock, self._file.appending() as write:
            present = self.net
            old = []
            for position in new:
                came = False if original is None else _edits.plain(original[position])
                old.append(present.get(_edits.key_of(dataset, position), {}).get(field, (came, came))[1])
            rows = _edits.changes(field, new, old, dataset)
            if rows:
                write(Edit(op, rows, _now()).line())
        self._announce(rows, source)

    def _step(self, edit: Edit) -> None:
        _edits.step(self._done, self._undone, edit)

    def _announce(self, rows: tuple[Change, ...], source: object) -> None:
        with self._lock:
            subscribers = list(self._subscribers)
        for callback in subscribers:
            callback(Announcement(tuple(dict.fromkeys(row.key for row in rows)), source))


def _checked(positions: Sequence[int], n: int) -> list[int]:
    rows = [int(position) for position in positions]
    wrong = [row for row in rows if not 0 <= row < n]
    if wrong or not rows:
        raise InputError(f"Rows {wrong or rows} were given; expected at least one, each from 0 to {n - 1}.")
    return list(dict.fromkeys(rows))


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")
