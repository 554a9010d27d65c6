"""Test points to doubt: those that the model and their neighbours speak against, with a log of their own edits."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from os import PathLike
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dvlwidgets.data.dataset import Dataset
from dvlwidgets.data.edit_log import EditLog
from dvlwidgets.data.edit_subscribers import Announcement
from dvlwidgets.data.preview import Given, previews_of
from dvlwidgets.errors import EditError, InputError, WireError
from dvlwidgets.evaluation.doubts import Doubts, check, doubts_of
from dvlwidgets.evaluation.own_model import OwnModel
from dvlwidgets.widgets import bundle, wire
from dvlwidgets.widgets.answered import in_words
from dvlwidgets.widgets.commands import EDITS, parse, short
from dvlwidgets.widgets.editing import edit
from dvlwidgets.widgets.influence_tests import TestPoints, kept_beside, log_of
from dvlwidgets.widgets.parts.aside import Aside
from dvlwidgets.widgets.parts.edits import NEVER_OF_TESTS, EditsPart
from dvlwidgets.widgets.parts.merging import DEEDS
from dvlwidgets.widgets.parts.part import Hub, taken
from dvlwidgets.widgets.parts.tests_given import own_of
from dvlwidgets.widgets.snapshot import Content, finite

NAME = "tests"
MOST_LISTED = 60
"""Test points that are listed."""
LEAST_PROBABLE = 1e-12
"""A loss is finite, also of what a model calls impossible."""


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
        """The page's half ("code"), the list ("look"), an edit, or what concerns the log (see `EditsPart`)."""
        wanted = taken(command, "do", str, "'code', 'look', 'edit', 'log' or 'export'")
        if wanted == "code":
            return wire.part(NAME, "code", {"text": bundle.read("tests.js")}, request=request)
        if wanted == "look":
            own, points = self._own(), self._of_tests()  # refuse at once
            check(own.model, self._hub.session.train, points.data)
            self._become("looking", request=request)
            self._aside.ask(self._look, request, kind="look")
        elif wanted == "edit":
            points = self._of_tests()
            edited = parse(command.get("edit"), points.subject.n)
            if edited.name not in EDITS or edited.name == "drop":
                raise WireError(
                    f"'edit' should be one of {[name for name in EDITS if name != 'drop']}, not "
                    f"{short(edited.name)}: test points are not dropped, which would flatter the model."
                )
            edit(points, edited, (self, request))
        elif wanted in {"log", "export", *DEEDS}:
            self._of_tests()
            assert self._marks is not None  # made with the points
            return self._marks.receive(command, request)
        else:
            raise WireError(f"'do' should be 'code', 'look', 'edit', 'log' or 'export', not {short(wanted)}.")
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
        return [*frames, _told(points, told), *marks.hello()]

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

    def _edited(self, _: Announcement) -> None:
        with self._lock:  # of two lists the one that is made last is sent last
            if self._list is not None and self._points is not None:
                self._hub.say(_told(self._points, self._list))
        self._after()

    # --- the list -------------------------------------------------------------------------------------------

    def _become(self, state: str, why: str = "", request: str | None = None) -> None:
        with self._lock:
            self._state = {"state": state, "why": why}
            self._hub.say(wire.part(NAME, "looks", self._state, request=request))

    def _look(self) -> None:
        try:
            own, points, session = self._own(), self._of_tests(), self._hub.session
            train, test = session.edits.apply(session.train), points.edits.apply(points.data)
            found = doubts_of(own.model, train, test)
            listed = self._listed(found, test, points, type(own.model).__name__)
        except Exception as why:  # the model is the user's: the page hears of it whatever it is
            self._become("failed", in_words(why))
            return
        with self._lock:
            self._list = listed
            self._hub.say(_told(points, listed))
            self._become("done")

    def _listed(self, found: Doubts, test: Dataset, points: TestPoints, model: str) -> Content:
        """The points to doubt, by their positions in the set as it came; what is dropped is not among them."""
        assert test.labels is not None  # `doubts_of` has refused it
        place = {item: at for at, item in enumerate(points.data.ids.tolist())}
        rows = np.array([place[item] for item in test.ids.tolist()], dtype=np.intp)
        losses = np.full(len(points.data), np.nan, dtype=np.float32)
        losses[rows] = -np.log(np.maximum(found.own, LEAST_PROBABLE))
        self._losses = losses
        order = found.order(test.labels)
        first = order[:MOST_LISTED]
        return {
            "model": model,
            "doubted": len(order),
            "asked": len(test),
            "neighbours": found.neighbours,
            "why": found.why,
            "rows": rows[first].tolist(),
            "said": [points.word(found.predicted[at]) for at in first],
            "sure": _numbers(found.sure[first]),
            "own": _numbers(found.own[first]),
            "against": _numbers(found.against[first]),
        }


def _told(points: TestPoints, listed: Content) -> wire.Frame:
    """The list with labels and previews as they are now."""
    pack, now, rows = wire.Packer(), points.tests, listed["rows"]
    subject = points.subject
    body: Content = {
        "n": subject.n,
        "label": wire.pack_labels(now.labels, pack),
        "dropped": pack(now.dropped, "u1"),
        "ids": None if subject.ids is None else [subject.ids[row] for row in rows],
        "edits": now.edits,
        "preview": subject.preview or {"kind": "none"},
        "list": listed,
    }
    shown = points.previews.get(tuple(rows)) if rows else []
    body["texts"] = shown if isinstance(shown, list) else None
    body["pixels"] = None if isinstance(shown, list) else pack(shown, "u1")
    return wire.part(NAME, "list", body, pack=pack)


def _numbers(some: NDArray[np.float64]) -> list[float | None]:
    return [finite(float(number)) for number in some]
