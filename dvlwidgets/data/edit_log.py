"""The log of edits: an append-only file of JSON lines that is on disk before anybody is told.

All panels on one data set share one `EditLog` object (`EditLog.of`), and several processes may share its file: a
writer locks the file and first reads what others have appended.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar
from weakref import WeakValueDictionary

from dvlwidgets.data import edit_history
from dvlwidgets.data import edits as _edits
from dvlwidgets.data.edit_history import Then
from dvlwidgets.data.edit_merge import Prefer, additions, by_authors, by_source, origins
from dvlwidgets.data.edit_records import RecordedEdits
from dvlwidgets.data.edit_subscribers import Announcement, Subscribers
from dvlwidgets.data.edit_wish import Wish, checked_rows, checked_words
from dvlwidgets.data.edits import (
    DROPPED,
    FLAG,
    LABEL,
    NOTE,
    REDO,
    UNDO,
    Edit,
    Key,
    Net,
    Source,
)
from dvlwidgets.errors import EditError, InputError, InputTypeError

if TYPE_CHECKING:
    from dvlwidgets.data.dataset import Dataset

FOLDER = "dvlwidgets-edits"
"""Default folder of logs, under the working directory; created by the first edit."""


class EditLog(RecordedEdits):
    """Relabels, drops, flags and notes of points, kept in `path`.

    Args:
        path: the file. It is read now if it exists, and made by the first edit.
        author: who makes edits from now on; by default the user, as JupyterHub or the computer calls them.

    Raises:
        EditError: the file is not a log, or is damaged before its last line.
        InputTypeError: for a path or an author that is none.
    """

    _open: ClassVar[WeakValueDictionary[Path, EditLog]] = WeakValueDictionary()
    _opening: ClassVar[threading.Lock] = threading.Lock()

    def __init__(self, path: str | os.PathLike[str], *, author: str | None = None) -> None:
        given: Any = path
        if not isinstance(given, str | os.PathLike):
            raise InputTypeError(
                f"path is {path!r}; expected the file of the log. Pass EditLog('edits.jsonl')."
            )
        super().__init__(path)
        self.author = edit_history.user() if author is None else author
        self._subscribers = Subscribers()

    @classmethod
    def of(cls, dataset: Dataset, path: str | os.PathLike[str] | None = None) -> EditLog:
        """The log of a data set, one object for all who ask.

        Args:
            dataset: the points as they came.
            path: the file; by default `./dvlwidgets-edits/<the fingerprint's first 16 characters>.jsonl`.

        Raises:
            EditError: the file is not a log, or is damaged before its last line.
            InputTypeError: for a data set or a path that is none.
        """
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

    @property
    def author(self) -> str:
        """Who makes edits from now on, at most 2,000 characters; stands in the file with each of them."""
        return self._author

    @author.setter
    def author(self, name: str) -> None:
        self._author = checked_words("author", name, "It is the name of who makes the edits.")

    # --- editing --------------------------------------------------------------------------------------------

    def relabel(
        self,
        dataset: Dataset,
        positions: Sequence[int] | Mapping[int, Any],
        label: Any = None,
        *,
        why: str = "",
        values: Then = None,
        source: object = None,
    ) -> None:
        """Gives points of `dataset` another label.

        Args:
            dataset: the data as they came, without these edits.
            positions: which points; or {position: new label}, which is one edit, too.
            label: the new label, of the kind of the present ones; None with a mapping.
            why: the reason, kept with the edit.
            values: the present values of all points, (n,): those of the edited ones are kept with the edit.
            source: handed on to subscribers.

        Raises:
            InputError, InputTypeError: the label, a position, `why` or `values` cannot be; nothing was changed.
            EditError: the edit could not be written; nothing was changed.
        """
        if dataset.labels is None:
            raise InputError("The points of this data set have no single label to change; drop them instead.")
        mapping = isinstance(positions, Mapping)
        if mapping and label is not None:
            raise InputError(f"label={label!r} was given besides labels for each point. Pass one of the two.")
        rows = checked_rows(positions, len(dataset))
        _edits.check_kept(dataset.labels[rows])
        wanted = [positions[row] for row in rows] if isinstance(positions, Mapping) else [label] * len(rows)
        new = dataset.relabel(rows, wanted if mapping else label).labels
        assert new is not None
        labels = [_edits.plain(new[row]) for row in rows]
        self._edit("relabel", Wish.of(dataset, LABEL, rows, labels, values), why=why, source=source)

    def drop(
        self,
        dataset: Dataset,
        positions: Sequence[int],
        *,
        dropped: bool = True,
        why: str = "",
        values: Then = None,
        source: object = None,
    ) -> None:
        """Drops points of `dataset`, or takes them back with `dropped=False`; arguments and errors as in `relabel`."""
        rows = checked_rows(positions, len(dataset))
        wish = Wish.of(dataset, DROPPED, rows, [bool(dropped)] * len(rows), values)
        self._edit("drop" if dropped else "restore", wish, why=why, source=source)

    def flag(
        self,
        dataset: Dataset,
        positions: Sequence[int],
        *,
        flagged: bool = True,
        why: str = "",
        values: Then = None,
        source: object = None,
    ) -> None:
        """Marks points to be looked at again, or takes the mark off; arguments and errors as in `relabel`."""
        rows = checked_rows(positions, len(dataset))
        wish = Wish.of(dataset, FLAG, rows, [bool(flagged)] * len(rows), values)
        self._edit("flag" if flagged else "unflag", wish, why=why, source=source)

    def note(
        self,
        dataset: Dataset,
        positions: Sequence[int],
        note: str,
        *,
        why: str = "",
        values: Then = None,
        source: object = None,
    ) -> None:
        """Keeps a comment with points, in place of the one that they have; an empty one removes it.

        Arguments and errors as in `relabel`; a note of more than 2,000 characters is refused.
        """
        rows = checked_rows(positions, len(dataset))
        said = checked_words("note", note, "It is a comment on the points.").strip()
        self._edit("note", Wish.of(dataset, NOTE, rows, [said] * len(rows), values), why=why, source=source)

    def undo(self, *, back_to: int | None = None, source: object = None) -> None:
        """Takes the last edit back.

        Args:
            back_to: all edits that are in force and came after this one, by its number in `history`; 0 for all.
            source: handed on to subscribers.

        Raises:
            EditError: there is none, `back_to` is not in force, or the file cannot be written.
        """
        with self._lock, self._file.appending() as write:
            if not self._done:
                raise EditError("There is no edit to undo.")
            count = 1 if back_to is None else self._after(back_to)
            rows = tuple(row for edit in self._done[len(self._done) - count :] for row in edit.rows)
            if count:
                write(Edit(UNDO, at=_now(), who=self.author).line() * count)
        self._subscribers.announce(rows, source)

    def _after(self, number: int) -> int:
        """How many edits in force came after one of them."""
        standing = [entry.number for entry in self.history() if entry.in_force]
        if number != 0 and number not in standing:
            raise EditError(
                f"Edit {number} is not in force, so nothing can go back to it. See history() for those that are."
            )
        return sum(other > number for other in standing)

    def redo(self, *, source: object = None) -> None:
        """Makes the last undone edit again; errors as in `undo`."""
        with self._lock, self._file.appending() as write:
            if not self._undone:
                raise EditError("There is no undone edit to make again.")
            rows = self._undone[-1].rows
            write(Edit(REDO, at=_now(), who=self.author).line())
        self._subscribers.announce(rows, source)

    def merge(self, other: EditLog, *, prefer: Prefer = None) -> None:
        """Adds the edits of another log, as one edit.

        Args:
            other: e.g. a colleague's log.
            prefer: whose content counts where both edited a point differently.

        Raises:
            EditError: both edited a point differently and `prefer` is None; or the file cannot be written.
            InputError, InputTypeError: for another `prefer`, or what is no log.
        """
        given: Any = other
        if not isinstance(given, RecordedEdits):
            raise InputTypeError(
                f"a {type(other).__name__} was given; expected the other log. Pass EditLog('edits.jsonl')."
            )
        done = other.in_force
        values = {(row.key, row.field): row.value for edit in done for row in edit.rows}
        self.add(other.net, prefer=prefer, why=by_authors(done), values=values, origins=origins(done))

    def add(
        self,
        theirs: Net,
        *,
        prefer: Prefer = None,
        why: str = "",
        values: Mapping[tuple[Key, str], float | None] | None = None,
        origins: Mapping[tuple[Key, str], Source] | None = None,
        source: object = None,
    ) -> int:
        """Adds changes, as one edit.

        Args:
            theirs: the changes; their keys name points as this log does.
            prefer: whose content counts where both edited a point differently.
            why: the reason, kept with the edit.
            values: of points when a field of theirs was edited, where that is known.
            origins: who made each change, when and why, where that is known; kept with the edit.
            source: handed on to subscribers.

        Returns:
            How many changes were made: those that were here already are not made again.

        Raises:
            EditError, InputError, InputTypeError: as `merge`; or for a `why` that is no text, or too long a one.
        """
        why = checked_words("why", why, "It is the reason for the edit.")
        with self._lock, self._file.appending() as write:
            rows = additions(self.net, theirs, values or {}, prefer)
            if rows:
                rows, sources = by_source(rows, origins or {})
                write(Edit("merge", rows, _now(), self.author, why, sources).line())
        self._subscribers.announce(rows, source)
        return len(rows)

    def subscribe(self, callback: Callable[[Announcement], None]) -> Callable[[], None]:
        """Calls back after every edit, in the thread that made it; returns the function that ends it.

        Raises:
            InputTypeError: it is no function.
        """
        return self._subscribers.add(callback)

    def _edit(self, op: str, wish: Wish, *, why: str, source: object) -> None:
        why = checked_words("why", why, "It is the reason for the edit.")
        with self._lock, self._file.appending() as write:
            changes = wish.changes(self.net)
            if changes:
                write(Edit(op, changes, _now(), self.author, why).line())
        self._subscribers.announce(changes, source)


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")
