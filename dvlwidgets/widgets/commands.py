"""What a page may ask for: named commands whose arguments are checked. Anything else is refused with a sentence."""

from __future__ import annotations

import reprlib
import sys
from dataclasses import dataclass, field
from typing import Any

from dvlwidgets.errors import WireError

CONTROLS = ("start", "pause", "resume", "stop")
MAX_PREVIEWS = 200
MAX_TEXT = 200
MOST = 2**63


@dataclass(frozen=True)
class Command:
    """One checked command.

    Attributes:
        name: "hello", "ack", one of CONTROLS, "relabel", "drop", "undo", "redo" or "previews".
        request: the page's number for it, repeated in the answer.
        seq: frame of `hello` and `ack`; -1 for none.
        rows: positions, each in range.
        choice: of `relabel`: {"label": code}, {"new": text} or {"number": x}.
        dropped: of `drop`: True drops, False takes back.
    """

    name: str
    request: str | None = None
    seq: int = -1
    rows: tuple[int, ...] = ()
    choice: dict[str, Any] = field(default_factory=dict)
    dropped: bool = True


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
    if name not in {"relabel", "drop", "undo", "redo", "previews"}:
        raise WireError(f"{short(name)} is no command of this panel.")
    request = request_of(content)
    if name in {"undo", "redo"}:
        return Command(name, request)
    rows = _rows(content, n)
    if name == "relabel":
        return Command(name, request, rows=rows, choice=_choice(content))
    if name == "drop":
        if not isinstance(content.get("dropped"), bool):
            raise WireError(f"'dropped' should be true or false, not {short(content.get('dropped'))}.")
        return Command(name, request, rows=rows, dropped=content["dropped"])
    if len(rows) > MAX_PREVIEWS:
        raise WireError(f"{len(rows)} previews were asked for at once; at most {MAX_PREVIEWS} are given.")
    return Command(name, request, rows=rows)


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
