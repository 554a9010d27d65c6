"""Wrong use in one line: what was given, what was meant perhaps, what there is."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

from IPython.core.error import UsageError

from dvlwidgets.errors import DvlError

__all__ = ["UsageError", "a", "in_one_line", "near", "unknown"]

FEW = 12
"""So many names are listed even where one of them is close."""


def near(word: str, known: Iterable[str]) -> str:
    """A sentence with what was meant, after a space, where something is close."""
    by_lower = {name.lower(): name for name in known}
    found = difflib.get_close_matches(word.lower(), by_lower, 1, cutoff=0.55)
    return f" Did you mean {by_lower[found[0]]!r}?" if found else ""


def unknown(kind: str, word: str, known: Iterable[str]) -> UsageError:
    """The error for a word that is none of the known ones."""
    names = list(known)
    close = near(word, names)
    there = f" There are: {', '.join(names)}." if names else " There is none."
    return UsageError(f"there is no {kind} {word!r}.{close}{'' if close and len(names) > FEW else there}")


def a(value: Any) -> str:
    """What a value is, in words: "a Dataset", "an int", "the class Ridge", "nothing"."""
    if value is None:
        return "nothing"
    if isinstance(value, type):
        return f"the class {value.__name__}"
    name = type(value).__name__
    return f"{'an' if name[:1].lower() in 'aeio' else 'a'} {name}"


@contextmanager
def in_one_line() -> Iterator[None]:
    """Turns an error of dvlwidgets, or of a file that it was given, into one line without a traceback."""
    try:
        yield
    except DvlError as error:
        raise UsageError(" ".join(str(error).split())) from error
    except OSError as error:  # of a file or folder that the line names
        if error.filename is None:
            raise
        raise UsageError(f"{error.filename}: {error.strerror or error}. Give another place.") from error
