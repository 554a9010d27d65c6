"""The shell of every method: fit, stream, start, result.

A method says what its job is and how it is identified; the loop, the journal, the workers and the background run are
the same for all.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from ..arguments import flag, text
from ..engine.checkpoint import StateReceipts
from ..engine.draws import resolve_seed
from ..engine.foreground import run_through
from ..engine.gate import Gate
from ..engine.identity import make_header
from ..engine.job import Job, NoReceipts
from ..engine.journal import Journal
from ..engine.journal_records import read_header
from ..engine.live import Run
from ..engine.parallel import Workers
from ..engine.records import Progress
from ..engine.run import Loop
from ..engine.stopping import NoStopping, StoppingRule, check_rule
from ..errors import NotFittedError, RunError, UnhashableError
from .checkpoints import check_goes_with, checkpoint_file, journal_of, receipts_for, saved_checkpoint
from .fitted import Fitted
from .merging import merged, sources_of, tapes_of
from .result import ValuationResult
from .reweight import reweighted


class Valuation:
    """Base of all methods; subclasses give `_job`, `_parts` and `_configuration`.

    Attributes:
        algorithm_name: the method's name.
        threshold: the value that separates helpful from harmful points, or None if there is none.
        references: the papers behind the method.
    """

    algorithm_name = "Valuation"
    threshold: float | None = 0.0
    references: tuple[str, ...] = ()
    keeps_utilities = True

    def __init__(self, utility: Any, is_done: StoppingRule | None, *, progress: bool = False) -> None:
        self.utility = utility
        self.is_done = NoStopping() if is_done is None else check_rule(is_done)
        self.progress = flag("progress", progress)
        self._loop: Loop | None = None
        self._fitted: Fitted | None = None
        self._run: Run | None = None

    # what methods say ------------------------------------------------------------------------------------------

    def _job(self, data: Any, seed: int) -> Job:
        """The work on a data set."""
        raise NotImplementedError

    def _parts(self, data: Any, job: Any) -> tuple[dict[str, str], dict[str, Any]]:
        """(hashes of what is evaluated, what decides the draws)."""
        raise NotImplementedError

    def _seed(self) -> int | None:
        """The user's seed."""
        return None

    def _method(self, n: int) -> str:
        """Name and parameters of the method on n points, for the run's key."""
        return type(self).__name__

    def _efficient(self, n: int) -> bool:
        """Whether the method's exact values of n points sum to v(N) - v(empty)."""
        return False

    def _configuration(self) -> dict[str, str]:
        """The method in words."""
        return {"method": repr(self), "rule": repr(self.is_done)}

    # what users call -------------------------------------------------------------------------------------------

    def fit(self, data: Any, continue_from: ValuationResult | None = None, checkpoint: Any = None) -> Any:
        """Value `data` and return self; Ctrl-C keeps what was computed in `result`.

        Args:
            data: a Dataset.
            continue_from: a result of this valuation on the same data: its fits are not done again. A result that was
                loaded from a file goes on with the `checkpoint` of its run.
            checkpoint: a folder; what it holds is not done again, and every finished task goes there.

        Raises:
            InputError, InputTypeError: before any work, for data that do not go with the method.
            FirstFitError: if the model cannot be fitted on all data and scored.
            IdentityError: if the checkpoint belongs to something else.
        """
        loop = self._prepare(data, checkpoint, Gate(), continue_from)
        run_through(loop, self.algorithm_name, progress=self.progress)
        self._say_warnings(loop)
        return self

    def stream(self, data: Any, checkpoint: Any = None) -> Iterator[Progress]:
        """The loop itself: yields `Progress` while the work goes on. Arguments and errors as in `fit`."""
        loop = self._prepare(data, checkpoint, Gate())
        loop.lift = True
        return loop.frames()

    def start(self, data: Any, checkpoint: Any = None) -> Run:
        """Begin in a background thread and return the handle. Arguments and errors as in `fit`."""
        return self.prepare_run(data, checkpoint).start()

    def prepare_run(self, data: Any, checkpoint: Any = None, name: str | None = None) -> Run:
        """As `start`, but the handle's `start()` is left to the caller. Bad input is refused here."""
        if name is not None:
            text("name", name, "It is what the run is called.")
        loop = self._prepare(data, checkpoint, Gate())
        fitted: Any = self._fitted

        def frames(gate: Gate, on_pause: Callable[[bool], None]) -> Iterator[Progress]:
            if self._loop is not loop:
                self._refuse_while_running()
            self._loop, self._fitted, self._run = (
                loop,
                fitted,
                run,
            )  # another run may have been prepared since
            loop.gate, loop.on_pause = gate, on_pause
            return loop.frames()

        def change_rule(rule: StoppingRule) -> None:
            self.is_done = rule
            fitted.header["configuration"] = {**fitted.header["configuration"], **self._configuration()}
            loop.change_rule(rule)

        # work with an end of its own, which no rule was given for
        complete = loop.job.total_steps is not None and isinstance(self.is_done, NoStopping)
        run = Run(
            frames,
            lambda: fitted.result(self, loop),
            name=name or self.algorithm_name,
            valuation=self,
            change_rule=None if complete else change_rule,
            kept=checkpoint is not None,
        )
        self._run = run
        return run

    def run_on(self, data: Any) -> Run | None:
        """The background run that values these very points now; None where there is none."""
        run, fitted = self._run, self._fitted
        if run is None or fitted is None or not run.alive:
            return None
        return run if getattr(fitted.data, "fingerprint", None) == data.fingerprint else None

    @property
    def is_fitted(self) -> bool:
        """Whether there are values."""
        return self._loop is not None and self._loop.stats is not None

    @property
    def result(self) -> ValuationResult:
        """The newest values, also while running: a new object over read-only arrays.

        Raises:
            NotFittedError: before `fit`, `stream` or `start`.
        """
        if self._loop is None or self._fitted is None or self._loop.stats is None:
            raise NotFittedError(
                f"{self.algorithm_name} has no values yet. Call fit(data), or start(data) first."
            )
        return self._fitted.result(self, self._loop)

    def values(self, sort: bool = False) -> ValuationResult:
        """As `result`; with `sort`, lowest first."""
        result = self.result
        return result.sort() if sort else result

    def reweight(self, method: Any = None, **parameters: Any) -> ValuationResult:
        """The values of another method from the utilities of this run, without a fit.

        Args:
            method: "Shapley", "Banzhaf", "Beta(4, 1)", "Leave-one-out", a class (`BanzhafValuation`), or an object.
            **parameters: of a class, e.g. `alpha=4, beta=1`; or `law=`, a size law as in `SemivalueValuation`.

        Returns:
            A result with the provenance of this run; `reweightable(valuation)` says beforehand what is possible.

        Raises:
            NotFittedError: before `fit`, `stream` or `start`.
            InputError: if these utilities cannot tell, with the reason and the variance inflation.
        """
        return reweighted(self.result, method, parameters)

    def save_checkpoint(self, folder: Any) -> Path:
        """Writes the utilities so far to a folder, also while running; `fit(data, checkpoint=folder)` goes on.

        Args:
            folder: a new one, or one that holds a checkpoint of this very run, which is replaced.

        Returns:
            The file written.

        Raises:
            NotFittedError: before `fit`, `stream` or `start`.
            InputError: the method keeps no utilities, or the folder cannot be written or is another run's.
        """
        return saved_checkpoint(self.result, folder)

    def merge(self, sources: Any, data: Any = None) -> ValuationResult:
        """The values that the recorded utilities of several runs give together; see `merge_journals`.

        Args:
            sources: checkpoint folders and results of this session, with any seeds, all of this valuation's utility
                and draws; a result of this valuation itself is not added on its own.
            data: the data set; by default that of the last fit.

        Raises:
            NotFittedError: without data, before any fit.
            IdentityError: if a journal is of something else, naming what differs.
            InputError: if a folder has no journal.
        """
        several = sources_of(sources)
        if data is None:
            data = None if self._fitted is None else self._fitted.data
        if data is None:
            raise NotFittedError(
                "merge needs to know the data: pass merge(sources, data), or call fit(data) first."
            )
        job = self._job(data, self._seed() or 0)
        header = self._header(data, job, self._seed() or 0, needed=True)
        tapes = [tape for source in several for tape in tapes_of(source, header)]
        return merged(Fitted(data, header, NoReceipts(), job).replay(self, tapes), tapes)

    # how it is put together ------------------------------------------------------------------------------------

    def _prepare(self, data: Any, checkpoint: Any, gate: Gate, continue_from: Any = None) -> Loop:
        self._refuse_while_running()
        path = None if checkpoint is None else checkpoint_file(checkpoint, self.keeps_utilities)
        earlier = None
        if path is not None and continue_from is not None:
            check_goes_with(continue_from, path)
        else:
            earlier = journal_of(continue_from)
        seed = self._resolved_seed(path, earlier)
        job = self._job(data, seed)
        header = self._header(data, job, seed, needed=path is not None or earlier is not None)
        receipts = receipts_for(path, header, earlier, keeps_utilities=self.keeps_utilities)
        self._loop = Loop(job, self.is_done, workers=Workers.capture(), receipts=receipts, gate=gate)
        self._fitted = Fitted(data, header, receipts, job)
        return self._loop

    def _refuse_while_running(self) -> None:
        # a run that was started a moment ago may not have reached its loop
        if (self._loop is not None and self._loop.active) or (self._run is not None and self._run.alive):
            raise RunError(
                f"this {self.algorithm_name} is running already; stop that run, or make another object."
            )

    def _resolved_seed(self, path: Path | None, earlier: Journal | None) -> int:
        given = self._seed()
        if given is None and earlier is not None:
            return int(earlier.header["seed"])
        if given is None and path is not None and path.exists():
            recorded = read_header(path) if self.keeps_utilities else StateReceipts(path, {}).header
            if "seed" in recorded:
                return int(recorded["seed"])
        return resolve_seed(given)

    def _header(self, data: Any, job: Any, seed: int, *, needed: bool) -> dict[str, Any]:
        try:
            parts, draws = self._parts(data, job)
        except UnhashableError:
            if needed:
                raise
            parts, draws = {}, {}
        return make_header(parts, draws, self._method(len(data)), seed, self._configuration())

    def _say_warnings(self, loop: Loop) -> None:
        if not (getattr(self, "show_warnings", True) and getattr(self.utility, "show_warnings", False)):
            return
        if loop.tally.warnings:
            warnings.warn(
                f"{loop.tally.warnings:,} warnings in {loop.tally.done:,} fits; the first: {loop.tally.warning}",
                UserWarning,
                stacklevel=3,
            )
        complaint: Any = getattr(loop.job, "complaint", None)
        said = complaint(loop.stats) if loop.tally.failures and complaint is not None else ""
        if said:
            text = f"of {loop.tally.done:,} fits, {said}. Such a fit counts with the default score."
            warnings.warn(text, UserWarning, stacklevel=3)
