"""JSON from files that somebody else wrote: limits first, a sentence when it is not what it should be.

Nothing is executed, imported or unpickled, and memory stays within a small factor of the file's size.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, NoReturn

from dvlwidgets.errors import NotebookError

MOST_BYTES = 1 << 28
"""Larger files are refused: 256 MB."""
MOST_CONTAINERS = 2_000_000
"""Lists and objects cost some sixty bytes where a file needs two: texts with more of them are refused."""
DEEPEST = 64
"""Levels of a payload."""


def read_text(path: Path) -> str:
    """The text of a file.

    Raises:
        NotebookError: it is not there, no file, too large, or no UTF-8.
    """
    try:
        raw = _bytes(path)
    except (OSError, ValueError) as reason:  # a NotebookError is a ValueError: it has said why
        if isinstance(reason, NotebookError):
            raise
        raise NotebookError(f"{str(path)!r} cannot be read: {reason}. Check the path.") from None
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as reason:
        raise NotebookError(
            f"{path} is no text in UTF-8 (byte {reason.start}); expected a notebook or a page."
        ) from None


def _bytes(path: Path) -> bytes:
    if not path.is_file():
        raise NotebookError(
            f"{path} is {'a folder' if path.is_dir() else 'not there'}; expected a notebook or a page. Check the path."
        )
    if path.stat().st_size > MOST_BYTES:
        raise NotebookError(f"{path} has more than {MOST_BYTES >> 20} MB; such a file is not read.")
    return path.read_bytes()


def parse(text: str, what: str, *, nan: bool = False) -> Any:
    """A JSON text as Python objects.

    Args:
        text: the JSON.
        what: names it in messages.
        nan: let NaN and Infinity pass, which Python writes but JSON does not know.

    Raises:
        NotebookError: it is damaged, or built to exhaust memory.
    """
    if text.count("[") + text.count("{") > MOST_CONTAINERS:
        raise NotebookError(f"{what} has more than {MOST_CONTAINERS:,} parts; such a file is not read.")
    try:
        return json.loads(text) if nan else json.loads(text, parse_constant=_refuse)
    except RecursionError:
        raise NotebookError(f"{what} is nested too deeply; such a file is not read.") from None
    except ValueError as reason:
        raise NotebookError(
            f"{what} is damaged, perhaps cut off: {str(reason)[:100]}. Ask for the file again."
        ) from None


def _refuse(name: str) -> NoReturn:
    raise ValueError(f"{name} is no number of JSON")


def too_deep(found: Any) -> bool:
    """Whether lists and objects stand more than `DEEPEST` levels deep in one another."""
    level = [found]
    for _ in range(DEEPEST):
        level = [part for item in level for part in _parts(item)]
        if not level:
            return False
    return True


def _parts(item: Any) -> Any:
    if isinstance(item, dict):
        return [part for part in item.values() if isinstance(part, dict | list)]
    return [part for part in item if isinstance(part, dict | list)] if isinstance(item, list) else []
