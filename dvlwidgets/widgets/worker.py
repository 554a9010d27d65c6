"""One thread for slow questions: of those of one kind that wait, only the newest is worked on."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable


class Worker:
    """Does jobs one after the other; a job that has not begun gives way to a newer one of its kind.

    Args:
        name: of the thread, which begins with the first job.
    """

    def __init__(self, name: str) -> None:
        self._name = name
        self._wake = threading.Condition()
        self._jobs: dict[str, Callable[[], None]] = {}
        self._thread: threading.Thread | None = None
        self._closed = self._busy = False

    def ask(self, kind: str, job: Callable[[], None]) -> None:
        """Does `job` soon, in the worker's thread."""
        with self._wake:
            self._jobs[kind] = job  # a newer job keeps the place of the one that it replaces
            if self._thread is None and not self._closed:
                self._thread = threading.Thread(
                    target=self._loop, name=f"dvlwidgets {self._name}", daemon=True
                )
                self._thread.start()
            self._wake.notify_all()

    def settle(self, timeout: float = 10.0) -> bool:
        """Waits until nothing is left to do; False after `timeout` seconds."""
        with self._wake:
            return self._wake.wait_for(lambda: not self._jobs and not self._busy, timeout)

    def close(self) -> None:
        """Ends the thread after the job in hand."""
        with self._wake:
            self._closed = True
            self._jobs.clear()
            self._wake.notify_all()

    def _loop(self) -> None:
        while (job := self._next()) is not None:
            try:
                job()
            except Exception:  # jobs answer their own errors; this one would end the thread
                logging.getLogger(__name__).exception("%s failed", self._name)

    def _next(self) -> Callable[[], None] | None:
        with self._wake:
            self._busy = False
            self._wake.notify_all()
            self._wake.wait_for(lambda: self._closed or bool(self._jobs))
            if self._closed:
                return None
            self._busy = True
            return self._jobs.pop(next(iter(self._jobs)))
