"""What an influence panel is about: an explorer of two data sets, its run, the edits of the training points."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from os import PathLike
from typing import Any, ClassVar, cast

import numpy as np
from numpy.typing import NDArray

from dvlwidgets.counts import many
from dvlwidgets.data.dataset import Dataset
from dvlwidgets.data.edit_log import EditLog
from dvlwidgets.data.preview import Given, of_both, previews_of
from dvlwidgets.errors import InputError
from dvlwidgets.widgets import influence_wire, wire
from dvlwidgets.widgets.influence_anew import Relabelled
from dvlwidgets.widgets.influence_method import ExplorerMethod
from dvlwidgets.widgets.influence_records import (
    COLUMNS,
    RANKED,
    VALUE,
    Columns,
    InfluencePoints,
    InfluenceSnapshot,
    from_the_highest,
)
from dvlwidgets.widgets.influence_tests import TestPoints, log_of
from dvlwidgets.widgets.session import Session
from dvlwidgets.widgets.snapshot import Points, Snapshot, Status, single

UNIT = "n × the change of a test loss"
GROWTH = 1.25
"""An answer about a test point is of the training points known then; a quarter more, and the page asks again."""


class InfluenceSession(Session):
    """State behind an influence panel; arguments as in `Session`, and the following.

    Args:
        method: the explorer with its name.
        train: the training points.
        test: the test points.
        quantile: which quantile of its influences is a point's value.
        previews: of the training points, or a pair (of the training points, of the test points).
        test_edits: a log of the test points' edits, a file for one, or None for one beside the training points'.
    """

    OWN: ClassVar[Mapping[str, str]] = {
        "value": "value",
        VALUE: "value",
        "rank": "rank",
        "label": "label",
        **{name: f"f{i}" for i, name in enumerate((*COLUMNS, *RANKED))},
    }
    FEATURES_FROM: ClassVar[int] = len(COLUMNS) + len(RANKED)
    valuation: ExplorerMethod

    def __init__(
        self,
        method: ExplorerMethod,
        train: Dataset,
        test: Dataset,
        *,
        quantile: float,
        title: str | None = None,
        previews: Given | tuple[Given, Given] = None,
        image_shape: Sequence[int] | None = None,
        checkpoint: Any = None,
        edits: EditLog | str | PathLike[str] | None = None,
        test_edits: EditLog | str | PathLike[str] | None = None,
        share: str | None = None,
        on_change: Callable[[], None] = lambda: None,
    ) -> None:
        self.explorer, self.quantile = method.explorer, quantile
        self._revision = self._grown = self._grown_at = 0
        self._tests: tuple[object, Columns | None] = None, None
        self._columns: tuple[object, object, InfluencePoints | None] = None, None, None
        ours, theirs = of_both(previews)
        edits = edits if isinstance(edits, EditLog) else EditLog.of(train, edits)
        self.test = TestPoints(
            train,
            test,
            self.explorer.classes,
            previews_of(test, theirs, image_shape),
            log=log_of(test, edits, test_edits),
            losses=self._losses,
        )
        self._anew, self._tests_anew = Relabelled(self), Relabelled(self.test)
        super().__init__(
            method,
            train,
            title=title or many(len(train), "training point"),
            previews=ours,
            image_shape=image_shape,
            checkpoint=checkpoint,
            edits=edits,
            share=share,
            on_change=on_change,
        )
        self.subject = replace(self.subject, value_name=VALUE)

    def _prepare(self) -> None:
        self._anew.begin()  # what was relabelled stays so in the explorer, from run to run
        self._tests_anew.begin(forget=True)  # but of test points
        self._revision += 1
        self._grown_at = 0
        super()._prepare()

    # --- what is shown --------------------------------------------------------------------------------------

    def snapshot(self) -> InfluenceSnapshot:
        """Everything that a page shows, now."""
        with self._lock:
            now = super().snapshot()
            rest = {name: getattr(now, name) for name in now.__dataclass_fields__}
            return InfluenceSnapshot(**rest, test=self.test.tests, quantile=self.quantile)

    def numbers(self, now: Snapshot) -> dict[str, NDArray[Any]]:
        """What was computed of each training point: its quantile, loss, self-influence, ... with their ranks."""
        points = cast(InfluenceSnapshot, now).points
        ranks = {rank: from_the_highest(points.columns[of]) for rank, of in RANKED.items()}
        return {VALUE: points.value, **points.columns, **ranks}

    def status(self) -> Status:
        """The toolbar's line; influences are exact, so there is no certainty to tell."""
        return replace(super().status(), certainty=math.nan, target=None, unit_of_value=UNIT)

    def _points(self) -> InfluencePoints:
        progress = None if self._run is None else self._run.progress
        waiting = self._anew.waiting(), self._tests_anew.waiting()
        key = (self._revision, self.explorer.known, waiting, self._tests[0])
        former, seen, points = self._columns
        if points is None or former != key or seen is not progress:
            points = self._read(*waiting)
            self._columns = key, progress, points
        return points

    def _losses(self) -> NDArray[np.float32]:
        with self._lock:
            return self._points().tests["loss"]

    def _read(self, waiting: tuple[int, ...], tests_waiting: tuple[int, ...]) -> InfluencePoints:
        n = self.subject.n
        if self.over and self.explorer.known:
            self.read_tests()  # the output that is stored now has them
        found = self.explorer.columns()
        self._grow(int(np.isfinite(found["quantile_all"]).sum()))
        plain = Points.of(found["quantile"], np.full(n, np.nan), np.zeros(n), np.ones(n))
        return InfluencePoints(
            **vars(plain),
            columns={name: single(found[name]) for name in COLUMNS},
            tests={
                **(self._tests[1] or self.test.unknown),
                "disagreement": single(self.explorer.disagreement()),
            },
            known=bool(self.explorer.known),
            revision=self.revision,
            waiting=waiting,
            tests_waiting=tests_waiting,
        )

    @property
    def revision(self) -> int:
        """Grows when answers about single points change: one was relabelled, or more training points are known."""
        return self._revision + self._grown

    def _grow(self, known: int) -> None:
        progress = None if self._run is None else self._run.progress
        last = progress is None or progress.final
        if known > self._grown_at and (last or known >= GROWTH * self._grown_at):
            self._grown, self._grown_at = self._grown + 1, known

    def read_tests(self) -> bool:
        """Lets the model predict the test points, unless that was done; whether anything is new.

        It takes a pass over them, so a page does not wait for it, and sees the predictions before the run starts.
        """
        key = (self._run, self.explorer.known, self._revision)
        if self._tests[0] == key:
            return False
        former, before = self._tests
        # a model that cannot predict is complained of once, not with every frame
        self._tests = key, before if isinstance(former, tuple) and former[:2] == key[:2] else None
        self._tests = key, self.test.columns(self.explorer.test_columns())
        return True

    # --- single points --------------------------------------------------------------------------------------

    def of_test(self, request: str | None, at: int, k: int) -> wire.Frame:
        """Answers which training points help and hurt a test point most."""
        self._refuse_unknown()
        revision = self.revision
        return influence_wire.of_test(request, at, revision, self.explorer.of_test(at, k))

    def of_train(self, request: str | None, at: int) -> wire.Frame:
        """Answers how a training point influences each test point."""
        self._refuse_unknown()
        revision = self.revision
        return influence_wire.of_train(request, at, revision, self.explorer.of_train(at))

    def _refuse_unknown(self) -> None:
        if not self.explorer.known:
            raise InputError("No influence is known yet; start the run and wait until the model is fitted.")

    # --- relabelled points ----------------------------------------------------------------------------------

    def catch_up(self) -> bool:
        """Has the numbers of one relabelled point computed anew; False when there is none, or it is too early.

        Raises:
            Whatever the explorer says against the label; the point is not tried again.
        """
        explorer = self.explorer
        with self._lock:
            ready = [
                (explorer.relabelled, self._anew, *item)
                for item in self._anew.due()
                if self._is_known(item[0])
            ]
            if self.over and explorer.known:  # of a test point all tiles are looked at
                ready += [
                    (explorer.relabelled_test, self._tests_anew, *item) for item in self._tests_anew.due()
                ]
        if not ready:
            return False
        compute, anew, position, label = ready[0]
        try:
            compute(position, label)
        except Exception:
            with self._lock:
                anew.refused(position, label)
            raise
        with self._lock:
            anew.computed(position, label)
            self._revision += 1
        self.read_tests()
        self._on_change()
        return True

    def _is_known(self, position: int) -> bool:
        """Whether this run has been at a point: what an earlier run knew would be written over."""
        run = self._run
        if run is None or run.progress is None or not self.explorer.known:
            return False
        return run.over or bool(np.isfinite(run.progress.values[position]))
