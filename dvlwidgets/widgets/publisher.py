"""Brings news to the page: one thread (or task), one lock, one frame in flight, the newest wins.

The engine calls `notify` as often as it likes. A frame goes out when the page has painted the one before (`ack`) and
the rest that `preferences` ask for is over, a tenth of a second by default; what happened in between is merged. A page
that has gone silent gets one status a second, so that nothing piles up in a kernel without a reader; `hello` starts it
again with a full frame.
"""

from __future__ import annotations

import contextlib
import logging
import math
import threading
import time
from collections import deque
from collections.abc import Callable
from typing import Any, Literal, Protocol

from dvlwidgets.engine.runner import Runner, Steps, choose
from dvlwidgets.errors import RunError
from dvlwidgets.widgets import preferences, wire
from dvlwidgets.widgets.answered import with_type
from dvlwidgets.widgets.snapshot import Content, Points, Snapshot
from dvlwidgets.widgets.wire import Frame

Send = Callable[[Content, list[bytes]], None]
Task = Callable[[], Frame | None]


class Encoder(Protocol):
    """Makes messages of snapshots: the module `wire`, or one that says more."""

    def full(self, seq: int, now: Any, /) -> Frame:
        """The whole state."""

    def delta(self, seq: int, base: int, before: Any, now: Any, known: int, /) -> Frame | None:
        """The rows that moved, or None for a full frame."""


BYTES_PER_SECOND = 4_000_000
"""Large frames go out more rarely."""
SILENCE = 2.0
"""Seconds without an acknowledgement after which a page counts as silent."""
SUMMARY = 1.0
"""Seconds between two statuses to a silent page."""


class Pace:
    """When what may be sent: no thread, no clock of its own."""

    def __init__(self) -> None:
        self.listening = False
        self._in_flight: int | None = None
        self._sent_at = -math.inf
        self._rest = 0.0

    def hello(self) -> None:
        """A page began to listen; what was in flight before is lost."""
        self.listening, self._in_flight, self._sent_at = True, None, -math.inf

    def ack(self, seq: int) -> None:
        """A page has painted a frame."""
        if self._in_flight is not None and seq >= self._in_flight:
            self._in_flight = None

    def sent(self, now: float, seq: int | None = None, size: int = 0) -> None:
        """A frame (`seq`) or a status (None) of `size` bytes left."""
        self._sent_at = now
        self._rest = max(preferences.current().interval, size / BYTES_PER_SECOND)
        if seq is not None:
            self._in_flight = seq

    def due(self, now: float) -> tuple[Literal["frame", "status"] | None, float | None]:
        """What to send now, and if nothing, in how many seconds to ask again (None: not before something happens)."""
        if not self.listening:
            return None, None
        age = now - self._sent_at
        if self._in_flight is None:
            return ("frame", 0.0) if age >= self._rest else (None, self._rest - age)
        if age >= SILENCE:
            # from now on a status a second: `sent` sets the age back, so count from there
            return "status", 0.0
        return None, SILENCE - age

    def summarised(self, now: float) -> None:
        """A status went to a silent page: the next one is due in SUMMARY seconds."""
        self._sent_at = now - SILENCE + SUMMARY


