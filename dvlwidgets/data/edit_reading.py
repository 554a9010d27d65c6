"""Edits out of a file that somebody sent: a log, or its export as JSON. What it is not is said in a sentence.

Nothing of it is taken on trust: sizes and depths have limits, and contents that no edit can have are refused.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, NoReturn

from dvlwidgets.data import bounded_json
from dvlwidgets.data.edit_export import COLUMNS
from dvlwidgets.data.edits import CAME, MAX_NOTE, Change, Edit, Source, step
from dvlwidgets.errors import EditError, NotebookError

MOST_BYTES = 20_000_000
"""Larger files are refused."""
LOG, TABLE, VERSION = "dvlwidgets-edits", "dvlwidgets-edits-table", 1
EXPECTED = "Expected a log of edits (.jsonl), or its export as JSON."
LONGEST_TIME = 64
_SHOWN = 60


@dataclass(frozen=True)
class Reading:
    """What a file holds.

    Attributes:
        edits: those in force, oldest first.
        cut: the file ends within its last line, which is not among them.
    """

    edits: tuple[Edit, ...]
    cut: bool = False


def read(text: str, name: str) -> Reading:
    """The edits in force in a file.

    Args:
        text: all of the file.
        name: of the file, for messages.

    Raises:
        EditError: it holds no edits that this version can read; the sentence says what it is.
    """
    text = text.removeprefix("\ufeff")
    if len(text) > MOST_BYTES:
        raise EditError(f"{name} has more than {MOST_BYTES:,} characters; so large a file is not read here.")
    if not text.strip():
        raise EditError(f"{name} is empty. {EXPECTED}")
    first = _first(text)
    if first.get("format") == LOG and "edits" not in first:
        return _log(text, first, name)
    if text.lstrip()[0] not in "[{":
        _refuse_text(text, name)
    if "op" in first:
        raise EditError(
            f'{name} lacks the first line of a log, {{"format": "{LOG}", "v": {VERSION}}}. {EXPECTED}'
        )
    return _table(_parsed(text, name), name)


# --- what the file is -------------------------------------------------------------------------------------------


def _first(text: str) -> dict[str, Any]:
    """The object in the first line; empty where there is none, as in most files."""
    try:
        found = json.loads(text[: text.find("\n") + 1] or text)
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def _refuse_text(text: str, name: str) -> NoReturn:
    """Says what a file without JSON is."""
    start = text.lstrip()
    if start.startswith(",".join(COLUMNS[:4])):
        what = "is the export as CSV, which does not say for certain which points it means"
    elif start.startswith(("position = {", "# no edits of", "flagged = [", "notes = {")):
        what = "is the export as Python, which is run, not loaded"
    elif start.startswith("<"):
        what = "is a page; Edits.from_notebook() reads the edits of a shared one"
    else:
        what = f"begins with {start.splitlines()[0][:_SHOWN]!r}, which is no log of edits"
    raise EditError(f"{name} {what}. {EXPECTED}")


def _parsed(text: str, what: str) -> Any:
    try:
        found = bounded_json.parse(text, what)
    except NotebookError as reason:
        raise EditError(str(reason)) from None
    if bounded_json.too_deep(found):
        raise EditError(f"{what} is nested too deeply; such a file is not read. {EXPECTED}")
    return found


def _version(record: dict[str, Any], name: str) -> None:
    if record.get("v") != VERSION:
        raise EditError(
            f"{name} has format version {record.get('v')!r:.40}; this dvlwidgets reads version {VERSION}. "
            "Use the version that wrote it, or a newer one."
        )


# --- its edits --------------------------------------------------------------------------------------------------


def _log(text: str, first: dict[str, Any], name: str) -> Reading:
    """Of the file that a log is on disk."""
    _version(first, name)
    _bound(text, name)
    done: list[Edit] = []
    undone: list[Edit] = []
    lines = text.split("\n")  # not splitlines(): a comment may hold other ends of lines
    for number, line in enumerate(lines[1:], start=2):
        if not line.strip():
            continue
        try:
            step(done, undone, _edit(_parsed(line, f"line {number} of {name}")))
        except (EditError, ValueError) as reason:
            if number == len(lines):  # without its end: it was cut off
                return Reading(tuple(done), cut=True)
            if isinstance(reason, EditError):
                raise
            raise EditError(
                f"{name} cannot be read, line {number}: {reason}. Ask for the file again."
            ) from None
    return Reading(tuple(done))


def _bound(text: str, name: str) -> None:
    """A line alone may be within the limits, all of them together not."""
    if text.count("[") + text.count("{") > bounded_json.MOST_CONTAINERS:
        raise EditError(
            f"{name} has more than {bounded_json.MOST_CONTAINERS:,} parts; so large a file is not read here."
        )


def _table(found: Any, name: str) -> Reading:
    """Of the export as JSON."""
    mark = found.get("format") if isinstance(found, dict) else None
    if mark == LOG:
        raise EditError(
            f"{name} holds the edits of a shared copy, which name points in another way; "
            f"Edits.from_notebook() reads them. {EXPECTED}"
        )
    if isinstance(found, dict) and "nbformat" in found:
        raise EditError(
            f"{name} is a notebook; Edits.from_notebook() reads the edits that it holds. {EXPECTED}"
        )
    if mark != TABLE or not isinstance(found.get("edits"), list):
        raise EditError(
            f"{name} is JSON of something else: it is not marked as edits of dvlwidgets. {EXPECTED}"
        )
    _version(found, name)
    return Reading(tuple(_of_table(found["edits"], name)))


def _of_table(records: list[Any], name: str) -> Iterator[Edit]:
    for number, record in enumerate(records, start=1):
        try:
            edit = _edit(record)
            if _stands(record):
                yield edit
        except ValueError as reason:
            raise EditError(
                f"{name} cannot be read, edit {number}: {reason}. Ask for the file again."
            ) from None


def _stands(record: dict[str, Any]) -> bool:
    found = record.get("in_force")
    if found is not True and found is not False:
        raise ValueError(f"in_force should be true or false, not {found!r:.40}")
    return found


def _edit(record: Any) -> Edit:
    """An edit whose contents can be those of one.

    Raises:
        ValueError: they cannot.
    """
    edit = Edit.of(record)
    whole = Source(edit.who, edit.at, edit.why, 0)
    for who, at, why, _ in (whole, *edit.sources):
        if max(len(edit.op), len(who), len(why)) > MAX_NOTE or len(at) > LONGEST_TIME:
            raise ValueError("a name, a time or a reason is longer than any that dvlwidgets writes")
    for row in edit.rows:
        _check(row)
    return edit


def _check(row: Change) -> None:
    if type(row.id) not in (int, str) or type(row.hash) is not str:
        raise ValueError(f"{row.id!r:.40} with {row.hash!r:.40} is no point")
    for content in (row.old, row.new):
        if row.field not in CAME:  # a label
            fits = type(content) in (str, int, float, bool)
            fits = fits and (not isinstance(content, float) or math.isfinite(content))
        else:
            fits = not isinstance(content, str) or len(content) <= MAX_NOTE
        if not fits:
            raise ValueError(f"the {row.field} of id {row.id!r:.40} is {content!r:.40}")
