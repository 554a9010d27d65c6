"""What lies around the point in focus: the training points nearest to it, and the test points that it hurts most."""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dvlwidgets.data import edits as _edits
from dvlwidgets.data.dataset import Dataset
from dvlwidgets.data.preview import Given, previews_of
from dvlwidgets.data.preview_kinds import Previews
from dvlwidgets.errors import InputError, InputTypeError, WireError
from dvlwidgets.evaluation.around import Around, Effects
from dvlwidgets.evaluation.own_model import model_of, parts_of
from dvlwidgets.valuation.methods.knn_shapley import KNNShapleyValuation
from dvlwidgets.widgets import bundle, wire
from dvlwidgets.widgets.parts.aside import Aside
from dvlwidgets.widgets.parts.part import Hub, taken
from dvlwidgets.widgets.snapshot import Content
from dvlwidgets.widgets.subject import LabelBook

NAME = "around"
NEAR = 5
"""Training points that are shown."""
HURT = 5
"""Test points that are shown."""

Net = Mapping[_edits.Key, tuple[Any, bool]]


class AroundPart:
    """Answers for one point at a time, beside the run; what it computes for all of them is kept until labels change.

    Args:
        hub: of the panel.
        looks: previews and image shape of the test points, see `data.preview.previews_of`.
    """

    def __init__(self, hub: Hub, looks: tuple[Given, Sequence[int] | None] = (None, None)) -> None:
        self._session, self._looks = hub.session, looks
        self._aside = Aside(hub, NAME)
        self._lock = threading.Lock()
        self._of: Net | None = None
        self._kept: NDArray[np.intp] = np.zeros(0, np.intp)
        self._around: Around | str = ""
        self._effects: Effects | str = ""
        self._tests: Previews | None = None

    def receive(self, command: Mapping[str, Any], request: str | None) -> wire.Frame | None:
        """{"do": "code"} for the page's half, or {"do": "look", "row": position}."""
        wanted = taken(command, "do", str, "'code' or 'look'")
        if wanted == "code":
            return wire.part(NAME, "code", {"text": bundle.read("around.js")}, request=request)
        if wanted != "look":
            raise WireError(f"'do' should be 'code' or 'look', not {wanted!r:.40}.")
        row = taken(command, "row", int, "the position of a point")
        if not 0 <= row < len(self._session.train):
            raise WireError(f"Point {row} was asked for; there are {len(self._session.train):,}.")
        self._aside.ask(lambda: self._look(row, request), request, kind="look")
        return None

    def hello(self) -> list[wire.Frame]:
        """Nothing, until a point is asked for."""
        return []

    def close(self) -> None:
        """Ends the look after the one in hand."""
        self._aside.close()

    def settle(self, timeout: float = 10.0) -> bool:
        """Waits until what was asked for is done; False after `timeout` seconds."""
        return self._aside.settle(timeout)

    def _look(self, row: int, request: str | None) -> wire.Frame:
        with self._lock:
            self._refresh()
            pack = wire.Packer()
            body: Content = {"row": row, "near": None, "effects": None, "why": ""}
            if isinstance(self._around, str):
                body["why"] = self._around
            else:
                at = int(np.searchsorted(self._kept, row))
                itself = at if at < len(self._kept) and self._kept[at] == row else -1
                near, _ = self._around.nearest(self._session.train.take([row]), NEAR, itself)
                body["near"] = self._near(self._kept[near], pack)
                if isinstance(self._effects, str):
                    body["why"] = self._effects
                elif itself >= 0:
                    body["effects"] = self._hurt(self._effects, itself, pack)
        return wire.part(NAME, "point", body, request=request, pack=pack)

    # --- what is kept ---------------------------------------------------------------------------------------

    def _refresh(self) -> None:
        """Distances and effects of the points with their labels of now, without those that are dropped."""
        session = self._session
        net = {
            key: (fields.get(_edits.LABEL), _edits.DROPPED in fields)
            for key, fields in session.edits.net.items()
            if _edits.LABEL in fields or _edits.DROPPED in fields
        }
        if net == self._of:
            return
        try:
            train = session.edits.apply(session.train)
            place = {item: at for at, item in enumerate(session.train.ids.tolist())}
            self._kept = np.array([place[item] for item in train.ids.tolist()], dtype=np.intp)
            self._around = Around(train, self._test(), model_of(session.valuation))
        except (InputError, InputTypeError) as why:
            self._around = self._effects = str(why)
        else:
            try:
                self._effects = self._around.effects()
            except (InputError, InputTypeError) as why:
                self._effects = str(why)
        self._of = net

    def _test(self) -> Dataset | None:
        """The valuation's test points, where it has some of its own."""
        try:
            return parts_of(self._session.valuation).test
        except InputError:
            return None

    # --- what is told ---------------------------------------------------------------------------------------

    def _near(self, rows: NDArray[np.intp], pack: wire.Packer) -> Content:
        previews = self._session.previews
        return {"rows": rows.tolist()} | _shown(previews, rows.tolist(), pack)

    def _hurt(self, effects: Effects, at: int, pack: wire.Packer) -> Content:
        test = self._test()
        assert test is not None  # there are effects
        if self._tests is None:
            self._tests = previews_of(test, *self._looks)
        worth = effects.worth[:, at]
        worst = np.argsort(worth, kind="stable")[:HURT]
        worst = worst[worth[worst] < 0]
        rows = effects.tests[worst].tolist()
        mean, rank = effects.rank(at)
        book, labels = LabelBook(test), np.asarray(test.labels)[rows].tolist()
        return {
            "asked": len(effects.tests),
            "of": effects.of,
            "k": effects.k,
            "hurt": int((worth < 0).sum()),
            "helped": int((worth > 0).sum()),
            "mean": mean,
            "rank": rank,
            "points": effects.worth.shape[1],
            "own": isinstance(self._session.valuation, KNNShapleyValuation),
            "numeric": book.numeric,
            "rows": rows,
            "ids": [str(item) for item in test.ids[rows].tolist()],
            "labels": [f"{label:.6g}" if book.numeric else book.word(label) for label in labels],
            "worth": [float(one) for one in worth[worst]],
        } | _shown(self._tests, rows, pack)


def _shown(previews: Previews, rows: list[int], pack: wire.Packer) -> Content:
    """Pictures or texts of some points, with what they are."""
    kind = previews.description
    shown = previews.get(rows) if rows else []
    if isinstance(shown, list):
        return {"preview": kind, "texts": shown, "pixels": None}
    return {"preview": kind, "texts": None, "pixels": pack(shown, "u1")}