class Publisher:
    """Sends frames of a snapshot that others change.

    Args:
        send: puts a message on the comm; called by one thread at a time.
        snapshot: the present state; called in the publisher's thread.
        name: of the thread.
        encode: makes the messages of a snapshot.
    """

    def __init__(
        self,
        send: Send,
        snapshot: Callable[[], Snapshot],
        *,
        name: str = "panel",
        encode: Encoder = wire,
    ) -> None:
        self.lock = threading.RLock()
        self.seq = 0
        self._send, self._snapshot, self._name, self._encode = send, snapshot, name, encode
        self._wake = threading.Condition()
        self._pace = Pace()
        self._tasks: deque[Task] = deque()
        self._dirty = self._owed = self._full = self._busy = self._closed = False
        self._runner: Runner | None = None
        self._points: Points | None = None
        self._known = 0

    # --- called from any thread: none of these sends anything itself ----------------------------------------

    @property
    def listening(self) -> bool:
        """Whether a page ever said hello."""
        return self._pace.listening

    def notify(self) -> None:
        """Something changed."""
        with self._wake:
            self._dirty = True
            self._stir()

    def restart(self) -> None:
        """Everything changed: the next frame is a full one."""
        with self._wake:
            self._full = self._dirty = True
            self._stir()

    def hello(self) -> None:
        """A page listens and has nothing: answer with a full frame."""
        with self._wake:
            self._pace.hello()
        self._begin()
        self.restart()

    def ack(self, seq: int) -> None:
        """A page has painted frame `seq`."""
        with self._wake:
            self._pace.ack(seq)
            self._dirty |= self._owed
            self._stir()

    def post(self, task: Task) -> None:
        """Does a page's request in the publisher's thread, in order; what it returns is sent at once."""
        with self._wake:
            self._tasks.append(task)
            self._stir()
        self._begin()

    def close(self) -> None:
        """Ends the thread."""
        with self._wake:
            self._closed = True
            self._stir()

    def _stir(self) -> None:
        self._wake.notify_all()
        if self._runner is not None:
            self._runner.wake()

    def settle(self, timeout: float = 10.0) -> bool:
        """Waits until all requests are answered and nothing can be sent now; False after `timeout` seconds."""
        with self._wake:
            return self._wake.wait_for(self._is_settled, timeout)

    def _is_settled(self) -> bool:
        return (
            not self._tasks
            and not self._busy
            and (not self._dirty or self._pace.due(time.monotonic())[1] is None)
        )

    # --- the work -------------------------------------------------------------------------------------------

    def _begin(self) -> None:
        with self._wake:
            if self._runner is None and not self._closed:
                runner = choose()
                # without threads and without a loop there is no page either: a hello brings the loop
                with contextlib.suppress(RunError):
                    runner.begin(self._steps(), self._name)
                    self._runner = runner

    def _steps(self) -> Steps:
        while not self._closed:
            job, seconds = self._next()
            if job is None:
                yield seconds
            else:
                self._do(job)
                yield 0

    def _do(self, job: Task) -> None:
        try:
            frame = job()
            if frame is not None:
                self.put(frame)
        except Exception as reason:
            logging.getLogger(__name__).exception("The panel could not be brought up to date")
            with self._wake:
                self._full = True  # whatever the page missed comes with the next frame
            self.put(wire.error(with_type(reason), where="panel"))

    def _next(self) -> tuple[Task | None, float | None]:
        """The next thing to do, or for how long there is nothing (None: until something happens)."""
        with self._wake:
            job: Task | None = None
            seconds: float | None = None
            if self._tasks:
                job = self._tasks.popleft()
            elif self._dirty:
                what, seconds = self._pace.due(time.monotonic())
                if what is not None:
                    job = self._news if what == "frame" else self._summary
            self._busy = job is not None
            self._wake.notify_all()
            return job, seconds

    def _news(self) -> Frame:
        with self._wake:
            self._dirty = self._owed = False
            full, self._full = self._full, False
        now = self._snapshot()
        moved = full or now.points is not self._points
        frame = self._values(now, full=full) if moved else wire.status(self.seq, now.status)
        with self._wake:
            self._pace.sent(time.monotonic(), self.seq if moved else None, sum(map(len, frame.buffers)))
        return frame

    def _values(self, now: Snapshot, *, full: bool) -> Frame:
        before, known = self._points, self._known
        self._points, self._known = now.points, len(now.history)
        self.seq += 1
        step = None
        if not full and before is not None:
            step = self._encode.delta(self.seq, self.seq - 1, before, now, known)
        return self._encode.full(self.seq, now) if step is None else step

    def _summary(self) -> Frame:
        with self._wake:
            self._pace.summarised(time.monotonic())
            # a status holds no values: those are owed to the page when it comes back
            self._dirty, self._owed = False, True
        return wire.status(self.seq, self._snapshot().status)

    def put(self, frame: Frame) -> None:
        """Sends a frame at once; for tasks, which are done in the publisher's thread."""
        with self.lock:
            self._send(frame.content, frame.buffers)
