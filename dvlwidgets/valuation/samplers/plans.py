"""The protocol of samplers: what a semivalue method asks of one, once n and the size law are known."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

from ...engine.records import Estimate, Evaluations
from ...typing import Masks, SizeLaw
from ...utility.bound import BoundUtility, First


class BoundSampler(Protocol):
    """A sampler with its size law, number of points and seed: draws steps and folds what comes back.

    Attributes:
        n: points.
        stream: the stream of its draws.
        round_steps: steps a round.
        total_steps: all there are, or None when it never ends.
        divisible: whether a step may be cut into row ranges.
        notes: what a reader of the values must know.
        references: papers.
    """

    @property
    def n(self) -> int: ...

    @property
    def stream(self) -> int: ...

    @property
    def round_steps(self) -> int: ...

    @property
    def total_steps(self) -> int | None: ...

    @property
    def divisible(self) -> bool: ...

    @property
    def notes(self) -> tuple[str, ...]: ...

    @property
    def references(self) -> tuple[str, ...]: ...

    def rows(self, step: int) -> int:
        """Evaluations in a step."""
        ...

    def masks(self, step: int) -> Masks:
        """The subsets of a step, shape (rows, n)."""
        ...

    def evaluate(
        self, utility: BoundUtility, plan: Mapping[str, Any], step: int, lo: int, hi: int
    ) -> Evaluations:
        """Utilities of rows `lo:hi` of a step."""
        ...

    def initial(self, first: First) -> Any:
        """Statistics before the first step."""
        ...

    def fold(self, stats: Any, step: int, evaluations: Evaluations) -> Any:
        """Statistics with one more step; the caller gives `stats` away."""
        ...

    def estimate(self, stats: Any) -> Estimate:
        """Values, standard errors, counts."""
        ...

    def exact(self, stats: Any) -> bool:
        """Whether the estimate is complete and exact."""
        ...

    def steps_for_updates(self, updates: int) -> int | None:
        """Steps that give every point so many updates, if certain."""
        ...

    def units(self, steps: int) -> int:
        """Evaluations in the first so many steps."""
        ...

    def identity(self) -> dict[str, Any]:
        """Draw law and step size: what makes two journals comparable."""
        ...


class Sampler(Protocol):
    """The user's object: configuration only."""

    @property
    def seed(self) -> int | None: ...

    def bind(self, n: int, law: SizeLaw, seed: int, method: str) -> BoundSampler:
        """Draws for n points and a semivalue's size law; refuses pairs that can never be right."""
        ...
