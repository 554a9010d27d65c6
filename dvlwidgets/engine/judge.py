"""What a run stops by: its rule, which is asked at round ends, and what that said last."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from .records import Verdict
from .rules import LazyView, StoppingRule


class Judge:
    """Asks a rule, and takes another one where somebody wants that.

    Args:
        rule: to begin with.
        n: number of points.

    Attributes:
        rule: that is asked now.
        verdict: its last word.
    """

    def __init__(self, rule: StoppingRule, n: int) -> None:
        self.rule, self._n = rule, n
        nobody = np.zeros(n, np.bool_)
        self.verdict = Verdict(False, 0.0, nobody, "first round: whether to stop is asked at its end")
        self._state: Any = None
        self._asked_at = -1
        self._next: StoppingRule | None = None

    def begin(self) -> None:
        """The run begins."""
        self.rule.reset()
        self._state = self.rule.init(self._n)

    def change(self, rule: StoppingRule) -> None:
        """Another rule from the next `take` on; from any thread."""
        self._next = rule

    def take(self) -> None:
        """The rule that somebody wants, if so, is the one from now on."""
        rule, self._next = self._next, None
        if rule is not None:
            self.rule = rule
            self.begin()

    def late(self, seconds: float) -> bool:
        """Whether the time limit is over after so many active seconds."""
        self.take()
        deadline = self.rule.deadline()
        return deadline is not None and seconds >= deadline

    def asks(self, step: int, view: LazyView) -> str:
        """The rule's word at a round end: "rule" or "time" where the run ends here, else empty.

        It is "time" where the rule would not have ended it without its time limit.
        """
        limited = self.late(view.seconds) and not self.rule.update(self._state, view.at(0.0))[1].done
        self._state, self.verdict = self.rule.update(self._state, view)
        self._asked_at = step
        self.rule.note(self.verdict)
        return ("time" if limited else "rule") if self.verdict.done else ""

    def complete(self) -> None:
        """There is no more work."""
        reason = "complete: everything was evaluated"
        self.verdict = Verdict(True, 1.0, np.ones(self._n, np.bool_), reason)
        self.rule.note(self.verdict)

    def cut(self, ended: str, step: int, view: Callable[[], LazyView]) -> None:
        """Time or a hand ended the run between round ends: what the rule sees there, under that reason."""
        why = "stopped by time" if ended == "time" else "stopped by hand"
        fresh = self._asked_at != step  # since the last round end
        last = self.rule.update(self._state, view())[1] if fresh else self.verdict
        reason = last.reason if last.reason.startswith(why) else f"{why}: {last.reason}"
        self.verdict = Verdict(True, last.completion, last.converged, reason)
        self.rule.note(self.verdict)

    def broken_off(self, reason: str) -> None:
        """The run ended without a word of the rule."""
        self.verdict = Verdict(False, self.verdict.completion, self.verdict.converged, reason)
