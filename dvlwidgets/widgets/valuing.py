"""What is valued, and the run that values it: begun, asked for a pause, taken over by the next."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from dvlwidgets.data.dataset import Dataset
from dvlwidgets.engine.live import Run
from dvlwidgets.errors import NotFittedError, RunError
from dvlwidgets.widgets.reading import points_of
from dvlwidgets.widgets.snapshot import Points
from dvlwidgets.widgets.valued import Valued, result_on, run_on, updated

if TYPE_CHECKING:
    from dvlwidgets.engine.records import Progress


class Moment(NamedTuple):
    """The run's own values at one moment.

    Attributes:
        valued: what they are values of.
        run: whose they are; None for an earlier fit.
        progress: the run's, at least as old as the result.
        result: a `ValuationResult`.
    """

    valued: Valued
    run: Run | None
    progress: object
    result: Any


class Valuing:
    """One valuation of one data set; one run at a time, or the values of an earlier fit.

    Args:
        valuation: an unfitted or fitted method.
        train: the points as they came.
        checkpoint: folder of the run's checkpoint.
        on_change: called from any thread when the run has news; must be quick.
    """

    def __init__(
        self, valuation: Any, train: Dataset, *, checkpoint: Any, on_change: Callable[[], None]
    ) -> None:
        self.valuation, self.train = valuation, train
        self._checkpoint, self._on_change = checkpoint, on_change
        self._hearers: list[Callable[[], None]] = []
        self.valued = Valued.of(train, {}, {})
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
            self._seen = None, points_of(self._earlier, len(train))

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

    def _value_anew(self, edited: Callable[[], Valued]) -> None:
        """Values other points, or these with other labels: what `edited` gives, whose errors change nothing."""
        with self._lock:
            self._refuse_while_valuing()
            if self._run is not None and not self._run.over and self._run.state != "pending":
                raise RunError(f"The run is {self._run.state}; stop it first, then value the edited points.")
            new = edited()
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
