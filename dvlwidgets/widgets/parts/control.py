"""What can be changed of a run on its way: when it stops, and where it is kept."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from dvlwidgets.engine.stopping import MaxTime, NoStopping, RankCorrelation, StoppingRule
from dvlwidgets.errors import InputError, RunError, WireError
from dvlwidgets.widgets import wire
from dvlwidgets.widgets.commands import short
from dvlwidgets.widgets.parts.aside import Aside
from dvlwidgets.widgets.parts.part import Hub, taken
from dvlwidgets.widgets.snapshot import Content

NAME = "control"
FOLDER = Path("dvlwidgets-checkpoints")
"""Where checkpoints go that are saved by a button."""
NAMED = re.compile(r"\w[\w .-]{0,80}")
"""What a checkpoint may be called."""
LISTED = 12
"""Checkpoints that a page is offered, the newest."""
DEEDS = "'rule', 'checkpoint', 'checkpoints' or 'open'"
"""Take a rule; save a checkpoint; say which there are; go on from one."""
MOST_MINUTES = 1_000_000.0


class ControlPart:
    """Takes a new stopping rule, saves a checkpoint, goes on from one."""

    def __init__(self, hub: Hub) -> None:
        self._hub = hub
        self._told: tuple[object, bool] | None = None
        self._aside = Aside(hub, NAME)
        hub.session.hear(self._news)

    def receive(self, command: Mapping[str, Any], request: str | None) -> wire.Frame | None:
        """What a page may ask of a run; see `DEEDS`."""
        wanted = taken(command, "do", str, DEEDS)
        if wanted == "rule":
            self.change_rule(_rule(command))
            return self._state(request)
        if wanted == "checkpoints":
            return wire.part(NAME, "checkpoints", {"names": _saved()}, request=request)
        if wanted in ("checkpoint", "open"):
            name = taken(command, "name", str, "a name")
            if NAMED.fullmatch(name) is None:
                raise WireError("The name of a checkpoint has letters, digits, spaces, dots, - and _.")
            deed = self._save if wanted == "checkpoint" else self._open
            self._aside.ask(lambda: deed(FOLDER / name, request), request)
            return None
        raise WireError(f"'do' should be {DEEDS}, not {short(wanted)}.")

    def hello(self) -> list[wire.Frame]:
        """What can be changed."""
        return [self._state(None)]

    def close(self) -> None:
        """Ends the thread after the deed in hand."""
        self._aside.close()

    def change_rule(self, rule: StoppingRule) -> None:
        """Has the run stop by another rule.

        Raises:
            RunError: the run is over, or has no rule.
            InputTypeError: it is no rule.
        """
        self._hub.session.run.change_rule(rule)
        self._hub.say(self._state(None))
        self._hub.changed()

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

    def _save(self, folder: Path, request: str | None) -> wire.Frame:
        path = self._hub.session.valuation.save_checkpoint(folder).parent
        return wire.part(NAME, "saved", {"path": str(path)}, request=request)

    def _open(self, folder: Path, request: str | None) -> wire.Frame:
        if not folder.is_dir():
            raise InputError(f"There is no checkpoint {folder} any more.")
        self._hub.session.start(folder)
        self._hub.restart()
        return wire.part(NAME, "opened", {"path": str(folder)}, request=request)


def _saved() -> list[str]:
    """Names of the checkpoints in `FOLDER`, the newest first."""
    if not FOLDER.is_dir():
        return []
    journals = [(at.stat().st_mtime, at.parent.name) for at in FOLDER.glob("*/journal.dvl")]
    return [name for _, name in sorted(journals, reverse=True) if NAMED.fullmatch(name)][:LISTED]


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
