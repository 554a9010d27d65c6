"""Rules that look back at earlier rounds: a rolling record of the values, and how far they moved."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..arguments import flag, number, whole
from ..errors import InputError
from ..typing import Values
from .records import Verdict
from .rules import RuleView, StoppingRule


@dataclass(frozen=True)
class Remembering(Verdict):
    """A verdict with the values of earlier checks, oldest first, shape (k, n)."""

    values: NDArray[np.float64] = field(default_factory=lambda: np.zeros((0, 0)))


@dataclass(frozen=True)
class History(StoppingRule):
    """Never stops; keeps the values of the last `n_steps` checks (once a round) for you to look at.

    `history.values` has shape (k, n), oldest first; `history[-1]` are the newest values. Compose it:
    `MaxUpdates(1000) | History(50)`.

    Args:
        n_steps: how many checks are kept.
        skip_steps: the first so many checks are not.

    Raises:
        InputError: unless n_steps is at least 1 and skip_steps at least 0.
    """

    n_steps: int
    skip_steps: int = 0

    def __post_init__(self) -> None:
        whole(
            "n_steps of History",
            self.n_steps,
            1,
            "It is how many checks are kept: History(100), for example.",
        )
        whole("skip_steps of History", self.skip_steps, 0, "It is how many checks are left out at first.")

    def init(self, n: int) -> tuple[int, tuple[Values, ...]]:
        return 0, ()

    def update(
        self, state: tuple[int, tuple[Values, ...]], view: RuleView
    ) -> tuple[tuple[int, tuple[Values, ...]], Verdict]:
        checks, kept = state[0] + 1, state[1]
        if checks > self.skip_steps:
            kept = (*kept, view.values.copy())[-self.n_steps :]
        values = np.array(kept).reshape(len(kept), len(view.values))
        values.flags.writeable = False
        reason = f"keeps the values of {len(kept):,} checks"
        return (checks, kept), Remembering(False, 0.0, view.nobody, reason, values)

    def note(self, verdict: Verdict) -> None:
        super().note(verdict)
        if isinstance(verdict, Remembering):  # the run's own last word remembers nothing
            object.__setattr__(self, "_values", verdict.values)

    def reset(self) -> None:
        super().reset()
        object.__setattr__(self, "_values", None)

    @property
    def values(self) -> NDArray[np.float64]:
        """Values of the last run's checks, oldest first, shape (k, n); (0, 0) before any."""
        values: NDArray[np.float64] | None = getattr(self, "_values", None)
        return np.zeros((0, 0)) if values is None else values

    def __getitem__(self, at: Any) -> NDArray[np.float64]:
        found: NDArray[np.float64] = self.values[at]
        return found

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> NDArray[Any]:
        return np.array(self.values, dtype) if copy is not False else np.asarray(self.values, dtype)


class Lookback(NamedTuple):
    """Values of the last checks, oldest first, and the points that were settled before."""

    past: tuple[Values, ...] = ()
    pinned: NDArray[np.bool_] | None = None


@dataclass(frozen=True)
class HistoryDeviation(StoppingRule):
    """Stops when every value moved by at most `rtol`, relatively, over the last `n_steps` checks (once a round).

    A value that is 0 now must have been within rtol of 0 then. This looks at changes, not at errors: means of many
    observations move little whether or not their ranking is right, so pure noise stops it. It is here to repeat
    published experiments; prefer RankCorrelation.

    Args:
        n_steps: compare with the values so many checks ago.
        rtol: relative change allowed, above 0.
        pin_converged: a point that was settled once stays so; otherwise all must be at the same time.

    Raises:
        InputError: unless n_steps is at least 1 and rtol above 0.

    References:
        Ghorbani & Zou, Data Shapley (ICML 2019), who compare with 100 permutations ago at a mean change of 5 %.
    """

    n_steps: int
    rtol: float
    pin_converged: bool = True

    def __post_init__(self) -> None:
        whole("n_steps of HistoryDeviation", self.n_steps, 1, "HistoryDeviation(10, 0.05), for example.")
        hint = "0.05 is a change of 5 %."
        if not number("rtol of HistoryDeviation", self.rtol, hint) > 0:
            raise InputError(f"HistoryDeviation needs rtol above 0, not {self.rtol}. {hint}")
        flag("pin_converged", self.pin_converged)

    def init(self, n: int) -> Lookback:
        return Lookback()

    def update(self, state: Lookback, view: RuleView) -> tuple[Lookback, Verdict]:
        past = (*state.past, view.values.copy())[-self.n_steps - 1 :]
        settled = view.nobody
        if len(past) > self.n_steps:
            settled = self._still(past[0], view.values)
        if self.pin_converged and state.pinned is not None:
            settled = settled | state.pinned
        share = float(settled.mean()) if len(settled) else 1.0
        reason = f"{share:.0%} of the values moved by at most {self.rtol:.2g} in {self.n_steps:,} checks"
        if len(past) <= self.n_steps:
            reason = f"warming up: {len(past):,} of {self.n_steps + 1:,} checks"
        done = share >= 1.0 and len(past) > self.n_steps
        return Lookback(past, settled if self.pin_converged else None), Verdict(done, share, settled, reason)

    def _still(self, then: Values, now: Values) -> NDArray[np.bool_]:
        """The points that moved little; unknown values (NaN) did not."""
        with np.errstate(invalid="ignore"):
            scale = np.where(now == 0.0, 1.0, np.abs(now))
            still: NDArray[np.bool_] = np.abs(now - then) <= self.rtol * scale
        return still
