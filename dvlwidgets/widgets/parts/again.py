"""Apply and value again: the edited points are valued anew, the values before stay beside the new ones."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from typing import Any

from dvlwidgets.errors import WireError
from dvlwidgets.widgets import wire
from dvlwidgets.widgets.commands import short
from dvlwidgets.widgets.parts.aside import Aside
from dvlwidgets.widgets.parts.part import Hub, taken
from dvlwidgets.widgets.valued import Valued

NAME = "again"


class AgainPart:
    """Tells a page how many edits are not in the values yet, and values the data with them."""

    def __init__(self, hub: Hub) -> None:
        self._hub = hub
        self._aside = Aside(hub, NAME)
        self._telling = threading.Lock()
        self._told: tuple[Valued, str] | None = None
        self._known: object = None
        self._deaf = hub.session.edits.subscribe(lambda _: self._tell())
        hub.session.hear(self._news)

    def receive(self, command: Mapping[str, Any], request: str | None) -> wire.Frame | None:
        """Values the data with the edits in force ("value")."""
        wanted = taken(command, "do", str, "'value'")
        if wanted != "value":
            raise WireError(f"'do' should be 'value', not {short(wanted)}.")
        self._aside.ask(self._value_edits, request, "value")
        return None

    def hello(self) -> list[wire.Frame]:
        """How many edits wait, and the values before."""
        return [self._waiting(), self._before()]

    def settle(self, timeout: float = 60.0) -> bool:
        """Waits until what was asked for is done; False after `timeout` seconds."""
        return self._aside.settle(timeout)

    def close(self) -> None:
        """Hears of no further edit; ends the thread after what is in hand."""
        self._deaf()
        self._aside.close()

    def value(self) -> None:
        """Values the data with the edits in force; raises what `Session.value_again` raises."""
        self._hub.session.value_again()
        self._hub.restart()
        self._tell()

    def _value_edits(self) -> None:
        session = self._hub.session
        if session.valued.differs(session.edits.net):  # of two clicks the first has valued them all
            self.value()

    def _tell(self) -> None:
        """Says what has changed: how many edits wait, and which values were before."""
        with self._telling:
            known = self._known
            waiting = self._waiting()
            if self._known != known:
                self._hub.say(waiting)
            valued, method = self._told or (None, "")
            if valued is not self._hub.session.valued or method != self._hub.session.shown.method:
                self._hub.say(self._before())

    def _news(self) -> None:
        """The values may be by another method now."""
        if self._told is not None and self._told[1] != self._hub.session.shown.method:
            self._tell()

    def _waiting(self) -> wire.Frame:
        session = self._hub.session
        valued = session.valued
        body = {
            "waiting": valued.differs(session.edits.net),
            "valued": int(valued.kept.sum()),
            "turn": valued.turn,
        }
        self._known = body
        return wire.part(NAME, "waiting", body)

    def _before(self) -> wire.Frame:
        session, pack = self._hub.session, wire.Packer()
        valued, method = self._told = session.valued, session.shown.method
        before = valued.before_as(method)
        body = {"values": None if before is None else pack(before, "f4")}
        return wire.part(NAME, "before", body, pack=pack)
