"""Something that is done once things have come to rest, however often it is asked for."""

from __future__ import annotations

import contextlib
import logging
import threading
import time
from collections.abc import Callable

from dvlwidgets.engine.runner import Runner, Steps, choose
from dvlwidgets.errors import RunError

QUIET = 2.0
"""Seconds without a new wish after which it is done."""
MOST = 6.0
"""Seconds after the first wish after which it is done in any case."""


class Later:
    """Does `action` soon after `ask`, once for many wishes.

    Args:
        action: what to do; in a thread of its own, or in that of `flush`.
        name: of the thread, which begins with the first wish.
        quiet: seconds of rest before it is done.
        most: seconds that the first wish waits at most.
    """

    def __init__(
        self, action: Callable[[], None], name: str, *, quiet: float = QUIET, most: float = MOST
    ) -> None:
        self._action, self._name, self._quiet, self._most = action, name, quiet, most
        self._lock = threading.Lock()
        self._runner: Runner | None = None
        self._first: float | None = None
        self._last = 0.0
        self._closed = False

    @property
    def waiting(self) -> bool:
        """Whether something was asked for and is not done yet."""
        return self._first is not None

    def ask(self) -> None:
        """Wishes that it is done soon; from any thread."""
        with self._lock:
            self._last = time.monotonic()
            if self._first is None:
                self._first = self._last
            if self._runner is None and not self._closed:
                runner = choose()
                # without threads and without a loop nobody waits: flush does it
                with contextlib.suppress(RunError):
                    runner.begin(self._steps(), self._name)
                    self._runner = runner
        if self._runner is not None:
            self._runner.wake()

    def flush(self) -> None:
        """Does now what waits."""
        with self._lock:
            waiting, self._first = self._first is not None, None
        if waiting:
            self._action()

    def forget(self) -> None:
        """Somebody else does it: nothing waits any more."""
        with self._lock:
            self._first = None

    def close(self) -> None:
        """Forgets what waits and ends the thread."""
        with self._lock:
            self._closed, self._first = True, None
        if self._runner is not None:
            self._runner.wake()

    def _steps(self) -> Steps:
        while not self._closed:
            seconds = self._rest()
            if seconds is None or seconds > 0:
                yield seconds
                continue
            try:
                self.flush()
            except Exception:
                logging.getLogger(__name__).exception("%s failed", self._name)
            yield 0

    def _rest(self) -> float | None:
        """Seconds until it is due, 0 if it is; None when nothing waits."""
        with self._lock:
            if self._first is None:
                return None
            due = min(self._last + self._quiet, self._first + self._most)
            return max(0.0, due - time.monotonic())
