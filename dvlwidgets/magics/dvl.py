"""`%dvl`: lists the runs, pauses, resumes and stops them, shows and saves their panels, prints their edits."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from IPython.display import display

from dvlwidgets.engine import runs
from dvlwidgets.magics.options import split
from dvlwidgets.magics.runs_table import table
from dvlwidgets.magics.usage import UsageError, in_one_line, unknown

NONE = "There are no runs. Start one: %%valuation NAME --train ... over a cell that gives a model (see %%valuation?)."
BESIDE = (
    "To have it beside the notebook, use the list of runs at JupyterLab's side, or its command 'Open the Panel Beside "
    "the Notebook'; without the extension, right-click the panel and choose 'Create New View for Output'."
)


@dataclass(frozen=True)
class Verb:
    """One thing that %dvl does.

    Attributes:
        words: its line in the help.
        act: does it, with the entry and what stood behind the name.
        fits: whether an entry is one that it is for, where the name is left out.
    """

    words: str
    act: Callable[[runs.Entry, list[str]], None]
    fits: Callable[[runs.Entry], bool]


def dvl(line: str) -> None:
    """Lists the runs, or does what the first word says to the run that the second names.

    Raises:
        UsageError: an unknown word or run, or a run that it cannot be done to.
    """
    words = split(line)
    if not words or words == ["list"]:
        entries = runs.entries()
        print(table(entries) if entries else NONE)  # noqa: T201 - what was asked for
        return
    name, *rest = words
    if name == "list":
        raise UsageError(f"%dvl list takes nothing; {' '.join(rest)!r} is too much.")
    verb = VERBS.get(name)
    if verb is None:
        raise unknown("%dvl", name, ["list", *VERBS])
    entry = _entry(name, verb, rest)
    if rest and name != "save":
        raise UsageError(f"%dvl {name} takes one name; {' '.join(rest)!r} is too much.")
    with in_one_line():
        verb.act(entry, rest)


def _entry(name: str, verb: Verb, rest: list[str]) -> runs.Entry:
    """The run that is meant; its name is taken from `rest`."""
    entries = runs.entries()
    if not entries:
        raise UsageError(f"%dvl {name}: there are no runs. %%valuation? says how to start one.")
    known = {key: entry for entry in entries for key in (entry.id, entry.name)}
    if rest and rest[0] in known:
        return known[rest.pop(0)]
    if rest and not (name == "save" and _is_page(rest[0])):
        raise unknown("run", rest[0], [entry.name for entry in entries])
    fitting = [entry for entry in entries if verb.fits(entry)] or entries
    if len(fitting) > 1:
        names = ", ".join(repr(entry.name) for entry in fitting)
        raise UsageError(f"%dvl {name}: which run? There are {names}.")
    return fitting[0]


def _is_page(word: str) -> bool:
    return word.lower().endswith((".html", ".htm"))


def _pause(entry: runs.Entry, _rest: list[str]) -> None:
    _alive(entry, "pause").pause()
    _say(f"{entry.name!r} pauses when the work in hand is done; %dvl resume goes on.")


def _resume(entry: runs.Entry, _rest: list[str]) -> None:
    _alive(entry, "resume").resume()
    _say(f"{entry.name!r} goes on.")


def _stop(entry: runs.Entry, _rest: list[str]) -> None:
    _alive(entry, "stop").stop()
    _say(f"{entry.name!r} ends with the values so far.")


def _alive(entry: runs.Entry, verb: str) -> runs.Entry:
    if not entry.alive:
        run = entry.run
        state = "finished" if run is None else run.state
        raise UsageError(f"{entry.name!r} is {state}; there is nothing to {verb}.")
    return entry


def _show(entry: runs.Entry, _rest: list[str]) -> None:
    display(_panel(entry))  # type: ignore[no-untyped-call]


def _open(entry: runs.Entry, _rest: list[str]) -> None:
    display(_panel(entry))  # type: ignore[no-untyped-call]
    _say(BESIDE)


def _edits(entry: runs.Entry, _rest: list[str]) -> None:
    log = _panel(entry).edits
    _say(log.as_code() if len(log) else f"{entry.name!r} has no edits.")


def _save(entry: runs.Entry, rest: list[str]) -> None:
    if len(rest) > 1:
        raise UsageError(f"%dvl save takes a name and a file; {' '.join(rest[1:])!r} is too much.")
    saved = _panel(entry).save(rest[0] if rest else "report.html")
    _say(f"Saved {saved}: the panel as a page that needs no kernel.")


def _panel(entry: runs.Entry) -> Any:
    panel = entry.panel
    if panel is None:
        raise UsageError(f"{entry.name!r} runs without a panel; ValuationPanel(valuation, train) makes one.")
    return panel


def _say(text: str) -> None:
    print(text)  # noqa: T201 - the magic talks to a person


def _is_running(entry: runs.Entry) -> bool:
    return entry.alive and entry.run is not None and entry.run.state == "running"


def _is_paused(entry: runs.Entry) -> bool:
    return entry.alive and entry.run is not None and (entry.run.state == "paused" or entry.run.pausing)


VERBS = {
    "pause": Verb("hands out no new work", _pause, _is_running),
    "resume": Verb("goes on after a pause", _resume, _is_paused),
    "stop": Verb("ends with the values so far", _stop, lambda entry: entry.alive),
    "show": Verb("displays the panel again", _show, lambda entry: entry.panel is not None),
    "open": Verb(
        "displays it, and says how to have it beside the notebook", _open, lambda e: e.panel is not None
    ),
    "edits": Verb("prints the relabels and drops as code", _edits, lambda entry: entry.panel is not None),
    "save": Verb(
        "writes the panel as a page; report.html if no file is named", _save, lambda e: e.panel is not None
    ),
}
"""What %dvl does, by its first word."""
