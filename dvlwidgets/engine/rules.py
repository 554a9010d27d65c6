"""The protocol of stopping rules, and how rules compose: `&` (both), `|` (either), `~` (not).

A rule decides at the end of a round from a `RuleView`; `update(state, view)` returns the next state and a `Verdict`
with the reason in words. Because the state is a value, resuming a run is replaying its rounds.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import InputTypeError
from ..typing import Counts, Values
from .records import Estimate, Verdict


@dataclass(frozen=True)
class RuleView:
    """What a rule may look at: values, standard errors and counts of shape (n,), active seconds, exactness, work done.

    `exact` says that the values are a closed form, complete; then standard errors of 0 are facts. `done` counts units
    of work, evaluations mostly.
    """

    values: Values
    stderr: Values
    counts: Counts
    seconds: float
    exact: bool = False
    done: int = 0

    @property
    def nobody(self) -> NDArray[np.bool_]:
        """No point: what rules that say nothing of single points are content with, shape (n,)."""
        return np.zeros(len(self.values), np.bool_)


class LazyView(RuleView):
    """A view whose estimate is made when a rule looks at it: rules that only count leave it alone.

    Args:
        ask: gives the estimate.
        n: points.
        seconds: as in `RuleView`, like `exact` and `done`.
    """

    def __init__(
        self, ask: Callable[[], Estimate], n: int, *, seconds: float, exact: bool, done: int
    ) -> None:
        for name, value in {"_ask": ask, "_n": n, "seconds": seconds, "exact": exact, "done": done}.items():
            object.__setattr__(self, name, value)

    def __getattr__(self, name: str) -> Any:
        if name not in ("values", "stderr", "counts"):
            raise AttributeError(name)
        estimate = self._ask()
        for each in ("values", "stderr", "counts"):
            object.__setattr__(self, each, getattr(estimate, each))
        return getattr(estimate, name)

    @property
    def nobody(self) -> NDArray[np.bool_]:
        return np.zeros(self._n, np.bool_)

    def at(self, seconds: float) -> LazyView:
        """The same at another time."""
        return LazyView(self._ask, self._n, seconds=seconds, exact=self.exact, done=self.done)


class StoppingRule:
    """Base of all rules; composes with `&` (both), `|` (either) and `~` (not).

    `completion()`, `converged`, `count` and `reset()` are views of the rule's last run.
    """

    _last: Verdict | None
    _count: int

    def init(self, n: int) -> Any:
        """The state before the first round, for n points."""
        return None

    def update(self, state: Any, view: RuleView) -> tuple[Any, Verdict]:
        """The next state and the verdict at the end of a round."""
        raise NotImplementedError

    def max_updates(self) -> int | None:
        """At most so many updates of a point are ever needed, or None."""
        return None

    def max_units(self) -> int | None:
        """At most so many units of work are ever needed, or None."""
        return None

    def deadline(self) -> float | None:
        """Active seconds after which the run may stop between tasks, or None."""
        return None

    def target(self) -> float | None:
        """The certainty that the rule wants, or None; drawn as a line in the panel."""
        return None

    def note(self, verdict: Verdict) -> None:
        """Remember the last verdict for `completion()`, `converged` and `count`."""
        object.__setattr__(self, "_last", verdict)
        object.__setattr__(self, "_count", getattr(self, "_count", 0) + 1)

    def reset(self) -> None:
        """Forget the last run, of the parts of a composed rule too."""
        object.__setattr__(self, "_last", None)
        object.__setattr__(self, "_count", 0)

    def completion(self) -> float:
        """How far the last run got by this rule, from 0 to 1."""
        last = getattr(self, "_last", None)
        return 0.0 if last is None else float(last.completion)

    @property
    def converged(self) -> NDArray[np.bool_]:
        """The points that the rule was content with in its last run, shape (n,); empty before any run."""
        last = getattr(self, "_last", None)
        return np.zeros(0, np.bool_) if last is None else last.converged

    @property
    def count(self) -> int:
        """How often the rule was asked in its last run."""
        return int(getattr(self, "_count", 0))

    def __and__(self, other: StoppingRule) -> StoppingRule:
        return And(self, _rule(other))

    def __or__(self, other: StoppingRule) -> StoppingRule:
        return Or(self, _rule(other))

    def __invert__(self) -> StoppingRule:
        return Not(self)


def _rule(rule: object) -> StoppingRule:
    if not isinstance(rule, StoppingRule):
        raise InputTypeError(
            f"a stopping rule was expected, not {type(rule).__name__}. Use for example "
            "RankCorrelation() | MaxTime(60)."
        )
    return rule


def check_rule(rule: object) -> StoppingRule:
    """The rule itself, or a refusal in words.

    Raises:
        InputTypeError: if it is no stopping rule (a class instead of an instance, for example).
    """
    if isinstance(rule, type) and issubclass(rule, StoppingRule):
        raise InputTypeError(
            f"is_done is the class {rule.__name__}; pass an instance, e.g. {rule.__name__}(...)."
        )
    return _rule(rule)


@dataclass(frozen=True)
class Joined(Verdict):
    """The verdict of a composed rule, with those of its parts."""

    parts: tuple[Verdict, ...] = ()


@dataclass(frozen=True)
class Pair(StoppingRule):
    """Two rules that are asked together; what follows from their verdicts is up to `And` and `Or`."""

    left: StoppingRule
    right: StoppingRule

    def init(self, n: int) -> Any:
        return self.left.init(n), self.right.init(n)

    def update(self, state: Any, view: RuleView) -> tuple[Any, Verdict]:
        (a_state, a), (b_state, b) = self.left.update(state[0], view), self.right.update(state[1], view)
        return (a_state, b_state), self.joined(a, b)

    def joined(self, a: Verdict, b: Verdict) -> Joined:
        """The verdict from the two rules' own."""
        raise NotImplementedError

    def note(self, verdict: Verdict) -> None:
        super().note(verdict)
        if isinstance(verdict, Joined):  # the run's own last word has no parts
            self.left.note(verdict.parts[0])
            self.right.note(verdict.parts[1])

    def target(self) -> float | None:
        left = self.left.target()
        return left if left is not None else self.right.target()

    def reset(self) -> None:
        super().reset()
        self.left.reset()
        self.right.reset()


