"""Where work goes on after the cell has returned: a thread, marimo's own thread, or the running event loop.

The work is a generator. What it yields says for how long it has nothing to do: 0 gives others a turn, a number of
seconds or None (for ever) waits until somebody wakes it.
"""

from __future__ import annotations

import asyncio
import contextlib
import functools
import sys
import threading
from collections.abc import Callable, Generator
from typing import Any, Protocol

from ..errors import RunError

Steps = Generator[float | None, None, None]
End = Callable[[], None]


class Runner(Protocol):
    """Does one piece of work while the cell that began it has returned.

    Attributes:
        may_block: whether somebody else may wait for the work without keeping it from going on.
    """

    may_block: bool

    def begin(self, steps: Steps, name: str, end: End | None = None) -> None:
        """Begins; called once. `end` is called when the place wants work to end that belongs to one cell."""

    def wake(self) -> None:
        """There may be something to do; from any thread."""


def choose() -> Runner:
    """The runner for the place where this is called: it looks at the Python and at the notebook around it."""
    if not threads_work():
        return InLoop()
    marimo = sys.modules.get("marimo")  # it is there already if we run in its kernel
    if marimo is not None and marimo.running_in_notebook():
        return InMarimo(marimo)
    return InThread()


@functools.cache
def threads_work() -> bool:
    """Whether this Python can start threads; that of JupyterLite (Pyodide) cannot."""
    try:
        probe = threading.Thread(target=int, name="dvlwidgets probe", daemon=True)
        probe.start()
    except RuntimeError:
        return False
    probe.join()
    return True


class InThread:
    """A daemon thread."""

    may_block = True

    def __init__(self) -> None:
        self._woken = threading.Event()

    def begin(self, steps: Steps, name: str, end: End | None = None) -> None:
        """Begins the thread."""
        self._thread(target=self._work, args=(steps, end), name=f"dvlwidgets {name}", daemon=True).start()

    def wake(self) -> None:
        """Ends a wait, also one that is about to begin."""
        self._woken.set()

    def _thread(self, **options: Any) -> threading.Thread:
        return threading.Thread(**options)

    def _work(self, steps: Steps, _end: End | None) -> None:
        for seconds in steps:
            self._rest(seconds)

    def _rest(self, seconds: float | None) -> None:
        if seconds != 0:
            self._woken.wait(seconds)
            self._woken.clear()


class InMarimo(InThread):
    """A thread of marimo's: what it prints and sends reaches the page, and work ends with its cell.

    marimo tells a thread to end when the cell that began it is run again or deleted.
    """

    def __init__(self, marimo: Any) -> None:
        super().__init__()
        self._marimo = marimo

    def _thread(self, **options: Any) -> threading.Thread:
        made: threading.Thread = self._marimo.Thread(**options)
        return made

    def _work(self, steps: Steps, end: End | None) -> None:
        thread = self._marimo.current_thread()
        for seconds in steps:
            if end is not None and thread.should_exit:
                end()
            self._rest(seconds)


class InLoop:
    """A task of the running event loop, for a Python without threads: one step, then everybody else's turn."""

    may_block = False

    def __init__(self) -> None:
        self._woken = asyncio.Event()

    def begin(self, steps: Steps, name: str, end: End | None = None) -> None:
        """Begins with the loop's next turn.

        Raises:
            RunError: no loop is running.
        """
        try:
            loop = asyncio.get_running_loop()
        except RuntimeError:
            raise RunError(
                "This Python has no threads and no event loop is running, so nothing can go on in the background. "
                "Use fit(), or start from an async function."
            ) from None
        task = loop.create_task(self._work(steps), name=f"dvlwidgets {name}")
        _TASKS.add(task)
        task.add_done_callback(_TASKS.discard)

    def wake(self) -> None:
        """Ends a wait, also one that is about to begin; there is no other thread that could call this."""
        self._woken.set()

    async def _work(self, steps: Steps) -> None:
        with contextlib.closing(steps):
            for seconds in steps:
                if seconds == 0:
                    await asyncio.sleep(0)
                else:
                    with contextlib.suppress(TimeoutError):
                        await asyncio.wait_for(self._woken.wait(), seconds)
                    self._woken.clear()


_TASKS: set[asyncio.Task[None]] = set()
"""The loop itself would let go of a task that nobody holds."""
