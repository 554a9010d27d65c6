"""Test points to doubt: those that the model and their neighbours speak against, with a log of their own edits."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from os import PathLike
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from dvlwidgets.data.dataset import Dataset
from dvlwidgets.data.edit_log import EditLog
from dvlwidgets.data.edit_subscribers import Announcement
from dvlwidgets.data.preview import Given, previews_of
from dvlwidgets.errors import EditError, InputError, WireError
from dvlwidgets.evaluation.doubts import check, doubts_of
from dvlwidgets.evaluation.own_model import OwnModel
from dvlwidgets.widgets import bundle, wire
from dvlwidgets.widgets.answered import in_words
from dvlwidgets.widgets.commands import EDITS, parse, short
from dvlwidgets.widgets.editing import edit
from dvlwidgets.widgets.influence_tests import TestPoints, kept_beside, log_of
from dvlwidgets.widgets.parts import tests_list
from dvlwidgets.widgets.parts.aside import Aside
from dvlwidgets.widgets.parts.edits import NEVER_OF_TESTS, EditsPart
from dvlwidgets.widgets.parts.merging import DEEDS
from dvlwidgets.widgets.parts.part import Hub, taken
from dvlwidgets.widgets.parts.tests_given import own_of
from dvlwidgets.widgets.parts.view import positions
from dvlwidgets.widgets.snapshot import Content

NAME = "tests"
WANTED = "'code', 'look', 'select', 'edit', 'history', 'log' or 'export'"


class TestsPart:
    """Finds the test points to doubt when it is asked, and edits them in `edits`.

    Args:
        hub: of the panel.
        given: a log of their edits, a file for one, or None for one beside the training points'.
        looks: previews and image shape of the test points, see `data.preview.previews_of`.
        edited: is called after every edit of them.
    """

    __test__ = False  # no test of pytest's, in spite of its name

    def __init__(
        self,
        hub: Hub,
        given: EditLog | str | PathLike[str] | None = None,
        looks: tuple[Given, Sequence[int] | None] = (None, None),
        edited: Callable[[], None] = lambda: None,
    ) -> None:
        self._hub, self._given, self._after = hub, given, edited
        self._looks = looks
        self._lock = threading.RLock()
        self._aside = Aside(hub, NAME)
        self._points: TestPoints | None = None
        self._marks: EditsPart | None = None
        self._deaf: Callable[[], None] = lambda: None
        self._losses = np.zeros(0, dtype=np.float32)
        self._state: Content = {"state": "none", "why": ""}
        self._list: Content | None = None
        self._selection: NDArray[np.intp] = np.zeros(0, np.intp)

    @property
    def edits(self) -> EditLog:
        """The log of the test points' edits.

        Raises:
            InputError: the valuation has no test points of its own.
            EditError: the log belongs to other data.
        """
        return self._of_tests().edits

    @property
    def data(self) -> Dataset:
        """The test points as they came; raises as `edits`."""
        return self._of_tests().data

    @property
    def selection(self) -> NDArray[np.intp]:
        """Positions of the test points that are selected in the list, ascending; a copy."""
        return self._selection.copy()

    def select(self, rows: ArrayLike) -> None:
        """Selects listed test points by position, or by a mask of all test points.

        Raises:
            InputError: one of them is not listed, or there is no such test point.
            InputTypeError: neither whole numbers nor a mask.
        """
        self._take(positions(rows, len(self.data), "test point"), None)

    def with_edits(self) -> TestPoints | None:
        """The test points for a copy; None where nothing was ever edited, or there is nothing that could be."""
        try:
            with self._lock:
                if self._points is None and self._given is None:
                    beside = kept_beside(self._own().test, self._hub.session.edits)
                    return self._of_tests() if beside.exists() else None
            return self._of_tests()
        except (EditError, InputError):  # the card says why
            return None

    # --- what the page asks for -----------------------------------------------------------------------------

    def receive(self, command: Mapping[str, Any], request: str | None) -> wire.Frame | None:
        """The page's half ("code"), the list ("look"), a selection, an edit, or what concerns the log (`EditsPart`)."""
        wanted = taken(command, "do", str, WANTED)
        if wanted == "code":
            return wire.part(NAME, "code", {"text": bundle.read("tests.js")}, request=request)
        if wanted == "look":
            own, points = self._own(), self._of_tests()  # refuse at once
            check(own.model, self._hub.session.train, points.data)
            self._become("looking", request=request)
            self._aside.ask(self._look, request, kind="look")
        elif wanted == "select":
            self._take(taken(command, "rows", list, "positions of listed test points"), request)
        elif wanted == "edit":
            points = self._of_tests()
            edited = parse(command.get("edit"), points.subject.n)
            if edited.name not in EDITS or edited.name == "drop":
                raise WireError(
                    f"'edit' should be one of {[name for name in EDITS if name != 'drop']}, not "
                    f"{short(edited.name)}: test points are not dropped, which would flatter the model."
                )
            edit(points, edited, (self, request))
        elif wanted in {"history", "log", "export", *DEEDS}:
            self._of_tests()
            assert self._marks is not None  # made with the points
            return self._marks.receive(command, request)
        else:
            raise WireError(f"'do' should be {WANTED}, not {short(wanted)}.")
        return None

    def hello(self) -> list[wire.Frame]:
        """Whether test points can be doubted, and the newest list."""
        try:
            own = self._own()
            check(own.model, self._hub.session.train, own.test)
            about: Content = {"possible": True, "why": "", "n": len(own.test)}
        except InputError as why:
            about = {"possible": False, "why": str(why), "n": 0}
        frames = [wire.part(NAME, "about", about)]
        with self._lock:
            told, points, marks, state = self._list, self._points, self._marks, self._state
        frames.append(wire.part(NAME, "looks", state))
        if told is None or points is None or marks is None:
            return frames
        return [*frames, tests_list.told(points, told), *marks.hello(), self._selected(None)]

    def close(self) -> None:
        """Ends the look after the fit in hand, and hears of no further edit."""
        self._aside.close()
        self._deaf()
        if self._marks is not None:
            self._marks.close()

    def settle(self, timeout: float = 10.0) -> bool:
        """Waits until what was asked for is done; False after `timeout` seconds."""
        return self._aside.settle(timeout)

    # --- the points -----------------------------------------------------------------------------------------

    def _own(self) -> OwnModel:
        return own_of(self._hub.session.valuation, self._hub.session.train)

    def _of_tests(self) -> TestPoints:
        """The test points with their log, which is opened when somebody asks for it first."""
        with self._lock:
            if self._points is None:
                session, test = self._hub.session, self._own().test
                self._losses = np.full(len(test), np.nan, dtype=np.float32)
                points = TestPoints(
                    session.train,
                    test,
                    None,
                    previews_of(test, *self._looks),
                    log=log_of(test, session.edits, self._given),
                    losses=lambda: self._losses,
                )
                self._marks = EditsPart(self._hub, points, name=NAME, variable="test", never=NEVER_OF_TESTS)
                self._deaf = points.edits.subscribe(self._edited)
                self._points = points
            return self._points

    def _take(self, rows: ArrayLike, request: str | None) -> None:
        """Only what is listed: nobody should edit a selection that no page shows.

        A page, which has a `request`, may not have heard of the newest list: what is left of its wish is selected, and
        it always hears what is.
        """
        with self._lock:
            listed = [] if self._list is None else self._list["rows"]
            chosen = positions(rows, len(self.data), "test point")
            there = np.isin(chosen, listed)
            if request is None and not there.all():
                raise InputError(tests_list.not_listed(chosen, self._list))
            self._selection = chosen[there]
            self._hub.say(self._selected(request))

    def _selected(self, request: str | None) -> wire.Frame:
        return wire.part(NAME, "selection", {"rows": self._selection.tolist()}, request=request)

    def _edited(self, _: Announcement) -> None:
        with self._lock:  # of two lists the one that is made last is sent last
            if self._list is not None and self._points is not None:
                self._hub.say(tests_list.told(self._points, self._list))
        self._after()

    # --- the list -------------------------------------------------------------------------------------------

    def _become(self, state: str, why: str = "", request: str | None = None) -> None:
        with self._lock:
            self._state = {"state": state, "why": why}
            self._hub.say(wire.part(NAME, "looks", self._state, request=request))

    def _look(self) -> None:
        try:
            own, points, session = self._own(), self._of_tests(), self._hub.session
            marks = self._marks
            assert marks is not None  # made with the points
            train, test = session.edits.apply(session.train), points.edits.apply(points.data)
            found = doubts_of(own.model, train, test)
            self._losses = tests_list.losses(found, test, points)
            listed = tests_list.listed(found, test, points, type(own.model).__name__)
        except Exception as why:  # the model is the user's: the page hears of it whatever it is
            self._become("failed", in_words(why))
            return
        with self._lock:
            self._list = listed
            self._selection = self._selection[np.isin(self._selection, listed["rows"])]
            self._hub.say(tests_list.told(points, listed))
            marks.tell()  # the log may have flags and comments of an earlier time
            self._become("done")
