"""Counting the warnings of many fits without printing one of them.

Python's warning filters are global, so the tap counts its users: the first installs it, the last takes it away, and
warnings of threads that are not fitting pass through.
"""

from __future__ import annotations

import contextlib
import threading
import warnings
from collections.abc import Iterator
from typing import Any


class _Collected(threading.local):
    found: list[str] | None = None


_COLLECTED = _Collected()
_LOCK = threading.Lock()
_SAVED: dict[str, Any] = {"users": 0}


@contextlib.contextmanager
def warnings_counted() -> Iterator[list[str]]:
    """A list that fills with the text of every warning that this thread raises in the block."""
    before, _COLLECTED.found = _COLLECTED.found, []
    _install()
    try:
        yield _COLLECTED.found
    finally:
        _COLLECTED.found = before
        _remove()


def _install() -> None:
    with _LOCK:
        if _SAVED["users"] == 0:
            _SAVED["show"], _SAVED["before"] = warnings.showwarning, warnings.catch_warnings()
            _SAVED["before"].__enter__()
            warnings.showwarning = _route  # type: ignore[assignment]
            warnings.simplefilter("always")
        _SAVED["users"] += 1


def _remove() -> None:
    with _LOCK:
        _SAVED["users"] -= 1
        if _SAVED["users"] == 0:
            _SAVED["before"].__exit__(None, None, None)


def _route(message: Any, category: type[Warning], filename: str, lineno: int, *rest: Any) -> None:
    if _COLLECTED.found is None:
        _SAVED["show"](message, category, filename, lineno, *rest)
    else:
        _COLLECTED.found.append(f"{category.__name__}: {message}")
