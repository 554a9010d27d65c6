"""The list of this process's runs: every panel, and every run that was started without one.

A panel and all runs that it starts are one entry. The list holds nothing alive: a closed panel leaves it, and so does
a run that its owner has forgotten. A run that goes on is held by its own thread, so it is always in the list.
"""

from __future__ import annotations

import threading
import uuid
import weakref
from typing import TYPE_CHECKING, Any, Protocol

from ..arguments import text
from ..errors import InputError, RunError
from .place import Place, here

if TYPE_CHECKING:
    from .live import Run


class Panel(Protocol):
    """What the list needs to know of a panel."""

    title: Any
    kind: str

    @property
    def method(self) -> str:
        """Name of the method."""

    @property
    def run(self) -> Run:
        """The present run; raises RunError where there is none."""

    def pause(self) -> None:
        """Hands out no new work."""

    def resume(self) -> None:
        """Goes on after a pause."""

    def stop(self) -> None:
        """Ends the run with the values so far."""


class Entry:
    """One line of the list; made by `enter`.

    Attributes:
        id: eight hex digits.
        name: unique in the list.
        title: the panel's heading, or the run's own name.
        method: name of the method.
        kind: "valuation", "influence", or "run" for one without a panel.
        place: the cell that made it, where that is known.
    """

    def __init__(self, subject: Panel | Run, *, name: str, place: Place | None) -> None:
        self.id = uuid.uuid4().hex[:8]
        self.name, self.place = name, place
        self.title, self.kind, self.method = (
            title_of(subject),
            getattr(subject, "kind", "run"),
            _method(subject),
        )
        self._subject: weakref.ref[Any] = weakref.ref(subject)
        self._is_panel = hasattr(subject, "kind")

    @property
    def panel(self) -> Any:
        """The live panel, or None."""
        return self._subject() if self._is_panel else None

    @property
    def run(self) -> Run | None:
        """The newest run, or None: a panel may show an earlier fit."""
        subject = self._subject()
        if not self._is_panel:
            return subject
        return None if subject is None else _run_of(subject)

    @property
    def cell(self) -> str | None:
        """The id of the notebook's cell that made it."""
        return None if self.place is None else self.place.cell

    @property
    def alive(self) -> bool:
        """Whether its run was started and is not over."""
        run = self.run
        return run is not None and not run.over and run.state != "pending"

    @property
    def gone(self) -> bool:
        """Whether nobody holds it any more."""
        return self._subject() is None

    def pause(self) -> None:
        """Hands out no new work; raises RunError where nothing runs."""
        self._target().pause()

    def resume(self) -> None:
        """Goes on after a pause; raises RunError where nothing runs."""
        self._target().resume()

    def stop(self) -> None:
        """Ends the run with the values so far."""
        self._target().stop()

    def make_way(self) -> None:
        """Leaves processors and checkpoint to what its cell makes now; see `Run.make_way`."""
        run = self.run
        if run is not None:
            run.make_way(WAY)

    def _target(self) -> Any:
        subject = self._subject()
        if subject is None:
            raise RunError(f"run {self.name!r} is gone: its panel was closed, or nothing holds it any more.")
        return subject

    def _without_panel(self, run: Run) -> None:
        self._subject, self._is_panel = weakref.ref(run), False

    def __repr__(self) -> str:
        run = self.run
        return f"Entry({self.name!r}, {self.method}, {'earlier fit' if run is None else run.state})"


def title_of(subject: Any) -> str:
    """A panel's heading, or the name of a run."""
    return str(subject.title if hasattr(subject, "kind") else subject.name)


def _method(subject: Any) -> str:
    if hasattr(subject, "kind"):
        return str(subject.method)
    return str(getattr(subject.valuation, "algorithm_name", subject.name))


def _run_of(subject: Any) -> Run | None:
    """A panel's present run, or the run itself."""
    if not hasattr(subject, "kind"):
        return subject  # type: ignore[no-any-return]
    try:
        run: Run = subject.run
    except RunError:
        return None
    return run


WAY = 5.0
"""Seconds that the runs of a cell that runs again have to end."""


class _List:
    """The entries, oldest first; safe to use from any thread."""

    def __init__(self) -> None:
        self._lock = threading.RLock()
        self._entries: list[Entry] = []

    def enter(self, subject: Any, name: str | None) -> Entry:
        place, own = here(), _run_of(subject)
        if self._known(subject) is None:
            for former in self.present():
                if _again(former, place) and former.alive and former.run is not own:
                    former.make_way()  # without the lock: it may take a while
        with self._lock:
            known = self._known(subject)
            if known is None:
                works = [e for e in self.present() if e.alive and e.run is not own]
                self._entries = [e for e in self._entries if e in works or not _again(e, place)]
                known = Entry(subject, name=self._free(name or title_of(subject)), place=place)
                self._entries.append(known)
            return known

    def leave(self, panel: Any) -> None:
        with self._lock:
            for entry in self.present():
                if entry.panel is panel:
                    run = entry.run if entry.alive else None
                    if run is None:
                        self._entries.remove(entry)
                    else:
                        entry._without_panel(run)  # noqa: SLF001 - one file

    def present(self) -> list[Entry]:
        with self._lock:
            self._entries = [entry for entry in self._entries if not entry.gone]
            return list(self._entries)

    def _known(self, subject: Any) -> Entry | None:
        """The entry of a panel, or of the panel that owns a run."""
        return next((e for e in self.present() if e.panel is subject or e.run is subject), None)

    def _free(self, name: str) -> str:
        taken = {entry.name for entry in self._entries}
        numbered = (f"{name}-{i}" for i in range(2, len(taken) + 3))
        return name if name not in taken else next(other for other in numbered if other not in taken)


def _again(entry: Entry, place: Place | None) -> bool:
    """Whether its cell runs again now, so that what it made before is off the page."""
    before = entry.place
    if place is None or before is None:
        return False
    return before.cell == place.cell and before.execution != place.execution


_LIST = _List()


def enter(subject: Panel | Run, *, name: str | None = None) -> Entry:
    """Puts a panel or a run into the list; one that is there keeps its entry.

    Args:
        subject: a panel, held weakly, or a run; a run that a panel started is that panel's entry.
        name: what to call it; by default its title. "-2" is appended where the name is taken.

    Raises:
        InputTypeError: the name is no string.
        InputError: the name is blank.
    """
    check_name(name)
    return _LIST.enter(subject, name)


def check_name(name: object) -> None:
    """Refuses what cannot be the name of a run; None is no name.

    Raises:
        InputTypeError: it is no string.
        InputError: it is blank.
    """
    if name is not None and not text("name", name, "It is what the list of runs calls it.").strip():
        raise InputError(f"name={name!r} was given; expected a word, or None to use the title.")


def leave(panel: Any) -> None:
    """Takes a closed panel from the list; its run stays while it works."""
    _LIST.leave(panel)


def entries() -> list[Entry]:
    """All panels that are open and all runs that somebody holds, oldest first."""
    return _LIST.present()


def find(name_or_id: str) -> Entry:
    """The entry of that id or name.

    Raises:
        InputError: there is none; the sentence lists the names.
    """
    present = entries()
    for attribute in ("id", "name"):
        for entry in present:
            if getattr(entry, attribute) == name_or_id:
                return entry
    names = ", ".join(repr(entry.name) for entry in present[-20:]) or "none"
    raise InputError(f"there is no run {name_or_id!r:.80}. Runs of this process: {names}.")
