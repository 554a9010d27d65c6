"""Walks along each class among random points of the other classes.

With a random subset of the other classes as environment, the marginals along a random order of a class are an
unbiased draw of its points' classwise values; a step is one such draw for every class, so steps are independent and
their spread gives the standard error, of the environments too.
Schoch, Xu & Ji, CS-Shapley (NeurIPS 2022), algorithm 1.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import comb

from ...engine.draws import (
    CLASS_WALKS,
    OTHER_CLASSES,
    Memo,
    sizes_from_law,
    subsets_of_sizes,
    words,
)
from ...engine.moments import Moments, add
from ...engine.records import TRUNCATED, Estimate, Evaluations, join_evaluations
from ...typing import DrawLaw, Masks
from ...utility.bound import BoundUtility, First
from ..semivalue import banzhaf_law
from .classwise_sums import ClassSums
from .truncation import NoTruncation, Truncation

REFERENCE = "Schoch, Xu & Ji, CS-Shapley: class-wise Shapley values for data valuation in classification, NeurIPS 2022"

FIXED = "classwise subsets are drawn for one class at a time, so they say nothing of another method's values"


@dataclass(frozen=True)
class Environments:
    """Uniform subsets of the points in which every class has at least so many points, or all that it has.

    The subset without class c is a uniform subset of the other classes under the same condition: classes are drawn
    independently, each with the binomial law of sizes cut off below.
    """

    codes: NDArray[np.intp]
    k: int
    seed: int
    least: int
    classes: tuple[NDArray[np.intp], ...] = field(init=False, repr=False, compare=False)
    laws: tuple[DrawLaw, ...] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        points = tuple(np.flatnonzero(self.codes == c) for c in range(self.k))
        object.__setattr__(self, "classes", points)
        object.__setattr__(self, "laws", tuple(self.law(len(at)) for at in points))

    def draw(self, step: int) -> NDArray[np.bool_]:
        """The subset of a step, shape (n,)."""
        n = len(self.codes)
        raw = words(self.seed, OTHER_CLASSES, step, self.k + n)
        chosen = np.zeros(n, np.bool_)
        for c, points in enumerate(self.classes):
            size = sizes_from_law(raw[c : c + 1], self.laws[c])
            chosen[points] = subsets_of_sizes(raw[self.k + points][None, :], size)[0]
        return chosen

    def law(self, size: int) -> DrawLaw:
        """The law of the number of points that a class of this size gives."""
        law = banzhaf_law(size + 1)
        law[: min(self.least, size)] = 0.0
        law /= law.sum()
        return law


@dataclass(frozen=True)
class ClassStats:
    """Moments over steps of the points' values (n,) and of what a class sums to.

    Attributes:
        moments: of each point's value in a step.
        sums: the classes' sums, and how points vary with them.
    """

    moments: Moments
    sums: ClassSums


@dataclass(frozen=True)
class ClasswiseWalks:
    """Steps of one environment and, for every class, some walks (or all subsets of the class) in it.

    `kind` is "random", "antithetic" (walks and their reverses) or "all" (every subset of the class).

    Attributes:
        sizes: points of each class, (k,).
        blocks: rows of a step for each class, (k,).
    """

    environments: Environments
    seed: int
    kind: str = "random"
    walks: int = 1
    truncation: Truncation = field(default_factory=NoTruncation)
    normalize: bool = True
    stream: int = CLASS_WALKS
    total_steps: int | None = None
    references: tuple[str, ...] = (REFERENCE,)
    fixed_reason: str = FIXED
    memo: Memo = field(init=False, repr=False, compare=False, default_factory=Memo)
    places: Memo = field(init=False, repr=False, compare=False, default_factory=Memo)
    sizes: NDArray[np.intp] = field(init=False, repr=False, compare=False)
    blocks: NDArray[np.intp] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        sizes = np.array([len(points) for points in self.environments.classes])
        object.__setattr__(self, "sizes", sizes)
        object.__setattr__(self, "blocks", 2**sizes if self.kind == "all" else self.walks * (sizes + 1))

    @property
    def codes(self) -> NDArray[np.intp]:
        """The class of each point, (n,)."""
        return self.environments.codes

    @property
    def n(self) -> int:
        return len(self.codes)

    @property
    def round_steps(self) -> int:
        return 4 if self.kind == "antithetic" else 8

    @property
    def divisible(self) -> bool:
        return self.truncation.never

    @property
    def notes(self) -> tuple[str, ...]:
        said = [normalized_note()] if self.normalize else []
        if not self.truncation.never:
            said.append(f"walks are cut short by {self.truncation!r}: values are biased")
        return tuple(said)

    def rows(self, step: int) -> int:
        return int(self.blocks.sum())

    def units(self, steps: int) -> int:
        return steps * int(self.blocks.sum())

    def orders(self, step: int) -> NDArray[np.intp]:
        """The walks of a step over all points, shape (walks, n): a class is walked in the order of its points."""
        return self.places.get(step, self._orders)

    def _orders(self, step: int) -> NDArray[np.intp]:
        fresh = self.walks // 2 if self.kind == "antithetic" else self.walks
        raw = words(self.seed, self.stream, step, fresh * self.n).reshape(fresh, self.n)
        orders = np.argsort(raw, axis=1, kind="stable")
        return np.concatenate([orders, orders[:, ::-1]]) if self.kind == "antithetic" else orders

    def masks(self, step: int) -> Masks:
        """Class after class, walk after walk: the environment, and 0, 1, ... all points of the class."""
        return self.memo.get(step, self._masks)

    def _masks(self, step: int) -> Masks:
        environment = self.environments.draw(step)
        masks = np.repeat(environment[None, :], self.rows(step), axis=0)
        at = 0
        for points, rows in zip(self.environments.classes, self.blocks.tolist(), strict=True):
            masks[at : at + rows, points] = self._inside(step, points)
            at += rows
        return masks

    def _inside(self, step: int, points: NDArray[np.intp]) -> Masks:
        """Which points of a class are in, shape (rows, points of the class)."""
        m = len(points)
        if self.kind == "all":
            inside: Masks = (np.arange(2**m)[:, None] >> np.arange(m)) & 1 == 1
            return inside
        place = np.argsort(self._walked(step, points), axis=1, kind="stable")
        return (place[:, None, :] < np.arange(m + 1)[None, :, None]).reshape(-1, m)

    def _walked(self, step: int, points: NDArray[np.intp]) -> NDArray[np.intp]:
        """The walks along a class, shape (walks, m), as positions among its points."""
        orders = self.orders(step)
        own = self.codes[orders] == self.codes[points[0]]
        walked: NDArray[np.intp] = orders[own].reshape(len(orders), len(points))
        return np.searchsorted(points, walked)

    def evaluate(
        self, utility: BoundUtility, plan: Mapping[str, Any], step: int, lo: int, hi: int
    ) -> Evaluations:
        """One utility a row, that of the row's class: (rows, 1)."""
        masks, of_row = self.masks(step), np.repeat(np.arange(len(self.sizes)), self.blocks)
        if self.truncation.never:
            found = utility.evaluate(masks[lo:hi])
            return _picked(found, of_row[lo:hi])
        done, at = [], 0
        for c, size in enumerate(self.sizes.tolist()):
            for _ in range(self.walks):
                done.append(self._walk(utility, masks[at : at + size + 1], c))
                at += size + 1
        return join_evaluations(done)

    def _walk(self, utility: BoundUtility, masks: Masks, c: int) -> Evaluations:
        """A walk's end, then its beginnings until the policy stops; the rest repeats the last utility."""
        end = _picked(utility.evaluate(masks[-1:]), np.array([c]))
        done: list[Evaluations] = []
        for j in range(len(masks) - 1):
            done.append(_picked(utility.evaluate(masks[j : j + 1]), np.array([c])))
            if j and self.truncation.stops(j, len(masks) - 1, float(done[-1].values[0, 0]), end.values[0, 0]):
                break
        rest = len(masks) - 1 - len(done)
        cut = Evaluations(np.repeat(done[-1].values, rest, axis=0), np.full(rest, TRUNCATED, np.uint8))
        return join_evaluations([*done, cut, end])

    def initial(self, first: First) -> ClassStats:
        scores = first.full[len(self.sizes) :] if self.normalize else None
        return ClassStats(Moments.zeros(self.n), ClassSums.zeros(self.codes, scores))

    def fold(self, stats: ClassStats, step: int, evaluations: Evaluations) -> ClassStats:
        observed, at = np.empty(self.n), 0
        for points, rows in zip(self.environments.classes, self.blocks.tolist(), strict=True):
            block = slice(at, at + rows)
            utilities = evaluations.values[block, 0]
            if self.kind == "all":
                observed[points] = shapley_of_all(utilities, len(points))
            else:
                observed[points] = self._marginals(step, points, utilities, evaluations.status[block])
            at += rows
        moments = add(stats.moments, observed)
        return ClassStats(moments, stats.sums.add(stats.moments, observed))

    def _marginals(
        self,
        step: int,
        points: NDArray[np.intp],
        utilities: NDArray[np.float64],
        status: NDArray[np.uint8],
    ) -> NDArray[np.float64]:
        """Mean marginal of each point of a class over the walks of a step."""
        shape = self.walks, len(points) + 1
        along, cut = utilities.reshape(shape).copy(), status.reshape(shape)[:, -2] == TRUNCATED
        along[cut, -1] = along[cut, -2]
        found = np.empty((self.walks, len(points)))
        np.put_along_axis(found, self._walked(step, points), np.diff(along, axis=1), axis=1)
        mean: NDArray[np.float64] = found.mean(axis=0)
        return mean

    def estimate(self, stats: ClassStats) -> Estimate:
        seen = stats.moments.count
        values = np.where(seen > 0, stats.moments.mean, np.nan)
        variance = stats.moments.variance_of_mean()
        if self.normalize:
            values, variance = stats.sums.normalized(values, variance, stats.moments)
        return Estimate(values, np.sqrt(variance), seen * self.walks)

    def exact(self, stats: ClassStats) -> bool:
        return False

    def steps_for_updates(self, updates: int) -> int | None:
        return -(-updates // self.walks)

    def identity(self) -> dict[str, Any]:
        e = self.environments
        return {
            "draws": f"classwise ({self.kind})",
            "truncation": repr(self.truncation),
            "step": self.walks,
            "least": e.least,
            # an own seed of the environments decides the draws too
            "environments": "seed of the run" if e.seed == self.seed else e.seed,
        }


def _picked(found: Evaluations, classes: NDArray[np.intp]) -> Evaluations:
    """The column of each row's class, shape (rows, 1)."""
    values = found.values[np.arange(len(classes)), classes][:, None]
    return Evaluations(values, found.status, found.seconds, found.failure, found.warnings, found.warning)


def shapley_of_all(utilities: NDArray[np.float64], m: int) -> NDArray[np.float64]:
    """Shapley values of m points from the utilities of all 2**m subsets, row b holding the bits of b: (m,)."""
    inside: Masks = (np.arange(2**m)[:, None] >> np.arange(m)) & 1 == 1
    sizes = inside.sum(axis=1)
    gain = 1.0 / (m * comb(m - 1, np.maximum(sizes - 1, 0)))
    loss = -1.0 / (m * comb(m - 1, np.minimum(sizes, m - 1)))
    values: NDArray[np.float64] = (np.where(inside, gain[:, None], loss[:, None]) * utilities[:, None]).sum(
        axis=0
    )
    return values


def normalized_note() -> str:
    """What normalised values are."""
    return (
        "values of a class are scaled so that they sum to the full model's in-class score (divided by their own "
        "sum, which has an error too); a class whose values sum to 0 or less is left as it is"
    )
