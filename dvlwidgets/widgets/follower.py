"""The state that a page and Python read follows the run's, whatever threads the news come in."""

from __future__ import annotations

import threading
from collections.abc import Callable

from dvlwidgets.widgets.output import Output
from dvlwidgets.widgets.publisher import Publisher
from dvlwidgets.widgets.session import Session

AT_REST = frozenset({"paused", "stopped", "finished", "failed"})


class Follower:
    """Tells the state of a run, and has the stored output written when it changes.

    Args:
        session: whose run.
        publisher: its thread tells states while the run goes on.
        output: what a notebook stores.
        told: the state that was told last.
        tell: tells another one.

    Attributes:
        written: set once the output of a run that is over is written.
    """

    def __init__(
        self,
        session: Session,
        publisher: Publisher,
        output: Output,
        *,
        told: Callable[[], str],
        tell: Callable[[str], None],
    ) -> None:
        self._session, self._publisher, self._output = session, publisher, output
        self._told, self._tell = told, tell
        self.written = threading.Event()

    def changed(self) -> None:
        """News of the run, in its thread or in that of a click: little is done here but at the end."""
        self._publisher.notify()
        if self._session.state == self._told():
            self._output.progressed()
            return
        if self._session.over:
            # at once: who awaits the run goes on after this, and may be the last cell
            self._take()
            self.written.set()
        else:
            self.written.clear()
            if self._session.state == "paused":
                self._output.soon()  # the cell may end before the publisher's thread comes to it
            self._publisher.post(self._take)

    def _take(self) -> None:
        with self._publisher.lock:
            state = self._session.state
            if state == self._told():
                return  # it was over before its beginning was taken note of
            self._tell(state)
        if self._session.state != state:
            # it went back meanwhile, when that value was still told: `changed` saw no difference
            self._publisher.post(self._take)
        if state in AT_REST:
            self._output.refresh()
            if state != "paused":
                self.written.set()
        else:
            self._output.changed()  # it goes on, or began again, after a copy was stored
