"""What a log of edits holds, read from its file, and what other programs are given of it."""

from __future__ import annotations

import os
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dvlwidgets.data import edit_export, edit_history
from dvlwidgets.data import edits as _edits
from dvlwidgets.data.edit_file import LineFile
from dvlwidgets.data.edit_history import Entry
from dvlwidgets.data.edit_places import apply
from dvlwidgets.data.edits import DROPPED, FLAG, LABEL, NOTE, Edit, Net
from dvlwidgets.data.user_file import write_file

if TYPE_CHECKING:
    import pandas as pd

    from dvlwidgets.data.dataset import Dataset

_HEADER = b'{"format": "dvlwidgets-edits", "v": 1}\n'


class RecordedEdits:
    """The edits in a file: those in force, those that can be made again, and all that there ever were.

    Args:
        path: the file. It is read now if it exists.

    Raises:
        EditError: the file is not a log, or is damaged before its last line.
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self.path = Path(path).resolve()
        self._lock = threading.RLock()
        self._done: list[Edit] = []
        self._undone: list[Edit] = []
        self._steps: list[Edit] = []
        self._file = LineFile(self.path, _HEADER, lambda line: self._step(Edit.parse(line)))
        self._file.read()

    def _step(self, edit: Edit) -> None:
        _edits.step(self._done, self._undone, edit)
        self._steps.append(edit)

    def __len__(self) -> int:
        """Number of edits in force; one edit may change many points."""
        return len(self._done)

    def __repr__(self) -> str:
        now = self.summary()
        return f"{type(self).__name__}({now['relabelled']} relabelled, {now['dropped']} dropped, {self.path})"

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

    def history(self) -> list[Entry]:
        """All edits, oldest first, those that were taken back included."""
        with self._lock:
            return edit_history.entries(self._steps)

    def summary(self) -> dict[str, Any]:
        """Counts for display: the wire's EDITS. `saved` is always true: nothing unsaved is ever in force."""
        with self._lock:
            fields = self.net.values()
            return {
                "count": len(self._done),
                "relabelled": sum(LABEL in field for field in fields),
                "dropped": sum(DROPPED in field for field in fields),
                "flagged": sum(FLAG in field for field in fields),
                "noted": sum(NOTE in field for field in fields),
                "undo": bool(self._done),
                "redo": bool(self._undone),
                "path": str(self.path),
                "saved": True,
            }

    def apply(self, dataset: Dataset) -> Dataset:
        """The data set with the edits made; see `edit_places.apply`."""
        return apply(self.net, dataset)

    def as_code(self, name: str = "train") -> str:
        """The edits in force as Python code; see `edit_export.as_code`."""
        return edit_export.as_code(self.net, name)

    def to_frame(self) -> pd.DataFrame:
        """The history as a table, one line a change; see `edit_export.COLUMNS`."""
        return edit_export.frame(self.history())

    def to_csv(self, path: str | os.PathLike[str]) -> Path:
        """Writes the history as a table, for a spreadsheet; returns the path.

        Raises:
            InputError, InputTypeError: the file cannot be written, or the path is none.
        """
        return write_file(path, edit_export.csv_text(self.history()).encode(), like="edits.csv")

    def to_json(self, path: str | os.PathLike[str]) -> Path:
        """Writes the history as JSON; returns and raises as `to_csv`."""
        return write_file(path, edit_export.json_text(self.history()).encode(), like="edits.json")

    def save(self, path: str | os.PathLike[str]) -> Path:
        """Writes the log to another file, which `EditLog(path)` reads; returns and raises as `to_csv`."""
        with self._lock:
            content = _HEADER + b"".join(step.line() for step in self._steps)
        return write_file(path, content, like="edits.jsonl")
