"""What a page may ask for: named commands whose arguments are checked. Anything else is refused with a sentence."""

from __future__ import annotations

import reprlib
import sys
from dataclasses import dataclass, field
from typing import Any

from dvlwidgets.data.edits import MAX_NOTE
from dvlwidgets.errors import WireError

CONTROLS = ("start", "pause", "resume", "stop")
EDITS = ("relabel", "accept", "drop", "flag", "note", "undo", "redo")
MAX_PREVIEWS = 200
MAX_TEXT = 200
MOST = 2**63


@dataclass(frozen=True)
class Command:
    """One checked command.

    Attributes:
        name: "hello", "ack", one of CONTROLS or EDITS, or "previews".
        request: the page's number for it, repeated in the answer.
        seq: frame of `hello` and `ack`; -1 for none.
        rows: positions, each in range.
        choice: of `relabel`: {"label": code}, {"new": text} or {"number": x}.
        dropped: of `drop`: True drops, False takes back.
        flagged: of `flag`: True marks, False takes the mark off.
        note: of `note`: a comment, empty for none.
        codes: of `accept`: a class for each of the rows.
        back_to: of `undo`: the number of the edit to go back to; None undoes one.
        why: the reason for an edit.
    """

    name: str
    request: str | None = None
    seq: int = -1
    rows: tuple[int, ...] = ()
    choice: dict[str, Any] = field(default_factory=dict)
    dropped: bool = True
    flagged: bool = True
    note: str = ""
    codes: tuple[int, ...] = ()
    back_to: int | None = None
    why: str = ""


def parse(content: Any, n: int) -> Command:
    """Checks a message from a page.

    Args:
        content: whatever arrived.
        n: number of points.

    Raises:
        WireError: it is no command, or its arguments are not what the command takes.
    """
    if not isinstance(content, dict) or not isinstance(content.get("t"), str):
        raise WireError(f"A command should be an object with a name 't', not {short(content)}.")
    name = content["t"]
    if name in {"hello", "ack"}:
        return Command(name, seq=_integer(content, "have" if name == "hello" else "seq"))
    if name in CONTROLS:
        return Command(name)
    if name not in {*EDITS, "previews"}:
        raise WireError(f"{short(name)} is no command of this panel.")
    request = request_of(content)
    if name in EDITS:
        return _edit(name, request, content, n)
    rows = _rows(content, n)
    if len(rows) > MAX_PREVIEWS:
        raise WireError(f"{len(rows)} previews were asked for at once; at most {MAX_PREVIEWS} are given.")
    return Command(name, request, rows=rows)


def _edit(name: str, request: str | None, content: dict[str, Any], n: int) -> Command:
    if name == "redo":
        return Command(name, request)
    if name == "undo":
        back = content.get("back_to")
        if back is not None and (type(back) is not int or not 0 <= back <= MOST):
            raise WireError(f"'back_to' should be the number of an edit, not {short(back)}.")
        return Command(name, request, back_to=back)
    rows, why = _rows(content, n), _words(content, "why", "")
    match name:
        case "relabel":
            return Command(name, request, rows=rows, choice=_choice(content), why=why)
        case "accept":
            return Command(name, request, rows=rows, codes=_codes(content, len(rows)), why=why)
        case "note":
            return Command(name, request, rows=rows, note=_words(content, "note"), why=why)
        case "flag":
            return Command(name, request, rows=rows, flagged=_flag(content, "flagged"), why=why)
        case _:
            return Command(name, request, rows=rows, dropped=_flag(content, "dropped"), why=why)


def _flag(content: dict[str, Any], key: str) -> bool:
    if not isinstance(content.get(key), bool):
        raise WireError(f"'{key}' should be true or false, not {short(content.get(key))}.")
    return bool(content[key])


def _words(content: dict[str, Any], key: str, default: str | None = None) -> str:
    said = content.get(key, default)
    if not isinstance(said, str) or len(said) > MAX_NOTE:
        raise WireError(f"'{key}' should be a text of at most {MAX_NOTE} characters, not {short(said)}.")
    return said


def _codes(content: dict[str, Any], n: int) -> tuple[int, ...]:
    """A class for each of n different rows."""
    codes = content.get("codes")
    if not isinstance(codes, list) or len(codes) != n or not all(type(code) is int for code in codes):
        raise WireError(
            f"'codes' should be a list of classes, one for each of {n} different rows, not {short(codes)}."
        )
    return tuple(codes)


def request_of(content: Any) -> str | None:
    """The request number of a message, also of a bad one: its error must find its way."""
    request = content.get("request") if isinstance(content, dict) else None
    if type(request) is int and abs(request) > MOST:
        return None  # no page counts so far, and Python refuses to write very long numbers
    return str(request)[:100] if isinstance(request, str | int) else None


def _rows(content: dict[str, Any], n: int) -> tuple[int, ...]:
    rows = content.get("rows")
    if not isinstance(rows, list) or not rows or not all(type(row) is int and 0 <= row < n for row in rows):
        raise WireError(f"'rows' should be a list of positions from 0 to {n - 1}, not {short(rows)}.")
    return tuple(dict.fromkeys(rows))


def _choice(content: dict[str, Any]) -> dict[str, Any]:
    given: dict[str, Any] = {key: content[key] for key in ("label", "new", "number") if key in content}
    match given:
        case {"label": int(code)} if len(given) == 1 and type(code) is int:
            return given
        case {"new": str(text)} if len(given) == 1 and 0 < len(text.strip()) <= MAX_TEXT:
            return given
        case {"new": str(text)} if (
            len(given) == 1 and len(text.strip()) > MAX_TEXT
        ):  # what people type or paste
            raise WireError(
                f"The new label has {len(text.strip()):,} characters; at most {MAX_TEXT} are taken."
            )
        case {"number": int() | float() as number} if len(given) == 1 and type(number) is not bool:
            if abs(number) <= sys.float_info.max:  # also of a whole number that is no float, and of NaN
                return given
    raise WireError(
        f"A new label should be a class code 'label', a text 'new' (at most {MAX_TEXT} characters) or a finite "
        f"'number', not {short(given)}."
    )


def _integer(content: dict[str, Any], key: str) -> int:
    if type(content.get(key)) is not int:
        raise WireError(f"'{key}' should be an integer, not {short(content.get(key))}.")
    return int(content[key])


def short(item: Any) -> str:
    """What was given, in a few words, however large or deep it is."""
    try:
        text = reprlib.repr(item)
    except (ValueError, RecursionError):
        text = f"a very large {type(item).__name__}"
    return text if len(text) <= 80 else text[:79] + "…"
