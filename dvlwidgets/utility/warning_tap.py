"""Counting the warnings of many fits without printing one of them, and without touching anybody else's.

Python's warning filters are global, while a run in the background fits for hours beside the user's own cells. So the
tap is one more filter, which matches only in threads that are fitting: the user's filters, and how warnings of other
threads are shown, stay as they are, also when they are changed meanwhile.
"""

from __future__ import annotations

import contextlib
import sys
import threading
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any


class _Collected(threading.local):
    found: list[str] | None = None
    text: str | None = None


_COLLECTED = _Collected()
_LOCK = threading.Lock()
_USERS = {"now": 0}


class _Text:
    """Takes the place of a filter's pattern: matches every message of a thread that is fitting."""

    pattern = ".*"  # scikit-learn copies filters, by their pattern, into the parallel parts of a model

    def match(self, text: str) -> bool:
        if _COLLECTED.found is None:
            return False
        _COLLECTED.text = text
        return True


def _place() -> str:
    """Where the code is that warns: what it says is not to be had."""
    frame = sys._getframe(2)  # noqa: SLF001 - the caller of `warnings.warn`, which is no frame itself
    file = "/".join(
        Path(frame.f_code.co_filename).parts[-3:]
    )  # results are shared: not where somebody's home is
    return f" in {file}, line {frame.f_lineno}"


class _Kind(type):
    """Takes the place of a filter's category, which is asked after the pattern: notes the warning."""

    def __subclasscheck__(cls, category: type) -> bool:
        if _COLLECTED.found is None:
            return False
        text, _COLLECTED.text = _COLLECTED.text, None
        # a copy of our filter has an ordinary pattern, which does not pass the text on
        _COLLECTED.found.append(f"{category.__name__}{_place() if text is None else f': {text}'}")
        return True


class _Fitting(Warning, metaclass=_Kind):
    """Every warning of a thread that is fitting."""


_FILTER: Any = ("ignore", _Text(), _Fitting, None, 0)


@contextlib.contextmanager
def warnings_counted() -> Iterator[list[str]]:
    """A list that fills with the text of every warning that this thread raises in the block."""
    before, _COLLECTED.found = _COLLECTED.found, []
    found = _COLLECTED.found
    with _LOCK:
        _USERS["now"] += 1
        _put_first()
    try:
        yield found
    finally:
        _COLLECTED.found = before
        with _LOCK:
            _USERS["now"] -= 1
            if _USERS["now"] == 0:
                _take_out()


def _put_first() -> None:
    filters: Any = warnings.filters
    if filters and filters[0] is _FILTER:
        return
    _take_out()
    filters.insert(0, _FILTER)
    # a filter that comes and goes makes Python forget which lines have warned already, so that they are counted
    warnings.simplefilter("ignore", _Fitting, append=True)
    with contextlib.suppress(ValueError):  # somebody swapped the filters meanwhile
        filters.remove(("ignore", None, _Fitting, None, 0))


def _take_out() -> None:
    filters: Any = warnings.filters
    for at in reversed(range(len(filters))):
        if filters[at] is _FILTER:
            del filters[at]
