"""Statistics of all influences as a run: fit, stream, start, pause, stop, resume, as every other run."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from torch.utils.data import TensorDataset

from ..arguments import flag, text
from ..data.dataset import Dataset
from ..engine.foreground import run_through
from ..engine.gate import Gate
from ..engine.live import Run
from ..engine.records import Progress
from ..engine.run import Loop
from ..engine.stopping import NoStopping, StoppingRule, check_rule
from ..errors import NotFittedError, RunError
from ..valuation.checkpoints import checkpoint_file, receipts_for
from .base import InfluenceFunctionModel, require_model
from .classes import Classes
from .job import ScanJob
from .plan import Plan
from .points import Points
from .reducers import Reducer
from .reducers.choice import checked
from .scan_setup import ScanSetup
from .summary import InfluenceSummary
from .turns import Turns

RESIDENT = (Dataset, TensorDataset)
"""Data whose tiles can be read in any order at no cost."""


class InfluenceStatistics:
    """Statistics of the influences of training points on test points, without the matrix of all pairs.

    Each training point's numbers are exact when its tile is done and NaN before. The gradients of the training points
    are kept in a `GradientStore`, so that a second run, with other statistics or another damping, computes none.

    Args:
        model: an influence model; it is fitted on the training data when the run begins, unless it is already.
        test: test points: a Dataset, a DataLoader, (x, y), ... Labels that are no numbers must, sorted, have the order
            of the model's outputs.
        reducers: what is kept, see `influence.reducers`; by default moments, the 25 % quantile over test points of the
            same label (of all, where there are no classes), and the 20 most helpful and harmful points a test point.
        column: the column that stands for a point's value while the run goes on; by default the first reducer that
            gives quantiles, or the first column of all.
        is_done: a rule that may end the run early, such as `MaxTime(60)`; by default it ends when all is done.
        budget: bytes that the scores and gradients of a tile may take; by default 64 MB, or an eighth of what the test
            points' factors take where that is more.
        path: a folder for the gradient store; None keeps it in memory.
        dtype: precision of the store, see `GradientStore.of`.
        progress: draw a progress bar in `fit`.

    Raises:
        InputTypeError: for a model, reducers, rules, a budget or a path that are none.
        InputError: for two reducers of one name, and a budget below 1.

    Example:
        >>> found = InfluenceStatistics(model, test).fit(train).result  # doctest: +SKIP
        >>> cleaner = train.drop(found.result("quantile").sort()[:100])  # doctest: +SKIP
    """

    algorithm_name = "Influence"
    threshold: float | None = 0.0

    def __init__(
        self,
        model: InfluenceFunctionModel,
        test: Any,
        *,
        reducers: Sequence[Reducer] | None = None,
        column: str | None = None,
        is_done: StoppingRule | None = None,
        budget: int | None = None,
        path: Any = None,
        dtype: Any = None,
        progress: bool = False,
    ) -> None:
        require_model(model)
        self.model, self.test = model, test
        kept = None if reducers is None else checked(reducers)
        self.setup = ScanSetup(model, kept, column, budget, path, dtype)
        self.is_done = NoStopping() if is_done is None else check_rule(is_done)
        self.progress = flag("progress", progress)
        self.turns = Turns()
        self._loop: Loop | None = None
        self._result: Callable[[], InfluenceSummary] | None = None
        self._run: Run | None = None

    # what users call -------------------------------------------------------------------------------------------

    def fit(self, train: Any, checkpoint: Any = None) -> InfluenceStatistics:
        """All of it, here and now; Ctrl-C keeps what was computed in `result`.

        Args:
            train: training points: a Dataset, a DataLoader, (x, y), ...
            checkpoint: a folder; tiles that it holds are not computed again, and finished ones go there.

        Raises:
            InputError, InputTypeError: for models and data that do not go together, or take more memory than is free,
                before any work.
            IdentityError: if the checkpoint belongs to something else.
        """
        run_through(self._prepare(train, checkpoint), self.algorithm_name, progress=self.progress)
        return self

    def stream(self, train: Any, checkpoint: Any = None) -> Iterator[Progress]:
        """The same, frame by frame while the work goes on. Arguments and errors as in `fit`."""
        return self._prepare(train, checkpoint).frames()

    def start(self, train: Any, checkpoint: Any = None) -> Run:
        """Begin in a background thread and return the handle. Arguments and errors as in `fit`."""
        return self.prepare_run(train, checkpoint).start()

    def prepare_run(self, train: Any, checkpoint: Any = None, name: str | None = None) -> Run:
        """As `start`, but the handle's `start()` is left to the caller; its `result` is an `InfluenceSummary`."""
        job, points = self._read(train)
        return self.run_of(job, points, checkpoint, name)

    def plan(self, train: Any) -> Plan:
        """What it will take, in bytes and multiplications; computes the gradients of two samples to know.

        Raises:
            InputError, InputTypeError: for models and data that do not go together.
        """
        return self.setup.plan(self._read(train)[0])

    @property
    def is_fitted(self) -> bool:
        """Whether there are numbers."""
        return self._loop is not None and self._loop.stats is not None

    @property
    def result(self) -> InfluenceSummary:
        """What is known so far, also while running.

        Raises:
            NotFittedError: before `fit`, `stream` or `start`.
        """
        if self._result is None or not self.is_fitted:
            raise NotFittedError("there are no influences yet: call fit(train), or start(train) first.")
        return self._result()

    # how it is put together ------------------------------------------------------------------------------------

    def _prepare(self, train: Any, checkpoint: Any) -> Loop:
        job, points = self._read(train)
        return self._loop_of(job, points, checkpoint)

    def _read(self, train: Any) -> tuple[ScanJob, Points]:
        classes = Classes.of(train, self.test)
        spread = isinstance(train, RESIDENT)
        batches = classes.batches(train), classes.batches(self.test)
        job = self.setup.job(*batches, spread=spread, turns=self.turns)
        return job, Points.of(train, job.n)

    def run_of(self, job: ScanJob, points: Points, checkpoint: Any, name: str | None = None) -> Run:
        """A background run of a job, not started yet.

        Raises:
            RunError: while another run of these statistics goes on.
            IdentityError: if the checkpoint belongs to something else.
            InputError: if the job takes more memory than is free.
        """
        if name is not None:
            text("name", name, "It is what the run is called.")
        loop, result = self._loop_of(job, points, checkpoint), self._result
        assert result is not None  # _loop_of says what it is

        def frames(gate: Gate, on_pause: Callable[[bool], None]) -> Iterator[Progress]:
            loop.gate, loop.on_pause = gate, on_pause
            return loop.frames()

        self._run = Run(
            frames,
            result,
            name=name or self.algorithm_name,
            valuation=self,
            kept=checkpoint is not None,
        )
        return self._run

    def _loop_of(self, job: ScanJob, points: Points, checkpoint: Any) -> Loop:
        self._refuse_while_running()
        path = None if checkpoint is None else checkpoint_file(checkpoint, keeps_utilities=False)
        header = self.setup.header(job, self.is_done)
        receipts = receipts_for(path, header, None, keeps_utilities=False)
        restored = receipts.restore()
        job.restored = 0 if restored is None else restored[0]
        if job.restored < job.total_steps:
            self.setup.plan(job).check()
        loop = Loop(job, self.is_done, receipts=receipts)
        self._loop, setup = loop, self.setup
        self._result = lambda: setup.summary(job, loop, points, header)
        return loop

    def _refuse_while_running(self) -> None:
        if (self._loop is not None and self._loop.active) or (self._run is not None and self._run.alive):
            raise RunError(
                "these statistics are being computed already; stop that run, or make another object."
            )


def influence_statistics(
    model: InfluenceFunctionModel,
    test: Any,
    train: Any,
    *,
    reducers: Sequence[Reducer] | None = None,
    checkpoint: Any = None,
    progress: bool = False,
    **options: Any,
) -> InfluenceSummary:
    """Statistics of the influences of all training points on all test points, in one pass; see `InfluenceStatistics`.

    Args:
        model: an influence model, fitted or not.
        test: test points.
        train: training points.
        reducers: what is kept.
        checkpoint: a folder to resume from.
        progress: draw a progress bar.
        **options: `column`, `is_done`, `budget`, `path`, `dtype` of `InfluenceStatistics`.

    Raises:
        InputError, InputTypeError, IdentityError: as `InfluenceStatistics` and its `fit`.
    """
    statistics = InfluenceStatistics(model, test, reducers=reducers, progress=progress, **options)
    return statistics.fit(train, checkpoint).result
