"""Runs and results, read into the records that a page shows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray

from dvlwidgets.engine.records import Provenance
from dvlwidgets.widgets.answered import traceback_of, with_type
from dvlwidgets.widgets.snapshot import Points, Status

if TYPE_CHECKING:
    from dvlwidgets.engine.live import Run


def status_of(valuation: Any, run: Run, pending: Literal["pause", "resume", "stop"] | None) -> Status:
    """The toolbar's line.

    Args:
        valuation: the method.
        run: its run.
        pending: what was asked of the run and is not reached yet.
    """
    common: dict[str, Any] = {
        "state": run.state,
        "pending": pending,
        "target": valuation.is_done.target(),
        "threshold": valuation.threshold if run.progress is None else between(valuation, run.progress.values),
        "unit_of_value": _unit(valuation),
    }
    if run.error is not None:
        common["error"], common["failure"] = with_type(run.error), traceback_of(run.error)
    progress = run.progress
    if progress is None:
        return Status(**common)
    common["failure"] = progress.first_failure or common.get("failure")
    return Status(
        **common,
        done=progress.done,
        total=progress.total,
        unit=progress.unit,
        seconds=progress.seconds,
        left=progress.seconds_left,
        certainty=progress.certainty,
        completion=progress.verdict.completion,
        reason=progress.verdict.reason,
        failures=progress.failures,
        warnings=progress.warnings,
        announcement=progress.announcement,
    )


def finished(result: Any) -> Status:
    """The line above values that no run is behind any more: those of a `ValuationResult`."""
    origin = result.provenance or Provenance()
    return Status(
        state="finished",
        done=origin.evaluations,
        unit=origin.unit,
        seconds=origin.seconds,
        reason=origin.stopped,
        certainty=result.certainty,
        completion=1.0,
        threshold=between(result, result.values),
        unit_of_value=result.unit,
    )


def between(of: Any, values: NDArray[np.float64]) -> float | None:
    """Where the colours of values change: at the threshold of a method or result, else at 0 if it lies between values.

    Without a threshold 0 does not separate what helps from what hurts, but it is where the bars begin.
    """
    threshold: float | None = of.threshold
    return 0.0 if threshold is None and np.any(values < 0) and np.any(values > 0) else threshold


def points_of(result: Any, n: int) -> Points:
    """The points of a `ValuationResult`, which may be sorted or a part: each at its position."""
    values, stderr = np.full(n, np.nan), np.full(n, np.nan)
    counts = np.zeros(n, dtype=np.int64)
    values[result.indices], stderr[result.indices] = result.values, result.stderr
    counts[result.indices] = result.counts
    converged = np.zeros(n, dtype=np.uint8)
    converged[result.indices] = False if result.converged is None else result.converged
    return Points.of(values, stderr, counts, converged)


def _unit(valuation: Any) -> str:
    scorer = getattr(getattr(valuation, "utility", None), "scorer", None)
    metrics = getattr(scorer, "names", None) or ("score",)
    return f"points of {metrics[0]}"
