"""One inner thread while runs work: BLAS and OpenMP pools capped, and given back.

BLAS has one number of threads for the whole process, so the runs that want the cap are counted: the first caps, the
last gives back. OpenMP has one for each thread that opens a parallel region: every thread at work caps its own.

Looking for libraries takes milliseconds, as long as some fits; they come with imports, so they are looked for again
only where modules have joined. A model that imports at its first fit is thus capped from the next task on.
"""

from __future__ import annotations

import contextlib
import sys
import threading
from collections.abc import Iterator
from typing import Any

from threadpoolctl import ThreadpoolController


class _Thread(threading.local):
    """How often this thread has entered `capped`, its OpenMP limits meanwhile, and the modules that it knew of."""

    def __init__(self) -> None:
        self.depth = self.modules = 0
        self.limits: list[Any] = []


class _Cap:
    """The number of users of the cap, and the limits of the process while there are any."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.users = 0
        self.limits: list[Any] = []
        self.thread = _Thread()
        self._modules = 0
        self._found: ThreadpoolController | None = None

    def take(self) -> None:
        with self.lock:
            fresh = self._look()
            self.users += 1
            if fresh or self.users == 1:
                with self._in_control():
                    self.limits.append(self._limited("blas"))
            thread = self.thread
            thread.depth += 1
            if thread.depth == 1 or thread.modules != self._modules:
                thread.limits.append(self._limited("openmp"))
                thread.modules = self._modules

    def give_back(self) -> None:
        self.thread.depth = max(0, self.thread.depth - 1)  # a generator may be closed by another thread
        if self.thread.depth == 0:
            _restore(self.thread.limits)
        with self.lock:
            self.users -= 1
            if self.users == 0:
                with self._in_control():
                    _restore(self.limits)

    def _look(self) -> bool:
        """Know the libraries that are loaded; whether they had to be looked for."""
        modules = len(sys.modules)
        if self._found is not None and modules == self._modules:
            return False
        self._modules, self._found = modules, ThreadpoolController()
        return True

    def _limited(self, api: str) -> Any:
        assert self._found is not None
        return self._found.select(user_api=api).limit(limits=1)

    @contextlib.contextmanager
    def _in_control(self) -> Iterator[None]:
        """For threadpoolctl 3.8 the first thread that has changed OpenBLAS is the only one that may, until it ends."""
        self._let_go()
        yield
        self._let_go()

    def _let_go(self) -> None:
        for library in self._found.lib_controllers if self._found is not None else ():
            clear = getattr(library, "clear_controlling_thread", None)
            if clear is not None:
                clear(force=True)


def _restore(limits: list[Any]) -> None:
    """Newest first: what a later one found was the work of an earlier one."""
    while limits:
        limits.pop().restore_original_limits()


_CAP = _Cap()


@contextlib.contextmanager
def capped(active: bool = True) -> Iterator[None]:
    """Inner pools have one thread in the block; blocks may overlap, in any threads, and hold each other."""
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
