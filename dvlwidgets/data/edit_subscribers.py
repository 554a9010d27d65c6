"""Who hears of edits once they are on disk."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from dvlwidgets.data.edits import Change, Key
from dvlwidgets.errors import InputTypeError


@dataclass(frozen=True)
class Announcement:
    """Sent to subscribers once an edit is on disk: the points that it touched, and who asked for it."""

    keys: tuple[Key, ...]
    source: object


class Subscribers:
    """Functions that are called after every edit, in the order in which they came."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._callbacks: list[Callable[[Announcement], None]] = []

    def __len__(self) -> int:
        return len(self._callbacks)

    def add(self, callback: Callable[[Announcement], None]) -> Callable[[], None]:
        """One more; returns what ends it.

        Raises:
            InputTypeError: it is no function.
        """
        if not callable(callback):
            raise InputTypeError(
                f"a {type(callback).__name__} was given; expected a function that takes an Announcement."
            )
        with self._lock:
            self._callbacks.append(callback)

        def remove() -> None:
            with self._lock, contextlib.suppress(ValueError):
                self._callbacks.remove(callback)

        return remove

    def announce(self, changes: Iterable[Change], source: object) -> None:
        """Calls them, in the thread that made the edit."""
        with self._lock:
            callbacks = list(self._callbacks)
        news = Announcement(tuple(dict.fromkeys(change.key for change in changes)), source)
        for callback in callbacks:
            callback(news)
