"""What the program says, and where: results to standard output, complaints of one line to standard error."""

from __future__ import annotations

import sys
from typing import TextIO

from dvlwidgets.data.shown import shown


def say(text: str = "") -> None:
    """Prints lines that are safe to show."""
    _put(sys.stdout, shown(text, lines=True))


def complain(sentence: str) -> None:
    """Prints one line to standard error."""
    _put(sys.stderr, "dvlwidgets: " + shown(sentence.replace("\n", " ")))


def _put(stream: TextIO, text: str) -> None:
    try:
        stream.write(text + "\n")
    except UnicodeEncodeError:  # a terminal without our letters
        known = stream.encoding or "ascii"
        stream.write(text.encode(known, "backslashreplace").decode(known) + "\n")
    stream.flush()
