"""Edits for other programs: a table, CSV, JSON, and Python that makes them again. Pure functions over the entries."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

from dvlwidgets.data.edit_history import Entry
from dvlwidgets.data.edits import DROPPED, FLAG, LABEL, NOTE, Net
from dvlwidgets.data.frames import pandas
from dvlwidgets.data.shown import writable
from dvlwidgets.data.table_export import safe

if TYPE_CHECKING:
    import pandas as pd

COLUMNS = ("edit", "op", "id", "field", "old", "new", "value", "at", "who", "why", "in_force")
"""One line for each change of a point; `edit` is the number of the edit that it belongs to.

`at`, `who` and `why` are those of who made the change first: of a merge only JSON says who merged, and when.
"""


def table(entries: Iterable[Entry]) -> Iterator[tuple[Any, ...]]:
    """The lines under `COLUMNS`, oldest first."""
    for number, edit, in_force in entries:
        for row, source in edit.each():
            change = (row.id, row.field, row.old, row.new, row.value)
            yield number, edit.op, *change, source.at, source.who, source.why, in_force


def csv_text(entries: Iterable[Entry]) -> str:
    """CSV with a head; an unknown value is empty, and no text is taken for a formula (see `table_export.safe`)."""
    into = io.StringIO()
    writer = csv.writer(into, lineterminator="\n")
    writer.writerow(COLUMNS)
    for line in table(entries):
        writer.writerow([safe(cell) if isinstance(cell, str) else cell for cell in line])
    return writable(into.getvalue())


def json_text(entries: Iterable[Entry]) -> str:
    """JSON: a list of edits, each with its changes and with the hashes by which points are found again."""
    edits = []
    for number, edit, in_force in entries:
        rows = [row.record() | {"value": row.value} for row in edit.rows]
        about = {"edit": number, "op": edit.op, "at": edit.at, "who": edit.who, "why": edit.why}
        whose = {"from": [source._asdict() for source in edit.sources]} if edit.sources else {}
        edits.append(about | whose | {"in_force": in_force, "rows": rows})
    return json.dumps({"format": "dvlwidgets-edits-table", "v": 1, "edits": edits}, indent=1) + "\n"


def frame(entries: Iterable[Entry]) -> pd.DataFrame:
    """The table as a data frame.

    Raises:
        InputError: if pandas is not installed.
    """
    made = pandas("to_frame")
    rows = list(table(entries))
    found: pd.DataFrame = made.DataFrame(
        {name: made.Series([row[i] for row in rows], dtype="object") for i, name in enumerate(COLUMNS)}
    )
    return found.astype({"edit": "int64", "value": "float64", "in_force": "bool"})


def as_code(edits: Net, name: str = "train") -> str:
    """Python that makes the edits on a data set called `name`, to keep with an analysis.

    Flags and notes change nothing in the data: they become variables of their own.
    """
    if not edits:
        return f"# no edits of {name}\n"
    labels, dropped, flagged, notes = (
        {key.id: fields[field][1] for key, fields in edits.items() if field in fields}
        for field in (LABEL, DROPPED, FLAG, NOTE)
    )
    lines = []
    if labels or dropped:
        lines += [f"position = {{id: i for i, id in enumerate({name}.ids.tolist())}}"]
    if labels:
        lines += [f"relabelled = {labels!r}  # id: new label"]
        lines += [f"{name} = {name}.relabel({{position[id]: label for id, label in relabelled.items()}})"]
    if dropped:
        lines += [f"dropped = {list(dropped)!r}  # ids"]
        lines += [f"{name} = {name}.drop_indices([position[id] for id in dropped])"]
    if flagged:
        lines += [f"flagged = {list(flagged)!r}  # ids, to be looked at again"]
    if notes:
        lines += [f"notes = {notes!r}  # id: comment"]
    return "\n".join(lines) + "\n"
