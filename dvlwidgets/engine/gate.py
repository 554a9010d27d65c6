"""Pause and stop: the one thing that other threads may touch while a run is going on."""

from __future__ import annotations

import threading


class Gate:
    """Open, closed (paused) or shut for good (stopped). All methods may be called from any thread."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._paused = self._stopped = False

    @property
    def is_open(self) -> bool:
        """Whether new work may be handed out."""
        return not (self._paused or self._stopped)

    @property
    def paused(self) -> bool:
        """Whether a pause was asked for."""
        return self._paused and not self._stopped

    @property
    def stopped(self) -> bool:
        """Whether a stop was asked for."""
        return self._stopped

    def pause(self) -> None:
        """Hand out nothing new until `resume`."""
        self._set(paused=True)

    def resume(self) -> None:
        """Hand out work again."""
        self._set(paused=False)

    def stop(self) -> None:
        """Hand out nothing ever again; finished work is kept."""
        self._set(stopped=True)

    def _set(self, *, paused: bool | None = None, stopped: bool = False) -> None:
        with self._changed:
            self._paused = self._paused if paused is None else paused
            self._stopped = self._stopped or stopped
            self._changed.notify_all()

    def wait(self, timeout: float | None = None) -> bool:
        """Block while paused; True when work may go on, False when stopped (or the time is over while paused)."""
        with self._changed:
            self._changed.wait_for(lambda: not self._paused or self._stopped, timeout)
            return self.is_open
