"""As which semivalue the values are shown: the run's own, or another from the same utilities, without a fit."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Any, Final, TypeVar

import numpy as np
from numpy.typing import ArrayLike

from dvlwidgets.errors import DvlError, InputError, WireError
from dvlwidgets.valuation.reweight import reweightable
from dvlwidgets.widgets import wire
from dvlwidgets.widgets.commands import short
from dvlwidgets.widgets.parts.aside import Aside
from dvlwidgets.widgets.parts.part import Hub, taken
from dvlwidgets.widgets.reading_as import Reading, read_as, refresh
from dvlwidgets.widgets.snapshot import Content
from dvlwidgets.widgets.valued import Valued

T = TypeVar("T")
NAME: Final = "semivalue"
DEEDS = "'methods', 'switch' or 'column'"
"""Say which semivalues there are; show the values as one; put one beside the values."""
GOOD = 10.0
"""A variance inflation up to which other semivalues are told well."""
SHARE = 0.05
"""Of a run's time, at most, goes into reading its values anew as they come."""


class SemivaluePart:
    """Switches the values to another semivalue and back, or puts one beside them.

    Args:
        hub: the panel.
    """

    def __init__(self, hub: Hub) -> None:
        self._hub = hub
        self._columns: dict[str, tuple[Valued, wire.Frame]] = {}
        self._aside = Aside(hub, NAME)
        self._due = 0.0
        hub.session.hear(self._news)

    def receive(self, command: Mapping[str, Any], request: str | None) -> wire.Frame | None:
        """What a page may ask; see `DEEDS`."""
        wanted = taken(command, "do", str, DEEDS)
        if wanted == "methods":
            return wire.part(NAME, "methods", self._methods(), request=request)
        if wanted in ("switch", "column"):
            name = taken(command, "name", str, "the name of a semivalue")
            deed = self._switch if wanted == "switch" else self._column
            self._aside.ask(lambda: deed(name, request), request)
            return None
        raise WireError(f"'do' should be {DEEDS}, not {short(wanted)}.")

    def hello(self) -> list[wire.Frame]:
        """The columns that were asked for already."""
        now = self._hub.session.valued
        return [frame for of, frame in self._columns.values() if of is now]

    def settle(self, timeout: float = 60.0) -> bool:
        """Waits until what was asked for is done; False after `timeout` seconds."""
        return self._aside.settle(timeout)

    def close(self) -> None:
        """Ends the thread after the reading in hand."""
        self._aside.close()

    def switch(self, name: str | None) -> None:
        """Shows the values as another semivalue, or (None) as what the run computes.

        Raises:
            InputError: the utilities cannot tell, or nothing is known of `name`.
            NotFittedError: there are no values yet.
        """
        session = self._hub.session
        if name is not None and name == session.shown.method:
            return
        if name is None or name == session.subject.method:
            session.shown.show(None)
        else:
            reading = self._timed(lambda: read_as(session, str(name)))
            session.shown.show(None if reading.result.algorithm == session.subject.method else reading)
        self._hub.restart()

    def add_column(self, name: str) -> str:
        """Puts the values as another semivalue beside those that are shown, as a column; returns its usual name.

        Raises:
            InputError: the utilities cannot tell, or nothing is known of `name`.
            NotFittedError: there are no values yet.
        """
        session = self._hub.session
        reading = read_as(session, name)
        if session.valued is not reading.valued:
            raise InputError(f"The points were valued again meanwhile; ask for {name} once more.")
        name = reading.asked
        session.besides[f"as {name}"] = reading.valued, reading.points.value
        frame = _numbers(name, _tip(name, reading), reading.points.value)
        self._columns[name] = reading.valued, frame
        self._hub.say(frame)
        return name

    # --- as the run goes on ---------------------------------------------------------------------------------

    def _news(self) -> None:
        """The run has news, which are read anew at once when it is over or rests, and as often as `SHARE` allows."""
        self._empty_former()
        session = self._hub.session
        if not session.shown.stale:
            return
        if time.monotonic() >= self._due or session.state != "running" or not session.shown.read:
            self._aside.ask(self._read_anew, None, "anew")

    def _read_anew(self) -> None:
        session = self._hub.session
        try:
            self._timed(lambda: refresh(session))
        except DvlError:
            self._hub.restart()
            raise  # a page is told why the run's own values are shown again
        self._hub.changed()

    def _timed(self, read: Callable[[], T]) -> T:
        began = time.monotonic()
        found = read()
        now = time.monotonic()
        self._due = now + (now - began) / SHARE
        return found

    def _empty_former(self) -> None:
        """Columns of the values before the points were valued again would stand beside the new values."""
        session = self._hub.session
        for name, (of, _) in list(self._columns.items()):
            if of is not session.valued and self._columns.pop(name, None) is not None:
                tip = f"The points were valued again since {name} was asked for; ask for it once more."
                self._hub.say(_numbers(name, tip, np.full(session.subject.n, np.nan)))

    # --- answers --------------------------------------------------------------------------------------------

    def _methods(self) -> Content:
        """Semivalues that the utilities of this run tell, the run's own first, and which one is shown."""
        session = self._hub.session
        own = session.subject.method
        try:
            found = reweightable(session.result())
        except DvlError:
            found = {}
        others = [(name, inflation) for name, inflation in found.items() if name != own]
        told = [
            {"name": name, "good": inflation <= GOOD} for name, inflation in others if inflation <= GOOD**2
        ]
        shown = session.shown.reading
        return {
            "methods": [{"name": own, "good": True}, *told] if told else [],
            "shown": own if shown is None else shown.asked,
        }

    def _switch(self, name: str, request: str | None) -> wire.Frame:
        self.switch(name)
        return wire.part(NAME, "switched", {"name": name}, request=request)

    def _column(self, name: str, request: str | None) -> wire.Frame:
        return wire.part(NAME, "column", {"name": self.add_column(name)}, request=request)


def _tip(name: str, reading: Reading) -> str:
    result = reading.result
    if name == reading.own:
        return f"The value by {name}, as the run had it when it was asked for."
    errors = result.stderr[np.isfinite(result.stderr)]
    error = f" Mean standard error {errors.mean():.2g}." if errors.size else ""
    return (
        f"The value as {name}, re-estimated from the {result.provenance.evaluations:,} evaluations of {reading.own} "
        f"that were there when it was asked for, without a fit.{error}"
    )


def _numbers(name: str, tip: str, values: ArrayLike) -> wire.Frame:
    """A column of the table: to a page it comes from the part of the columns."""
    pack = wire.Packer()
    column = {
        "id": f"as {name}",
        "name": f"as {name}",
        "tip": tip,
        "type": "number",
        "values": pack(values, "f4"),
    }
    return wire.part("columns", f"columns as {name}", {"columns": [column]}, pack=pack)
