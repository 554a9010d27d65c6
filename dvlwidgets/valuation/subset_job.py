"""Semivalues as a job of the loop: masks -> utilities -> moments -> values."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..engine.draws import checksum
from ..engine.records import FAILED, TRUNCATED, Estimate, Evaluations, join_evaluations
from ..errors import TooManyFailuresError
from ..utility.bound import BoundUtility, First
from .samplers.plans import BoundSampler
from .samplers.resting import unpacked


@dataclass
class _Stats:
    """What the sampler folds, the ends, and the failures among large subsets.

    `large` counts those of the first round, and later those of steps in which something failed; `large_mask` is the
    first subset of those that failed.
    """

    folded: Any
    first: First
    large: int = 0
    large_failed: int = 0
    large_mask: NDArray[np.bool_] | None = None
    checked: bool = False
    failure: str | None = None


class SubsetJob:
    """A bound utility and a bound sampler."""

    unit = "evaluations"

    def __init__(self, utility: BoundUtility, sampler: BoundSampler) -> None:
        around = getattr(utility, "around", None)  # a learned utility evaluates its budget first
        sampler = sampler if around is None else around(sampler)
        knowing = getattr(sampler, "knowing", None)  # an estimator that learns may use what the utility knows
        sampler = sampler if knowing is None else knowing(utility)
        self.utility, self.sampler = utility, sampler
        self.n = utility.n
        self.round_steps = sampler.round_steps
        # a single point is worth v(N) - v(empty), and no subset is left to draw
        self.total_steps = 0 if self.n == 1 else sampler.total_steps
        # a function of many masks at once may round by the shape of its argument: it gets whole steps
        self.divisible = sampler.divisible and not utility.batched

    def rows(self, step: int) -> int:
        return self.sampler.rows(step)

    def units(self, steps: int) -> int:
        return 0 if self.n == 1 else self.sampler.units(steps)

    def first(self) -> First:
        return self.utility.first()

    def pack(self, first: First) -> Evaluations:
        return Evaluations(np.stack([first.empty, first.full]), np.zeros(2, np.uint8), first.seconds)

    def unpack(self, payload: Evaluations) -> First:
        return First(payload.values[0], payload.values[1], payload.seconds)

    def initial(self, first: First) -> _Stats:
        return _Stats(self.sampler.initial(first), first)

    def plan(self, stats: _Stats) -> Mapping[str, Any]:
        own = getattr(self.sampler, "plan", None)  # adaptive samplers decide from earlier rounds
        ends = {"empty": float(stats.first.empty[0]), "full": float(stats.first.full[0])}
        return ends if own is None else {**ends, **own(stats.folded)}

    def settle(
        self, stats: _Stats, converged: NDArray[np.bool_], recorded: Mapping[str, Any] | None
    ) -> _Stats:
        settle = getattr(self.sampler, "settle", None)  # of samplers that let points rest
        if settle is not None:
            rest = converged if recorded is None else unpacked(recorded.get("rest", ""), self.n)
            stats.folded = settle(stats.folded, rest)
        return stats

    def checksum(self, steps: range, start: int = 0) -> int:
        crc, drawn = start, getattr(self.sampler, "drawn", self.sampler.masks)
        for step in steps:
            crc = checksum(drawn(step), crc)
        return crc

    def task(self, plan: Any, step: int, lo: int, hi: int) -> Evaluations:
        return self.sampler.evaluate(self.utility, plan, step, lo, hi)

    def join(self, payloads: Sequence[Evaluations]) -> Evaluations:
        return payloads[0] if len(payloads) == 1 else join_evaluations(list(payloads))

    def fold(self, stats: _Stats, step: int, payload: Evaluations) -> _Stats:
        stats.folded = self.sampler.fold(stats.folded, step, payload)
        if not stats.checked or (payload.status == FAILED).any():
            drawn = self.sampler.masks(step)[: len(payload.status)]  # a last step may be evaluated in part
            large = (drawn.sum(axis=1) * 2 >= self.n) & (payload.status != TRUNCATED)
            failed = large & (payload.status == FAILED)
            stats.large += int(large.sum())
            stats.large_failed += int(failed.sum())
            if stats.large_mask is None and failed.any():
                stats.large_mask = drawn[failed.argmax()].copy()
        stats.failure = stats.failure or payload.failure
        return stats

    def tally(self, payload: Evaluations) -> tuple[int, int, int]:
        status = payload.status
        return int((status != TRUNCATED).sum()), int((status == FAILED).sum()), payload.warnings

    def check(self, stats: _Stats, rounds: int) -> None:
        """Stop a run whose large subsets mostly fail: its values would be the default score's.

        Raises:
            TooManyFailuresError: after the first round, with the first traceback.
        """
        stats.checked = True
        if rounds == 1 and stats.large_failed > stats.large / 2:
            raise TooManyFailuresError(
                f"{stats.large_failed:,} of {stats.large:,} fits on at least half of the points failed in the "
                "first round, so the values would mean nothing. Make the model fit subsets, or raise the first error "
                "with Utility(..., catch_errors=False), in another checkpoint folder if there is one. "
                f"The first one was:\n{self._why(stats) or stats.failure}"
            )

    def complaint(self, stats: _Stats) -> str:
        """In words, that fits of large subsets failed, where small ones often must; "" if none did."""
        if not stats.large_failed:
            return ""
        told = (self._why(stats) or "").strip().splitlines()
        why = f": {told[-1]}" if told else ""
        return f"{stats.large_failed:,} fits on at least half of the points failed{why}"

    def _why(self, stats: _Stats) -> str | None:
        """The traceback of the first large subset that failed, fitted again; None if it does not fail again.

        The first failure of all says little: walks meet subsets of one class first, which many models refuse.
        """
        return None if stats.large_mask is None else self.utility.evaluate(stats.large_mask[None]).failure

    def estimate(self, stats: _Stats) -> Estimate:
        if self.n == 1:
            value = np.array([float(stats.first.full[0] - stats.first.empty[0])])
            return Estimate(value, np.zeros(1), np.ones(1, np.int64))
        return self.sampler.estimate(stats.folded)

    def ends(self, stats: _Stats) -> tuple[float, float]:
        """v(empty) and v(N)."""
        return float(stats.first.empty[0]), float(stats.first.full[0])

    def exact(self, stats: _Stats) -> bool:
        return self.n == 1 or self.sampler.exact(stats.folded)

    def steps_for_updates(self, updates: int) -> int | None:
        return self.sampler.steps_for_updates(updates)
