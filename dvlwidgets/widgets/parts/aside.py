"""A part's slow requests, done beside the publisher: frames go on meanwhile, and each request is answered."""

from __future__ import annotations

import itertools
from collections.abc import Callable

from dvlwidgets.widgets import wire
from dvlwidgets.widgets.answered import answered
from dvlwidgets.widgets.parts.part import Hub
from dvlwidgets.widgets.worker import Worker


class Aside:
    """Does one request after the other, in a thread that begins with the first.

    Args:
        hub: of the panel.
        part: name of the part.
    """

    def __init__(self, hub: Hub, part: str) -> None:
        self._hub, self._part = hub, part
        self._worker = Worker(f"dvlwidgets-{part}")
        self._numbers = itertools.count()

    def ask(
        self, deed: Callable[[], wire.Frame | None], request: str | None, kind: str | None = None
    ) -> None:
        """Does `deed` soon; what it returns, or in words what it raises, goes to the page.

        Args:
            deed: what to do.
            request: the number of the page's request.
            kind: of those of one kind that wait only the newest is done; None: all are.
        """
        one = f"request {next(self._numbers)}" if kind is None else kind
        self._worker.ask(one, lambda: self._do(deed, request))

    def settle(self, timeout: float = 10.0) -> bool:
        """Waits until all is done; False after `timeout` seconds."""
        return self._worker.settle(timeout)

    def close(self) -> None:
        """Ends the thread after the deed in hand."""
        self._worker.close()

    def _do(self, deed: Callable[[], wire.Frame | None], request: str | None) -> None:
        answer = answered(deed, request, self._part)
        if answer is not None:
            self._hub.say(answer)
