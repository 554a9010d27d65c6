"""A time limit for one fit, in any thread.

A timer raises `FitTimeoutError` in the fitting thread. Python delivers it between two byte codes, so a fit that spends
its time inside one call of compiled code ends only when that call returns.
"""

from __future__ import annotations

import contextlib
import ctypes
import threading
from collections.abc import Iterator


class FitTimeoutError(Exception):
    """A fit took longer than `fit_seconds`."""


@contextlib.contextmanager
def time_limit(seconds: float | None) -> Iterator[None]:
    """Raise `FitTimeoutError` in this thread if the block takes longer than `seconds`; None = no limit."""
    if seconds is None:
        yield
        return
    thread, lock, state = threading.get_ident(), threading.Lock(), {"armed": True, "fired": False}

    def fire() -> None:
        with lock:
            if state["armed"]:
                state["fired"] = True
                _raise_in(thread, FitTimeoutError)

    timer = threading.Timer(seconds, fire)
    timer.daemon = True
    timer.start()
    try:
        yield
        state["armed"] = False  # the fit is done: what fires from here on is too late
    except FitTimeoutError:
        state["fired"] = False  # delivered
        raise FitTimeoutError(f"the fit took longer than fit_seconds={seconds:g}") from None
    finally:
        with lock:
            state["armed"] = False
            if state["fired"]:  # sent, but the block ended first: take it back
                _raise_in(thread, None)
        timer.cancel()


def _raise_in(thread: int, error: type[Exception] | None) -> None:
    what = ctypes.py_object(error) if error is not None else None
    ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(thread), what)
