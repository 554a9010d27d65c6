"""Text from data, made fit to be read: nothing in it moves a cursor, hides, or turns the text around it.

Names, labels and texts come from anybody. Control characters could write to a terminal, marks that reverse the
direction of writing could make a name look like another one, and hundreds of accents on one letter cover the lines
around it. They are shown as escapes. Letters of every script, emoji included, stay what they are.
`js/src/shown.ts` is the mirror; `tests/shown/cases.json` is read by both sides.
"""

from __future__ import annotations

import unicodedata
from html import escape

MOST_MARKS = 6
"""Accents on one letter; no script needs more."""
_JOINERS = "\u200c\u200d"
"""They shape Persian, Indic scripts and emoji, and are kept between letters."""
_BLANK = "\u034f\u115f\u1160\u17b4\u17b5\u3164\uffa0"
"""Letters and marks that nobody sees."""
_SEPARATORS = {"Zl", "Zp", "Cs", "Cn", "Co"}


def shown(text: str, *, lines: bool = False) -> str:
    """A text as it may be displayed.

    Args:
        text: anything.
        lines: let line ends and tabs pass.
    """
    if text.isascii() and text.isprintable():
        return text
    if lines:
        text = text.replace("\r\n", "\n")
    few = _fewer_marks(text)
    return "".join(
        letter if _plain(few, place, lines=lines) else _escape(letter) for place, letter in enumerate(few)
    )


def writable(text: str) -> str:
    """A text that UTF-8 can hold: half characters become escapes, as they do in `shown`.

    Python so reads the names of files whose bytes are no UTF-8 (`os.listdir`), and such names become ids.
    """
    return text if text.isascii() else text.encode("utf-8", "backslashreplace").decode()


def as_html(text: str) -> str:
    """A text as part of HTML: no markup, and fit to be read."""
    return escape(shown(text))


def _fewer_marks(text: str) -> str:
    pieces: list[str] = []
    marks = 0
    for letter in (*text, ""):
        if letter and unicodedata.category(letter) in {"Mn", "Me"}:
            marks += 1
            if marks > MOST_MARKS:
                continue
        else:
            if marks > MOST_MARKS:
                pieces.append(f"[{marks - MOST_MARKS} more marks]")
            marks = 0
        pieces.append(letter)
    return "".join(pieces)


def _plain(text: str, place: int, *, lines: bool) -> bool:
    letter = text[place]
    if lines and letter in "\n\t":
        return True
    if letter in _JOINERS:
        return 0 < place < len(text) - 1 and _joined(text[place - 1]) and _joined(text[place + 1])
    return _visible(letter)


def _joined(letter: str) -> bool:
    """Whether a joiner beside it may do something; a joiner beside a joiner only hides."""
    return not letter.isascii() and _visible(letter)


def _visible(letter: str) -> bool:
    category = unicodedata.category(letter)
    return letter not in _BLANK and category not in {"Cc", "Cf"} and category not in _SEPARATORS


def _escape(letter: str) -> str:
    code = ord(letter)
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def width(text: str) -> int:
    """Columns that a text takes in a terminal."""
    wide = sum(unicodedata.east_asian_width(letter) in {"W", "F"} for letter in text)
    none = sum(unicodedata.category(letter) in {"Mn", "Me"} or letter in _JOINERS for letter in text)
    return len(text) + wide - none


def cut(text: str, columns: int) -> str:
    """A text on one line of at most so many columns, safe to show."""
    safe = shown(text[: 4 * columns])
    if width(safe) <= columns and len(text) <= 4 * columns:
        return safe
    while width(safe) >= columns:
        safe = safe[:-1]
    return safe + "…"
