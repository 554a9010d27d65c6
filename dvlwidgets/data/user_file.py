"""A file that a user named: written whole, or refused in words."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from dvlwidgets.errors import InputError, InputTypeError


def write_file(path: str | os.PathLike[str], content: bytes, *, like: str) -> Path:
    """Writes a file in place of what was there; returns its path.

    Args:
        path: of the file.
        content: all of it.
        like: a name that such a file could have, for what is said of a path that is none.

    Raises:
        InputTypeError: for a path that is none.
        InputError: the file cannot be written.
    """
    given: Any = path
    if not isinstance(given, str | os.PathLike):
        raise InputTypeError(f"path is {path!r:.60}; expected the file to write. Pass {like!r}.")
    target = Path(path)
    try:
        target.write_bytes(content)
    except OSError as refusal:
        raise InputError(
            f"{str(target)!r} cannot be written: {refusal.strerror}. Give a file in a folder that exists."
        ) from refusal
    return target
