"""One inner thread while runs work: BLAS and OpenMP pools capped for the whole process, and given back.

threadpoolctl's limits are process-wide, so the runs that want them are counted: the first caps, the last gives back.
"""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator

from threadpoolctl import threadpool_limits


class _Cap:
    """The number of users of the cap, and the limiter while there are any."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.users = 0
        self.limits: threadpool_limits | None = None

    def take(self) -> None:
        with self.lock:
            self.users += 1
            if self.limits is None:
                self.limits = threadpool_limits(limits=1)

    def give_back(self) -> None:
        with self.lock:
            self.users -= 1
            if self.users == 0 and self.limits is not None:
                self.limits.restore_original_limits()
                self.limits = None


_CAP = _Cap()


@contextlib.contextmanager
def capped(active: bool = True) -> Iterator[None]:
    """Inner pools have one thread in the block; blocks may overlap, in any threads."""
    if not active:
        yield
        return
    _CAP.take()
    try:
        yield
    finally:
        _CAP.give_back()


@contextlib.contextmanager
def lifted(active: bool = True) -> Iterator[None]:
    """Inside `capped`: its claim is given up for a while, so that whoever looks at a stream has its own threads."""
    if not active:
        yield
        return
    _CAP.give_back()
    try:
        yield
    finally:
        _CAP.take()
