"""One line of the table that `make bench` prints.

A script of tests/bench that takes part has `rows(small)`, which yields `Row`s as they are measured. `small` is what CI
runs: the same ratios on problems of a second or two.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Row:
    """What was measured, of us and of a reference, in one run on one machine.

    Args:
        what: the case, unique in the whole table, with its sizes.
        ours: our median, seconds (a fit, an evaluation, a whole run: `what` says which), or what `unit` says.
        reference: the reference's median in the same unit; None where the peer is not installed.
        against: the reference, with its version.
        goal: the ratio that is wanted; None where none was set.
        bound: what the arithmetic allows, or why a goal is missed, in words.
        unit: of `ours` and `reference`; "s" is told as ms or us where that suits it.
    """

    what: str
    ours: float
    reference: float | None
    against: str
    goal: float | None = None
    bound: str = ""
    unit: str = "s"

    @property
    def ratio(self) -> float | None:
        """How many times faster than the reference; None where it was not measured."""
        return None if self.reference is None else self.reference / self.ours
