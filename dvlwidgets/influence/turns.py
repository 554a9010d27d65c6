"""Who computes: a long run, tile by tile, and people who ask in between."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager


class Turns:
    """One thread computes at a time, in the order in which they came.

    An ordinary lock would be taken again by the run as soon as it lets go, and whoever asks would wait for its end. In
    a queue a question waits for the tile at hand, and a tile for the questions before it.
    """

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._queue: deque[object] = deque()

    @property
    def waiting(self) -> int:
        """How many are in the queue, behind the one whose turn it is."""
        return max(0, len(self._queue) - 1)

    @contextmanager
    def take(self) -> Iterator[None]:
        """Waits for its turn; a thread that has one must not ask for another."""
        mine = object()
        try:
            with self._changed:
                self._queue.append(mine)
                self._changed.wait_for(lambda: self._queue[0] is mine)
            yield
        finally:  # also when the wait was interrupted
            with self._changed:
                self._queue.remove(mine)
                self._changed.notify_all()
