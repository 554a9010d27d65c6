"""What belongs to one fit: data, identity, receipts; and the result that they make with the loop."""

from __future__ import annotations

from typing import Any, Protocol

import numpy as np

from ..engine.job import Receipts
from ..engine.records import Provenance
from ..engine.run import Loop
from .result import Status, ValuationResult


class Described(Protocol):
    """What a result says of its method."""

    @property
    def algorithm_name(self) -> str: ...

    @property
    def threshold(self) -> float | None: ...

    @property
    def references(self) -> tuple[str, ...]: ...


class Fitted:
    """What belongs to one fit: data, identity, receipts."""

    def __init__(self, data: Any, header: dict[str, Any], receipts: Receipts, job: Any) -> None:
        self.data, self.header, self.receipts, self.job = data, header, receipts, job

    def result(self, valuation: Described, loop: Loop) -> ValuationResult:
        every = np.arange(len(loop.estimate.values))
        result = ValuationResult.from_estimate(
            loop.estimate,
            ids=getattr(self.data, "ids", every),
            names=getattr(self.data, "names", every.astype(str)),
            fingerprint=str(getattr(self.data, "fingerprint", "")),
            algorithm=valuation.algorithm_name,
            status=status_of(loop),
            provenance=self._provenance(valuation, loop),
            threshold=valuation.threshold,
            unit=unit_of(self.job),
            verdict=loop.verdict,
            converged=loop.verdict.converged,
        )
        result.journal = getattr(self.receipts, "journal", None)
        return result

    def _provenance(self, valuation: Described, loop: Loop) -> Provenance:
        notes = [*getattr(getattr(self.job, "utility", None), "notes", ())]
        notes += getattr(getattr(self.job, "sampler", None), "notes", ())
        if loop.ended in ("time", "stop", "interrupt"):
            notes.append(
                f"ended by {loop.ended}, not by its rule: the number of evaluations depends on the machine"
            )
        if loop.tally.failures:
            notes.append(f"{loop.tally.failures:,} fits failed and counted with the default score")
        if loop.tally.warnings:
            notes.append(f"{loop.tally.warnings:,} warnings; the first: {loop.tally.warning}")
        stream = int(getattr(getattr(self.job, "sampler", None), "stream", 0))
        return Provenance(
            algorithm=valuation.algorithm_name,
            seed=int(self.header["seed"]),
            versions=self.header["versions"],
            configuration=self.header["configuration"],
            keys=self.header["keys"],
            seconds=loop.clock.seconds,
            evaluations=loop.tally.done,
            steps=((stream, 0, loop.step),),
            stopped=loop.verdict.reason,
            notes=tuple(notes),
            references=(
                *valuation.references,
                *getattr(getattr(self.job, "sampler", None), "references", ()),
            ),
        )


def status_of(loop: Loop) -> Status:
    """The result's status from how the loop ended."""
    ends = {"rule": Status.Converged, "complete": Status.Converged, "": Status.Pending}
    return ends.get(loop.ended, Status.Stopped)


def unit_of(job: Any) -> str:
    """What one unit of a value is."""
    metrics = getattr(getattr(job, "utility", job), "metrics", ("score",))
    return f"points of {metrics[0]}"
