"""Strata of sizes: so many marginals of each point to sets of each size.

Sizes that would get fewer than two marginals share a stratum with their neighbours, within which the size is drawn;
so every size that counts can be drawn, and every stratum has a spread.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...engine.draws import SIZE_STRATA
from ...errors import InputError
from ...typing import SizeLaw
from .checks import check_batch_size, check_seed
from .cut_walks import CutWalks
from .marginal_strata import (
    Drawing,
    check_marginal_inflation,
    cut_sizes,
    ends_of,
    inner_law,
    one_stratum,
    strata_of_sizes,
)
from .marginals import Floats, Marginals
from .sample_sizes import SampleSizes, apportion, check_sample_sizes
from .size_iterations import (
    MOST_IN_TURN,
    FiniteSequentialSizeIteration,
    RandomSizeIteration,
    check_iteration,
)
from .truncation import NoTruncation, Truncation, check_truncation, walk_notes

MOST_STRATA = 32
"""Without a total number of samples there are at most so many strata, so that a first value does not take too long."""

PER_SIZE = 8
"""Marginals of a point at each size where a total is needed and none is given."""


@dataclass(frozen=True)
class StratifiedSampler:
    """So many marginals of each point to sets of each size: no luck in the sizes enters the values.

    Marginals to the empty set and to all others are exact after one each. With `n_samples` in the sample sizes the
    sampler ends after so many marginals of each point; without, `FiniteSequentialSizeIteration` takes 8 a size, and
    the other iterations go on until the rule stops them, with at most 32 strata.

    Args:
        sample_sizes: a strategy: `ConstantSampleSize(n_samples=200)`, `HarmonicSampleSize(...)`, ...
        sample_sizes_iteration: the order of the sizes: `FiniteSequentialSizeIteration`, `RoundRobinSizeIteration` or
            `RandomSizeIteration`.
        batch_size: marginals of every point in a step. It belongs to the journal's key.
        seed: integer, or None to draw one (it is recorded).

    Raises:
        InputTypeError: if the strategy or the iteration is none.
        InputError: from `bind`, if sizes that count for the method are never drawn, or far too rarely.

    References:
        Maleki et al., Bounding the estimation error of sampling-based Shapley value approximation (2013); Castro,
        Gomez, Molina & Tejada, Improving polynomial estimation of the Shapley value by stratified random sampling with
        optimum allocation (2017); Wu et al. (2023).
    """

    sample_sizes: SampleSizes
    sample_sizes_iteration: Any = FiniteSequentialSizeIteration
    batch_size: int = 1
    seed: int | None = None

    def __post_init__(self) -> None:
        check_sample_sizes(self.sample_sizes)
        check_iteration(self.sample_sizes_iteration)
        check_seed(self.seed)
        check_batch_size(self.batch_size)

    def bind(self, n: int, law: SizeLaw, seed: int, method: str) -> Marginals:
        """Passes over n points for a semivalue.

        Raises:
            InputError: if sizes that carry weight are never drawn, or make the variance 100 times larger.
        """
        proportions = reachable(self.sample_sizes, n, law, method)
        draw = inner_law(np.where(law > 0, proportions, 0.0))
        check_marginal_inflation(law, draw, method, "StratifiedSampler")
        total = self.sample_sizes.total(n)
        left = None if total is None else max(2, total - sum(ends_of(law)))
        iteration = self.sample_sizes_iteration
        label = f"stratified, {_name(iteration)}"
        drawing = Drawing(law, draw, seed, SIZE_STRATA, label, self.batch_size)
        if _name(iteration) == RandomSizeIteration.__name__:
            return one_stratum(drawing, passes=left)
        if left is None and not iteration.endless:
            left = PER_SIZE * int((draw > 0).sum())
        if left is None:
            starts = cut_sizes(draw, 2 * MOST_STRATA)
            counts = _in_turn(np.add.reduceat(draw, starts)) if len(starts) else np.zeros(0, np.intp)
        else:
            starts = cut_sizes(draw, left)
            counts = apportion(np.add.reduceat(draw, starts), left) if len(starts) else np.zeros(0, np.intp)
        visits = iteration.visits(counts)
        return strata_of_sizes(drawing, starts, visits, passes=None if left is None else len(visits))


@dataclass(frozen=True)
class StratifiedPermutationSampler:
    """Random permutations of which only the sizes asked for are evaluated.

    With m[k] from the sample sizes, a walk evaluates the marginals at all sizes k with m[k] above u * max m, u drawn
    for each walk: a size is met in proportion to m[k], and neighbouring marginals share an evaluation. A marginal
    to k others counts p[k] / (share of k among those met). Without bounds and with `ConstantSampleSize` these are the
    walks of `PermutationSampler`.

    Args:
        sample_sizes: a strategy; its `n_samples` is the expected number of marginals of each point, after which the
            sampler ends; None goes on until the rule stops it.
        truncation: a policy that cuts walks short; None evaluates every size asked for.
        seed: integer, or None to draw one (it is recorded).
        batch_size: walks in a step. It belongs to the journal's key.

    Raises:
        InputTypeError: if the strategy or the truncation is none.
        InputError: from `bind`, if sizes that count for the method are never met, or far too rarely.

    References:
        Watson et al., Accelerated Shapley value approximation for data evaluation (2023).
    """

    sample_sizes: SampleSizes
    truncation: Truncation | None = None
    seed: int | None = None
    batch_size: int = 1

    def __post_init__(self) -> None:
        check_sample_sizes(self.sample_sizes)
        check_truncation(self.truncation)
        check_seed(self.seed)
        check_batch_size(self.batch_size)

    def bind(self, n: int, law: SizeLaw, seed: int, method: str) -> CutWalks:
        """Walks over n points for a semivalue.

        Raises:
            InputError: if sizes that carry weight are never met, or make the variance 100 times larger.
        """
        met = np.where(law > 0, reachable(self.sample_sizes, n, law, method), 0.0)
        check_marginal_inflation(law, inner_law(met), method, "StratifiedPermutationSampler")
        met = met / met.max()
        total = self.sample_sizes.total(n)
        walks = None if total is None else int(np.ceil(total * n / met.sum()))
        policy = self.truncation or NoTruncation()
        return CutWalks(n, law, met, seed, walks, policy, self.batch_size, notes=walk_notes(policy))


def reachable(sizes: SampleSizes, n: int, law: SizeLaw, method: str) -> Floats:
    """The strategy's proportions for n points.

    Raises:
        InputError: if they leave out a size that carries weight.
    """
    proportions = sizes.proportions(n)
    missed = np.flatnonzero((law > 0) & (proportions <= 0))
    if len(missed):
        drawn = np.flatnonzero(proportions > 0)
        raise InputError(
            f"{sizes!r} draws sets of {drawn[0]} to {drawn[-1]} points, but {method} gives weight to size {missed[0]} "
            "too, so its values could never be right. Use DeltaShapleyValuation, which leaves sizes out on purpose, or "
            "no bounds."
        )
    return proportions


def _in_turn(shares: Floats) -> NDArray[np.intp]:
    """How often each stratum is visited in one round of an endless iteration."""
    often: NDArray[np.intp] = np.clip(np.rint(shares / shares.min()), 1, MOST_IN_TURN).astype(np.intp)
    return often


def _name(iteration: Any) -> str:
    return str(getattr(iteration, "__name__", type(iteration).__name__))
