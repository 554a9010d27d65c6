"""What belongs to one fit: data, identity, receipts; and the result that they make with the loop."""

from __future__ import annotations

from typing import Any, Protocol

import numpy as np

from ..engine.job import Receipts
from ..engine.newest import Published
from ..engine.records import Provenance
from ..engine.run import Loop
from .replay import Replay, Told
from .result import Status, ValuationResult
from .result_columns import Ends
from .tapes import Tape


class Described(Protocol):
    """What a result says of its method."""

    @property
    def algorithm_name(self) -> str: ...

    @property
    def threshold(self) -> float | None: ...

    @property
    def references(self) -> tuple[str, ...]: ...

    def _efficient(self, n: int) -> bool: ...


class Fitted:
    """What belongs to one fit: data, identity, receipts."""

    def __init__(self, data: Any, header: dict[str, Any], receipts: Receipts, job: Any) -> None:
        self.data, self.header, self.receipts, self.job = data, header, receipts, job

    def result(self, valuation: Described, loop: Loop) -> ValuationResult:
        shown = loop.newest.published  # one look: the run may publish again while we write
        every = np.arange(len(shown.estimate.values))
        result = ValuationResult.from_estimate(
            shown.estimate,
            ids=getattr(self.data, "ids", every),
            names=getattr(self.data, "names", every.astype(str)),
            fingerprint=str(getattr(self.data, "fingerprint", "")),
            algorithm=valuation.algorithm_name,
            status=status_of(loop),
            provenance=self._provenance(valuation, loop, shown),
            threshold=valuation.threshold,
            unit=unit_of(self.job),
            verdict=loop.verdict,
            converged=loop.verdict.converged,
            extra_values=shown.estimate.extra,
            ends=self._ends(valuation, loop),
        )
        result.journal = getattr(self.receipts, "journal", None)
        if result.journal is not None:
            result.replay = self.replay(valuation, [Tape(result.journal, shown.step)])
        return result

    def replay(self, valuation: Described, tapes: list[Tape]) -> Replay:
        """What folds recorded utilities again."""
        utility, words = getattr(valuation, "utility", None), self.header["configuration"]
        told = self._told(valuation)
        return Replay(self.job, tuple(tapes), told, utility, self.data, unit_of(self.job), words)

    def _ends(self, valuation: Described, loop: Loop) -> Ends | None:
        ends = getattr(self.job, "ends", None)
        if ends is None or loop.stats is None:
            return None
        empty, full = ends(loop.stats)
        return Ends(empty, full, self.job.n, valuation._efficient(self.job.n))  # noqa: SLF001 - of this package

    def _told(self, valuation: Described) -> Told:
        return Told(
            valuation.algorithm_name,
            self.header["parts"]["method"],
            valuation._efficient(self.job.n),  # noqa: SLF001 - of this package
            valuation.threshold,
            valuation.references,
        )

    def _provenance(self, valuation: Described, loop: Loop, shown: Published) -> Provenance:
        notes = [*getattr(getattr(self.job, "utility", None), "notes", ())]
        notes += getattr(getattr(self.job, "sampler", None), "notes", ())
        notes += getattr(self.job, "notes", ())
        if loop.ended in ("time", "stop", "interrupt"):
            notes.append(
                f"ended by {loop.ended}, not by its rule: the number of evaluations depends on the machine"
            )
        if shown.tally.failures:
            notes.append(f"{shown.tally.failures:,} fits failed and counted with the default score")
        if shown.tally.warnings:
            notes.append(f"{shown.tally.warnings:,} warnings; the first: {shown.tally.warning}")
        stream = int(getattr(getattr(self.job, "sampler", None), "stream", 0))
        return Provenance(
            algorithm=valuation.algorithm_name,
            seed=int(self.header["seed"]),
            versions=self.header["versions"],
            configuration=self.header["configuration"],
            keys=self.header["keys"],
            seconds=loop.clock.seconds,
            evaluations=shown.tally.done,
            unit=loop.job.unit,
            steps=((stream, 0, shown.step),),
            stopped=loop.verdict.reason,
            notes=tuple(notes),
            references=(
                *valuation.references,
                *getattr(getattr(self.job, "sampler", None), "references", ()),
            ),
        )


def status_of(loop: Loop) -> Status:
    """The result's status from how the loop ended."""
    ends = {
        "rule": Status.Converged,
        "complete": Status.Converged,
        "": Status.Pending,
        "failed": Status.Failed,
    }
    return ends.get(loop.ended, Status.Stopped)


def unit_of(job: Any) -> str:
    """What one unit of a value is: what the job says, or the utility, or points of the first metric."""
    own = getattr(job, "value_unit", None) or getattr(getattr(job, "utility", None), "value_unit", None)
    if own is not None:
        return str(own)
    metrics = getattr(getattr(job, "utility", job), "metrics", ("score",))
    return f"points of {metrics[0]}"