@dataclass(frozen=True)
class And(Pair):
    """Stops when both rules would."""

    def joined(self, a: Verdict, b: Verdict) -> Joined:
        waiting = [v.reason for v in (a, b) if not v.done] or [a.reason, b.reason]
        completion, converged = min(a.completion, b.completion), a.converged & b.converged
        return Joined(a.done and b.done, completion, converged, " and ".join(waiting), (a, b))

    def max_updates(self) -> int | None:
        a, b = self.left.max_updates(), self.right.max_updates()
        return None if a is None or b is None else max(a, b)

    def max_units(self) -> int | None:
        a, b = self.left.max_units(), self.right.max_units()
        return None if a is None or b is None else max(a, b)

    def deadline(self) -> float | None:
        a, b = self.left.deadline(), self.right.deadline()
        return None if a is None or b is None else max(a, b)


@dataclass(frozen=True)
class Or(Pair):
    """Stops when either rule would."""

    def joined(self, a: Verdict, b: Verdict) -> Joined:
        said = [v.reason for v in (a, b) if v.done] or [a.reason, b.reason]
        completion, converged = max(a.completion, b.completion), a.converged | b.converged
        return Joined(a.done or b.done, completion, converged, ", ".join(said), (a, b))

    def max_updates(self) -> int | None:
        known = [u for u in (self.left.max_updates(), self.right.max_updates()) if u is not None]
        return min(known) if known else None

    def max_units(self) -> int | None:
        known = [u for u in (self.left.max_units(), self.right.max_units()) if u is not None]
        return min(known) if known else None

    def deadline(self) -> float | None:
        known = [d for d in (self.left.deadline(), self.right.deadline()) if d is not None]
        return min(known) if known else None


@dataclass(frozen=True)
class Not(StoppingRule):
    """Stops while the other rule would not."""

    rule: StoppingRule

    def init(self, n: int) -> Any:
        return self.rule.init(n)

    def update(self, state: Any, view: RuleView) -> tuple[Any, Verdict]:
        state, inner = self.rule.update(state, view)
        return state, Joined(
            not inner.done, 1.0 - inner.completion, ~inner.converged, f"not ({inner.reason})", (inner,)
        )

    def note(self, verdict: Verdict) -> None:
        super().note(verdict)
        if isinstance(verdict, Joined):
            self.rule.note(verdict.parts[0])

    def reset(self) -> None:
        super().reset()
        self.rule.reset()
