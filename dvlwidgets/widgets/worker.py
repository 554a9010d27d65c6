"""One thread (or task) for slow questions: of those of one kind that wait, only the newest is worked on."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable

from dvlwidgets.engine.runner import Runner, Steps, choose


class Worker:
    """Does jobs one after the other; a job that has not begun gives way to a newer one of its kind.

    Args:
        name: of the thread, which begins with the first job.
    """

    def __init__(self, name: str) -> None:
        self._name = name
        self._wake = threading.Condition()
        self._jobs: dict[str, Callable[[], None]] = {}
        self._runner: Runner | None = None
        self._closed = self._busy = False

    def ask(self, kind: str, job: Callable[[], None]) -> None:
        """Does `job` soon, in the worker's thread."""
        with self._wake:
            self._jobs[kind] = job  # a newer job keeps the place of the one that it replaces
            if self._runner is None and not self._closed:
                runner = choose()
                runner.begin(self._steps(), self._name)
                self._runner = runner
            self._stir()

    def _stir(self) -> None:
        self._wake.notify_all()
        if self._runner is not None:
            self._runner.wake()

    def settle(self, timeout: float = 10.0) -> bool:
        """Waits until nothing is left to do; False after `timeout` seconds."""
        with self._wake:
            return self._wake.wait_for(lambda: not self._jobs and not self._busy, timeout)

    def close(self) -> None:
        """Ends the thread after the job in hand."""
        with self._wake:
            self._closed = True
            self._jobs.clear()
            self._stir()

    def _steps(self) -> Steps:
        while not self._closed:
            job = self._next()
            if job is None:
                yield None
                continue
            try:
                job()
            except Exception:  # jobs answer their own errors; this one would end the thread
                logging.getLogger(__name__).exception("%s failed", self._name)
            yield 0

    def _next(self) -> Callable[[], None] | None:
        with self._wake:
            self._busy = bool(self._jobs)
            self._wake.notify_all()
            return self._jobs.pop(next(iter(self._jobs))) if self._jobs else None
