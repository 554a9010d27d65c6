"""The records that flow through the loop: small, frozen, made of arrays.

evaluate -> Evaluations -> journal -> fold -> Estimate -> rule -> Verdict -> Progress -> wire
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..typing import Counts, Status, Utilities, Values

OK, FAILED, TRUNCATED = 0, 1, 2
"""Status codes: scored; fit or score failed (the default score stands in); not fitted, by the sampler's policy."""


@dataclass(frozen=True)
class Evaluations:
    """The scores of a batch of subsets.

    Attributes:
        values: shape (B, m).
        status: shape (B,), one of OK, FAILED, TRUNCATED.
        seconds: processor time is not measured; this is wall time spent on the batch.
        failure: the first failure's traceback as text, or None.
        warnings: how many warnings the fits raised.
        warning: the first warning's text, or None.
    """

    values: Utilities
    status: Status
    seconds: float = 0.0
    failure: str | None = None
    warnings: int = 0
    warning: str | None = None


def join_evaluations(parts: list[Evaluations]) -> Evaluations:
    """Several batches as one, in order."""
    return Evaluations(
        np.concatenate([p.values for p in parts]),
        np.concatenate([p.status for p in parts]),
        sum(p.seconds for p in parts),
        next((p.failure for p in parts if p.failure), None),
        sum(p.warnings for p in parts),
        next((p.warning for p in parts if p.warning), None),
    )


@dataclass(frozen=True)
class Estimate:
    """Values, their standard errors and the number of observations, each of shape (n,); NaN = not known yet.

    The arrays are read-only: rules, frames and results all look at the same ones. `extra` holds the method's own
    words by name: columns with one entry a point, or anything said of all points.
    """

    values: Values
    stderr: Values
    counts: Counts
    extra: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for name in ("values", "stderr", "counts"):
            still = np.asarray(getattr(self, name)).view()
            still.flags.writeable = False
            object.__setattr__(self, name, still)


@dataclass(frozen=True)
class Verdict:
    """What a stopping rule says at the end of a round.

    Attributes:
        done: whether the run may stop.
        completion: from 0 to 1, how far the rule is.
        converged: shape (n,), the points that the rule is content with.
        reason: the same in words, for humans.
    """

    done: bool
    completion: float
    converged: NDArray[np.bool_]
    reason: str


@dataclass(frozen=True)
class Progress:
    """One frame of a run: what a progress bar, a panel or a user's own loop looks at.

    Attributes:
        seq: number of this frame, from 0.
        values: shape (n,), NaN where not known yet.
        stderr: one standard error of each value, shape (n,).
        counts: observations of each point, shape (n,).
        verdict: the stopping rule's last word.
        certainty: certainty of the ranking from 0 to 1 (`engine.stopping.certainty`), or NaN.
        done: units of work done; `unit` says of what.
        total: at most so many units in all, or None when the rule gives no bound.
        unit: "evaluations" or "test points".
        seconds: active seconds, pauses excluded.
        seconds_left: estimated active seconds to the end, or None.
        failures: how many evaluations failed so far.
        warnings: how many warnings the fits raised so far.
        first_failure: the first failure's traceback, or None.
        announcement: what the run will cost, said after one timed fit.
        final: True on the last frame of a run.
    """

    seq: int
    values: Values
    stderr: Values
    counts: Counts
    verdict: Verdict
    certainty: float
    done: int
    total: int | None
    unit: str
    seconds: float
    seconds_left: float | None = None
    failures: int = 0
    warnings: int = 0
    first_failure: str | None = None
    announcement: str = ""
    final: bool = False


@dataclass(frozen=True)
class Provenance:
    """Where a result comes from, so that it can be trusted, repeated and merged.

    Attributes:
        algorithm: the method's name.
        seed: the integer that all draws derive from.
        versions: versions of dvlwidgets, Python and the libraries that decide the bits.
        configuration: method, sampler, rule, model and scorer in words.
        keys: the utility, journal and run keys ("" where the run could not be identified).
        seconds: active seconds.
        evaluations: units of work done.
        unit: what they are, in plural.
        steps: (stream, first, last + 1) ranges that the result rests on.
        stopped: why the run ended, in words.
        notes: what a reader must know: default scores, truncation, not reproducible, stopped by time.
        references: the papers behind the method.
    """

    algorithm: str = ""
    seed: int = 0
    versions: dict[str, str] = field(default_factory=dict)
    configuration: dict[str, str] = field(default_factory=dict)
    keys: dict[str, str] = field(default_factory=dict)
    seconds: float = 0.0
    evaluations: int = 0
    steps: tuple[tuple[int, int, int], ...] = ()
    stopped: str = ""
    notes: tuple[str, ...] = ()
    references: tuple[str, ...] = ()
    unit: str = "evaluations"
