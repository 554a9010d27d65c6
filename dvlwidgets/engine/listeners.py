"""Who hears of a run. Looking at one must never kill it: a listener that raises hears nothing more."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from typing import Generic, TypeVar

News = TypeVar("News")


class Listeners(Generic[News]):
    """Functions that are called in the order in which they came, by whatever thread has news.

    Attributes:
        error: what the last dropped one raised, or None.
    """

    def __init__(self) -> None:
        self.error: Exception | None = None
        self._callbacks: list[Callable[[News], None]] = []

    def __len__(self) -> int:
        return len(self._callbacks)

    def add(self, callback: Callable[[News], None]) -> Callable[[], None]:
        """One more; returns what ends it, which may be called twice."""
        self._callbacks.append(callback)
        return lambda: self._forget(callback)

    def tell(self, news: News) -> None:
        """Call them all."""
        for callback in list(self._callbacks):  # one may go, or bring another, while it is told
            try:
                callback(news)
            except Exception as error:
                self._forget(callback)
                self.error = error

    def _forget(self, callback: Callable[[News], None]) -> None:
        with contextlib.suppress(ValueError):  # it may have gone already
            self._callbacks.remove(callback)
