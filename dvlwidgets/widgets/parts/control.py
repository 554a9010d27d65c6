"""What can be changed of a run on its way: when it stops, as which semivalue it is read, where it is kept."""

from __future__ import annotations

import re
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from dvlwidgets.engine.stopping import MaxTime, NoStopping, RankCorrelation, StoppingRule
from dvlwidgets.errors import DvlError, RunError, WireError
from dvlwidgets.valuation.reweight import reweightable
from dvlwidgets.widgets import wire
from dvlwidgets.widgets.commands import short
from dvlwidgets.widgets.parts.part import Hub, taken
from dvlwidgets.widgets.reading import points_of
from dvlwidgets.widgets.snapshot import Content
from dvlwidgets.widgets.worker import Worker

NAME = "control"
FOLDER = Path("dvlwidgets-checkpoints")
"""Where checkpoints go that are saved by a button."""
MOST_MINUTES = 1_000_000.0
GOOD = 10.0
"""A variance inflation up to which other semivalues are told well."""


class ControlPart:
    """Takes a new stopping rule, reads the values as other semivalues, saves a checkpoint."""

    def __init__(self, hub: Hub) -> None:
        self._hub = hub
        self._told: tuple[object, bool] | None = None
        self._columns: dict[str, wire.Frame] = {}
        self._worker = Worker("dvlwidgets-semivalues")
        hub.session.hear(self._news)

    def receive(self, command: Mapping[str, Any], request: str | None) -> wire.Frame | None:
        """A "rule", a semivalue to read the values "as", which of them there are ("methods"), or a "checkpoint"."""
        wanted = taken(command, "do", str, "'rule', 'methods', 'as' or 'checkpoint'")
        if wanted == "rule":
            self.change_rule(_rule(command))
            return self._state(request)
        if wanted == "methods":
            return wire.part(NAME, "methods", {"methods": self._methods()}, request=request)
        if wanted == "as":
            name = taken(command, "name", str, "the name of a semivalue")
            self._worker.ask(name, lambda: self._read_as(name, request))
            return None
        if wanted == "checkpoint":
            name = taken(command, "name", str, "a name")
            if re.fullmatch(r"\w[\w .-]{0,80}", name) is None:
                raise WireError("The name of a checkpoint has letters, digits, spaces, dots, - and _.")
            path = self._hub.session.valuation.save_checkpoint(FOLDER / name).parent
            return wire.part(NAME, "saved", {"path": str(path)}, request=request)
        raise WireError(f"'do' should be 'rule', 'methods', 'as' or 'checkpoint', not {short(wanted)}.")

    def hello(self) -> list[wire.Frame]:
        """What can be changed, and the columns that were read already."""
        return [self._state(None), *self._columns.values()]

    def close(self) -> None:
        """Ends the thread after the reading in hand."""
        self._worker.close()

    def change_rule(self, rule: StoppingRule) -> None:
        """Has the run stop by another rule.

        Raises:
            RunError: the run is over, or has no rule.
            InputTypeError: it is no rule.
        """
        self._hub.session.run.change_rule(rule)
        self._hub.say(self._state(None))
        self._hub.changed()

    def show_as(self, name: str) -> None:
        """Puts the values as another semivalue beside the others, as a column.

        Raises:
            InputError: the utilities cannot tell, or nothing is known of `name`.
            NotFittedError: there are no values yet.
        """
        self._show(name, self._column(name))

    # --- what is told ---------------------------------------------------------------------------------------

    def _news(self) -> None:
        """The run has news; a rule that somebody else changed is told, and that a later run has one."""
        if self._told is None:
            return
        rule, can_change = self._told
        if self._rule_now() is not rule or self._has_rule() != can_change:
            self._hub.say(self._state(None))

    def _rule_now(self) -> Any:
        return getattr(self._hub.session.valuation, "is_done", None)

    def _state(self, request: str | None) -> wire.Frame:
        rule, can_change = self._told = self._rule_now(), self._has_rule()
        deadline = getattr(rule, "deadline", lambda: None)()
        body: Content = {
            "rule": can_change,
            "words": repr(rule),
            "certainty": None if rule is None else rule.target(),
            "minutes": None if deadline is None else deadline / 60.0,
            "utilities": self._keeps_utilities(),
            "name": re.sub(r"[^\w.-]+", "-", self._hub.session.subject.title).strip("-.") or "run",
        }
        return wire.part(NAME, "state", body, request=request)

    def _has_rule(self) -> bool:
        try:
            return bool(getattr(self._hub.session.run, "has_rule", False))
        except RunError:  # an earlier fit
            return False

    def _keeps_utilities(self) -> bool:
        valuation = self._hub.session.valuation
        return bool(getattr(valuation, "keeps_utilities", False)) and hasattr(valuation, "save_checkpoint")

    def _methods(self) -> list[Content]:
        """Semivalues that the utilities of this run tell, the run's own left out."""
        session = self._hub.session
        try:
            found = reweightable(session.result())
        except DvlError:
            return []
        return [
            {"name": name, "good": inflation <= GOOD}
            for name, inflation in found.items()
            if inflation <= GOOD**2 and name != session.subject.method
        ]

    def _read_as(self, name: str, request: str | None) -> None:
        try:
            frame = self._column(name)
        except DvlError as refusal:
            self._hub.say(wire.error(str(refusal), request, NAME))
        except Exception as failure:  # told where it was asked for
            self._hub.say(wire.error(f"{type(failure).__name__}: {failure}", request, NAME))
        else:
            self._show(name, frame)
            self._hub.say(wire.part(NAME, "read", {"name": name}, request=request))

    def _show(self, name: str, frame: wire.Frame) -> None:
        self._columns[name] = frame
        self._hub.say(frame)

    def _column(self, name: str) -> wire.Frame:
        """A column of the table: to a page it comes from the part of the columns."""
        session = self._hub.session
        valued = session.valued
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)  # the menu says which are told badly
            result = session.valuation.reweight(name)
        points = valued.spread(points_of(result, len(valued.data)))
        pack = wire.Packer()
        errors = points.stderr[np.isfinite(points.stderr)]
        error = f" Mean standard error {errors.mean():.2g}." if errors.size else ""
        column = {
            "id": f"as {name}",
            "name": f"as {name}",
            "tip": f"The value as {name}, re-estimated from the {result.provenance.evaluations:,} evaluations of "
            f"{session.subject.method} that were there when it was asked for, without a fit.{error}",
            "type": "number",
            "values": pack(points.value, "f4"),
        }
        return wire.part("columns", f"columns as {name}", {"columns": [column]}, pack=pack)


def _rule(command: Mapping[str, Any]) -> StoppingRule:
    """The rule that a page describes: a certainty, a time, either or neither."""
    certainty, minutes = command.get("certainty"), command.get("minutes")
    rules: list[StoppingRule] = []
    if certainty is not None:
        sure = taken(command, "certainty", (int, float), "a number between 0 and 1")
        if not 0 < sure < 1:
            raise WireError(f"The certainty should lie between 0 and 1, not be {sure:g}.")
        rules.append(RankCorrelation(rtol=1.0 - sure))
    if minutes is not None:
        long = taken(command, "minutes", (int, float), "minutes")
        if not 0 < long <= MOST_MINUTES:
            raise WireError(f"The minutes should be more than 0 and at most {MOST_MINUTES:,.0f}.")
        rules.append(MaxTime(long * 60.0))
    if not rules:
        return NoStopping()
    return rules[0] if len(rules) == 1 else rules[0] | rules[1]
