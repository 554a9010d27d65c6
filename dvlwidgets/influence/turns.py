"""Who computes: a long run, tile by tile, and people who ask in between."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager


class Turns:
    """One thread computes at a time; whoever asks comes before the run's next tile.

    An ordinary lock would be taken again by the run as soon as it lets go, and the others would wait for its end.
    """

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._busy = False
        self._asking = 0

    @contextmanager
    def work(self) -> Iterator[None]:
        """A tile of the run: waits until nobody asks."""
        with self._changed:
            self._changed.wait_for(lambda: not self._busy and self._asking == 0)
            self._busy = True
        try:
            yield
        finally:
            self._leave()

    @contextmanager
    def ask(self) -> Iterator[None]:
        """A question: waits for the tile at hand, and for other questions."""
        with self._changed:
            self._asking += 1
            self._changed.wait_for(lambda: not self._busy)
            self._asking -= 1
            self._busy = True
        try:
            yield
        finally:
            self._leave()

    def _leave(self) -> None:
        with self._changed:
            self._busy = False
            self._changed.notify_all()
