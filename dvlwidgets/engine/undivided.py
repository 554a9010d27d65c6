"""Work that Ctrl-C must not cut in half: it is heard when the work is done."""

from __future__ import annotations

import contextlib
import signal
import threading
from collections.abc import Iterator
from types import FrameType


class Undivided:
    """A context in which an interrupt waits for the end of the block.

    A statistic with half a step in it, or an estimate without the counts that it rests on, is no result. Interrupts
    wait only while `heard()` is active, and only the first one: a second Ctrl-C breaks off at once.

    Attributes:
        broken: whether a block was left half done, by a second interrupt or by an error.
    """

    def __init__(self) -> None:
        self.broken = False
        self._inside = False
        self._waiting = False

    def __enter__(self) -> None:
        self._inside = self.broken = True

    def __exit__(self, kind: object, *_: object) -> None:
        self.broken = kind is not None
        self._inside = False
        if self._waiting:
            self._waiting = False
            raise KeyboardInterrupt

    @contextlib.contextmanager
    def heard(self) -> Iterator[None]:
        """Let Ctrl-C wait for blocks, in the main thread and unless somebody has a handler of their own."""
        mine = threading.current_thread() is threading.main_thread()
        if not mine or signal.getsignal(signal.SIGINT) is not signal.default_int_handler:
            yield
            return
        signal.signal(signal.SIGINT, self._interrupt)
        try:
            yield
        finally:
            signal.signal(signal.SIGINT, signal.default_int_handler)

    def _interrupt(self, _signal: int, _frame: FrameType | None) -> None:
        if self._inside and not self._waiting:
            self._waiting = True
            return
        self._waiting = False
        raise KeyboardInterrupt
