"""What a panel is about: one valuation of one data set, its run, its edits. Knows no widget and no comm."""

from __future__ import annotations

import threading
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import replace
from os import PathLike
from typing import TYPE_CHECKING, Any, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray

from dvlwidgets.counts import many
from dvlwidgets.data import shared_edits
from dvlwidgets.data.dataset import Dataset
from dvlwidgets.data.edit_log import EditLog
from dvlwidgets.data.edit_subscribers import Announcement
from dvlwidgets.data.edits import Key
from dvlwidgets.data.preview import Given, previews_of
from dvlwidgets.engine.live import Run
from dvlwidgets.errors import InputTypeError, NotFittedError, RunError
from dvlwidgets.widgets import levels, wire
from dvlwidgets.widgets.places import Places, edits_frame
from dvlwidgets.widgets.reading import finished, points_of, status_of
from dvlwidgets.widgets.reading_as import Moment, ShownAs
from dvlwidgets.widgets.snapshot import Content, Points, Snapshot, Status
from dvlwidgets.widgets.subject import LabelBook, describe
from dvlwidgets.widgets.valued import Valued, result_on, run_on, updated

if TYPE_CHECKING:
    from dvlwidgets.engine.records import Progress


class Session:
    """State behind a panel.

    Args:
        valuation: an unfitted or fitted method.
        train: the points.
        title: heading; by default how many points there are (never the description: titles are in every shared copy).
        previews: see `data.preview.previews_of`.
        image_shape: see `data.preview.previews_of`.
        checkpoint: folder of the run's checkpoint.
        edits: a log of edits, a file for one, or None for the data set's own.
        share: how much a shared copy holds, one of `preferences.LEVELS`, or None for the default.
        on_change: called from any thread when the run has news; must be quick.
    """

    OWN: ClassVar[Mapping[str, str]] = {
        "value": "value",
        "stderr": "stderr",
        "updates": "count",
        "rank": "rank",
        "label": "label",
        "converged": "converged",
    }
    """Columns that every point has, by their names in Python, and their ids in the page."""
    FEATURES_FROM: ClassVar[int] = 0
    """The number of the first of the data's features among those of the page."""

    def __init__(
        self,
        valuation: Any,
        train: Dataset,
        *,
        title: str | None = None,
        previews: Given = None,
        image_shape: Sequence[int] | None = None,
        checkpoint: Any = None,
        edits: EditLog | str | PathLike[str] | None = None,
        share: str | None = None,
        on_change: Callable[[], None] = lambda: None,
    ) -> None:
        _check(valuation, train)
        self._share = levels.checked(share)
        self.valuation, self.train = valuation, train
        self.edits = edits if isinstance(edits, EditLog) else EditLog.of(train, edits)
        self._places = Places(self.edits.net, train)
        self.previews = previews_of(train, previews, image_shape)
        self.subject = describe(
            train,
            title=title or many(len(train), "point"),
            method=valuation.algorithm_name,
            previews=self.previews,
        )
        self._labels = LabelBook(train)
        self._checkpoint, self._on_change = checkpoint, on_change
        self._hearers: list[Callable[[], None]] = []
        self.valued = Valued.of(train, {}, {})
        self.besides: dict[str, tuple[Valued | None, NDArray[Any]]] = {}
        """Columns that parts have added, for tables: (n,) by name, and the values that they belong to, if to any."""
        self.shown = ShownAs(self, self._tell)
        self._asked: Literal["pause", "resume", "stop"] | None = None
        self._valuing = False
        self._seen: tuple[Progress | None, Points] = None, Points.unknown(len(train))
        self._lock = threading.RLock()
        self._run: Run | None = run_on(valuation, train)
        self._earlier = result_on(valuation, train)
        if self._run is not None:
            self._run.subscribe(self._news)  # it goes on, shown by this panel, too
        elif self._earlier is None:
            self._prepare()
        else:
            self._seen = None, points_of(self._earlier, self.subject.n)

    # --- the run --------------------------------------------------------------------------------------------

    @property
    def run(self) -> Run:
        """The present run.

        Raises:
            RunError: the valuation was fitted before, and this panel has started nothing.
        """
        if self._run is None:
            raise RunError(
                "The values shown are those of an earlier fit; call start() to value the data again."
            )
        return self._run

    @property
    def state(self) -> str:
        """State of the run; "finished" for the values of an earlier fit."""
        return "finished" if self._run is None else self._run.state

    @property
    def over(self) -> bool:
        """Whether the present run is over."""
        return self._run is not None and self._run.over

    def start(self, checkpoint: Any = None) -> Run:
        """Starts the run, or a new one when the last is over.

        Args:
            checkpoint: a folder to go on from, in place of the session's own.

        Raises:
            RunError: it is running, or the edited points are being valued.
            InputError: the checkpoint is another run's; nothing was changed.
        """
        with self._lock:
            self._refuse_while_valuing()
            if checkpoint is not None:
                self._take_up(checkpoint)
            elif self._run is None or self._run.over:
                self._prepare()
            self._asked = None
            return self.run.start()

    def value_again(self) -> None:
        """Values the points with the edits in force; all points stay, those that are dropped without a value.

        A method that can update its values computes only what changed; the others run anew, which begins at once. The
        former values are shown until then.

        Raises:
            RunError: the present run is not over, or the points are being valued again already.
            InputError: nothing is left, or the method refuses the edited points; nothing was changed.
        """
        self.shown.freshen()
        with self._lock:
            self._refuse_while_valuing()
            if self._run is not None and not self._run.over and self._run.state != "pending":
                raise RunError(f"The run is {self._run.state}; stop it first, then value the edited points.")
            net = self.edits.net
            former = self._points().value, self.shown.method
            new = Valued.of(self.train, net, self._places.of(net), former, self.valued.turn + 1)
            self._valuing = True
        try:
            # without the lock: it may take a while, and the page goes on showing what there was
            result = updated(self.valuation, new.data)
            run = self._new_run(new) if result is None else None
            with self._lock:
                self._take(new, result, run)
        finally:
            self._valuing = False
        self._on_change()

    def _take(self, new: Valued, result: Any, run: Run | None) -> None:
        """From now on the values are those of `new`: a result, or what a run that begins now will find."""
        n = len(new.data)
        self.valued, self._run, self._asked = new, run, None
        self._earlier = result  # no longer that of other data, also before the run's first frame
        self._seen = None, new.spread(Points.unknown(n) if result is None else points_of(result, n))
        if run is not None:
            run.subscribe(self._news)
            run.start()

    def _refuse_while_valuing(self) -> None:
        if self._valuing:
            raise RunError("The edited points are being valued; wait until their values are there.")

    def control(self, verb: Literal["pause", "resume", "stop"]) -> None:
        """Asks the run to pause, go on or end; it does so when the work in hand is done."""
        self._asked = verb
        getattr(self.run, verb)()
        self._on_change()

    def result(self) -> Any:
        """The newest values as a `ValuationResult`.

        Raises:
            NotFittedError: there are none yet.
        """
        found = self._earlier if self._run is None or self._run.progress is None else self._run.result
        if found is None:
            raise NotFittedError("There are no values yet; call start() and wait for the first frame.")
        return found

    def present(self) -> tuple[Valued, Run | None]:
        """What is valued, and the run that values it; None for an earlier fit."""
        with self._lock:
            return self.valued, self._run

    def moment(self) -> Moment:
        """The newest values of what is shown; raises what `result` raises."""
        with self._lock:
            run = self._run
            progress = None if run is None else run.progress  # first: what comes meanwhile is read once more
            return Moment(self.valued, run, progress, self.result())

    def _take_up(self, checkpoint: Any) -> None:
        run = self._run
        if run is not None and not run.over and run.state != "pending":
            raise RunError(f"The run is {run.state}; stop it first, then go on from a checkpoint.")
        if self.valued.data is not self.train:
            raise RunError("A checkpoint is of the data as they came; these values are of the edited points.")
        former, self._checkpoint = self._checkpoint, checkpoint
        try:
            self._prepare()
        except BaseException:
            self._checkpoint = former
            raise

    def _prepare(self) -> None:
        self._run = self._new_run(self.valued)
        self._run.subscribe(self._news)

    def _new_run(self, valued: Valued) -> Run:
        # a checkpoint is of the data as they came
        checkpoint = self._checkpoint if valued.data is self.train else None
        run: Run = self.valuation.prepare_run(valued.data, checkpoint=checkpoint)
        return run

    def hear(self, callback: Callable[[], None]) -> None:
        """Calls back after news of the present run and of those that follow it, in the run's thread; must be quick."""
        self._hearers.append(callback)

    def _news(self, run: Run) -> None:
        if self._asked == "resume" and run.state == "running":
            self._asked = None  # a later pause, whoever asks for it, is no resume that hangs
        self._tell()
        self._on_change()

    def _tell(self) -> None:
        for callback in self._hearers:
            callback()

    @property
    def data(self) -> Dataset:
        """The points that are edited, see `edited.Edited`."""
        return self.train

    # --- what is shared -------------------------------------------------------------------------------------

    @property
    def level(self) -> str:
        """How much a shared copy holds now."""
        return levels.level_of(self._share)

    def shared_edits(self, level: str) -> Content | None:
        """The edits in force as a level allows them."""
        return shared_edits.shared(self.edits, self.train, level)

    # --- what is shown --------------------------------------------------------------------------------------

    def snapshot(self) -> Snapshot:
        """Everything that a page shows, now."""
        with self._lock:
            status, edits = self.status(), self.edits.net
            return Snapshot(
                subject=replace(self.subject, share=levels.HOLDS[self.level], method=self.shown.method),
                points=self._points(),
                labels=self._labels.labels(edits, self._places.of(edits)),
                dropped=self._places.dropped(edits),
                status=status,
                history=[] if self._run is None else list(self._run.history),
                edits=self.edits.summary(),
            )

    def numbers(self, now: Snapshot) -> dict[str, NDArray[Any]]:
        """What was computed of each point, by the names that tables have in Python."""
        points = now.points
        return {
            "value": points.value,
            "stderr": points.stderr,
            "updates": points.count,
            "converged": points.converged.astype(bool),
        }

    def status(self) -> Status:
        """The toolbar's line."""
        if self._run is None:
            return self.shown.status(finished(self._earlier))
        return self.shown.status(status_of(self.valuation, self._run, self._pending()))

    def _points(self) -> Points:
        return self.shown.points(self._own_points())

    def _own_points(self) -> Points:
        progress = None if self._run is None else self._run.progress
        if progress is not None and progress is not self._seen[0]:
            points = Points.of(progress.values, progress.stderr, progress.counts, progress.verdict.converged)
            self._seen = progress, self.valued.spread(points)
        return self._seen[1]

    def _pending(self) -> Literal["pause", "resume", "stop"] | None:
        run = self._run
        if run is None or run.over:
            return None
        if self._asked == "stop":
            return "stop"
        if run.pausing:
            return "pause"
        return "resume" if self._asked == "resume" and run.state == "paused" else None

    def places(self, keys: Collection[Key]) -> dict[Key, int]:
        """Positions of edited points; those that are not here are left out."""
        return self._places.of(keys)

    def values_now(self) -> NDArray[np.float32]:
        """The values that are shown, (n,); NaN where they are not known."""
        with self._lock:
            return self._points().value

    # --- edits ----------------------------------------------------------------------------------------------

    def label_meant(self, choice: dict[str, Any]) -> Any:
        """The label that a page's choice names; see `LabelBook.meant`."""
        with self._lock:
            return self._labels.meant(choice)

    def word(self, label: Any) -> str:
        """A label as people read it; see `LabelBook.word`."""
        return self._labels.word(label)

    def edits_frame(self, news: Announcement) -> wire.Frame:
        """Tells a page about edits that are on disk; `news.source` is (this session, request) for its own."""
        return edits_frame(news, self, self._places, self.snapshot())


def _check(valuation: Any, train: Any) -> None:
    if isinstance(valuation, type) or not hasattr(valuation, "prepare_run"):
        name = valuation.__name__ if isinstance(valuation, type) else type(valuation).__name__
        raise InputTypeError(
            f"The first argument is {name}; expected a valuation, e.g. ShapleyValuation(utility, sampler, rule)."
        )
    if not isinstance(train, Dataset):
        raise InputTypeError(
            f"The second argument is a {type(train).__name__}; expected the training points as a Dataset(x, y)."
        )
