"""One inner thread while runs work: BLAS and OpenMP pools capped, and given back.

BLAS has one number of threads for the whole process, so the runs that want the cap are counted: the first caps, the
last gives back. OpenMP has one for each thread that opens a parallel region: every thread at work caps its own. A block
in a generator may be left in another thread than it was entered in: from there the OpenMP of the first cannot be
changed, and it has its number back when it enters a block again.

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


class _Thread:
    """The blocks that a thread is in, its OpenMP limits meanwhile, and how many modules it knew of."""

    def __init__(self) -> None:
        self.claims: list[_Claim] = []
        self.limits: list[Any] = []
        self.modules = 0


class _Claim:
    """One block, and the thread that entered it."""

    thread: _Thread


class _Cap:
    """The number of users of the cap, and the limits of the process while there are any."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.users = 0
        self.limits: list[Any] = []
        self._local = threading.local()
        self._modules = 0
        self._found: ThreadpoolController | None = None

    @property
    def here(self) -> _Thread:
        """The thread that asks."""
        if not hasattr(self._local, "thread"):
            self._local.thread = _Thread()
        thread: _Thread = self._local.thread
        return thread

    def take(self, claim: _Claim) -> None:
        with self.lock:
            fresh = self._look()
            self.users += 1
            if fresh or self.users == 1:
                with self._in_control():
                    self.limits.append(self._limited("blas"))
            claim.thread = thread = self.here
            if not thread.claims:
                _restore(thread.limits)  # there are some where the last block was left elsewhere
            if not thread.claims or thread.modules != self._modules:
                thread.limits.append(self._limited("openmp"))
                thread.modules = self._modules
            thread.claims.append(claim)

    def give_back(self, claim: _Claim) -> None:
        with self.lock:
            thread = claim.thread
            thread.claims.remove(claim)
            if not thread.claims and thread is self.here:
                _restore(thread.limits)
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
    claim = _Claim()
    _CAP.take(claim)
    try:
        yield
    finally:
        _CAP.give_back(claim)


@contextlib.contextmanager
def lifted(active: bool = True) -> Iterator[None]:
    """Inside `capped`: its claim is given up for a while, so that whoever looks at a stream has its own threads."""
    claims = _CAP.here.claims
    if not active or not claims:  # none: another thread entered the block, and is still in it
        yield
        return
    claim = claims[-1]
    _CAP.give_back(claim)
    try:
        yield
    finally:
        _CAP.take(claim)  # by whatever thread goes on with it
