"""Owen's multilinear extension: the chance q of being in S is integrated, S includes each point with that chance.

The Shapley value of i is the integral over q in (0, 1) of e_i(q), the mean marginal of i to such an S, and e_i is a
polynomial of degree n - 1. A set of given size is uniform whatever q was, so a node q is a law of sizes,
binomial(n - 1, q), and another semivalue p counts a marginal to a set of k points n p[k] times.
Owen, Multilinear extensions of games (1972); Okhrati & Lipani, A multilinear sampling algorithm to estimate Shapley
values (ICPR 2020).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from scipy.special import gammaln, roots_legendre

from ...arguments import whole
from ...engine.draws import OWEN, OWEN_NODES, OWEN_PAIRS, words
from ...errors import InputError, InputTypeError
from ...typing import SizeLaw
from .checks import check_batch_size, check_seed
from .marginal_strata import ends_of
from .marginals import Floats, Marginals
from .permutation import check_walk_inflation


class OwenStrategy(Protocol):
    """Which chances q are visited; `random` says that they are draws, so that their spread is part of the error."""

    random: bool

    def nodes(self, seed: int, *, paired: bool) -> tuple[Floats, Floats]:
        """Chances q and weights that sum to 1, shape (m,) each; `paired` if 1 - q is visited along with each q."""
        ...


@dataclass(frozen=True)
class UniformOwenStrategy:
    """Chances q drawn uniformly from (0, 1): unbiased for any number of them.

    Args:
        n_samples_outer: how many.
        seed: integer, or None to follow the sampler's.
    """

    n_samples_outer: int
    seed: int | None = None
    random = True

    def __post_init__(self) -> None:
        whole("n_samples_outer", self.n_samples_outer, 2, "UniformOwenStrategy(100), for example.")
        check_seed(self.seed)

    def nodes(self, seed: int, *, paired: bool) -> tuple[Floats, Floats]:
        """As drawn, all of one weight."""
        raw = words(seed if self.seed is None else self.seed, OWEN_NODES, 0, self.n_samples_outer)
        q = ((raw >> np.uint64(12)).astype(np.float64) + 0.5) * 2.0**-52  # never 0 or 1
        return q, np.full(len(q), 1.0 / len(q))


@dataclass(frozen=True)
class GridOwenStrategy:
    """Gauss-Legendre nodes: an honest quadrature, whose nodes keep away from q = 0 and q = 1.

    With m nodes the integral is exact wherever e_i is a polynomial of degree at most 2 m - 1, hence for every game once
    2 m >= n. Below that the values may be biased, by at most the sum over sizes of |weight - 1 / n| times the largest
    mean marginal of the point; the result's notes give the number. An even grid with both ends has an error of its own
    for every m, because marginals change most near the empty set.
    `AntitheticOwenSampler` visits 1 - q with each q: m pairs are 2 m nodes.

    Args:
        n_samples_outer: number of nodes m.

    References:
        Golub & Welsch, Calculation of Gauss quadrature rules (1969).
    """

    n_samples_outer: int
    random = False

    def __post_init__(self) -> None:
        whole("n_samples_outer", self.n_samples_outer, 1, "GridOwenStrategy(20), for example.")

    def nodes(self, seed: int, *, paired: bool) -> tuple[Floats, Floats]:
        """The nodes, or the lower half of twice as many."""
        m = self.n_samples_outer
        x, w = roots_legendre(2 * m if paired else m)
        q, weight = (x[:m] + 1.0) / 2.0, w[:m] / w[:m].sum()
        return q, weight


GaussLegendreOwenStrategy = GridOwenStrategy


@dataclass(frozen=True)
class OwenSampler:
    """Marginals to sets that include each other point with chance q, q from a strategy; ends after all of them.

    Args:
        outer_sampling_strategy: `GridOwenStrategy(m)` or `UniformOwenStrategy(m)`.
        n_samples_inner: marginals of each point at each q. With a grid two are the least that have a standard error.
        batch_size: chances q in a step: a marginal of every point at each. It belongs to the journal's key.
        seed: integer, or None to draw one (it is recorded).

    Raises:
        InputTypeError: if the strategy is none.
        InputError: for numbers below 1; from `bind`, for a semivalue that the strategy cannot integrate.

    References:
        Okhrati & Lipani, A multilinear sampling algorithm to estimate Shapley values (ICPR 2020).
    """

    outer_sampling_strategy: OwenStrategy
    n_samples_inner: int = 2
    batch_size: int = 1
    seed: int | None = None
    paired = False

    def __post_init__(self) -> None:
        check_seed(self.seed)
        check_batch_size(self.batch_size)
        whole("n_samples_inner", self.n_samples_inner, 1, "2 is the default.")
        strategy = self.outer_sampling_strategy
        if isinstance(strategy, type) or not callable(getattr(strategy, "nodes", None)):
            raise InputTypeError(
                "outer_sampling_strategy must be GridOwenStrategy(m) or UniformOwenStrategy(m) with a number m of "
                f"chances q, not {strategy!r}."
            )

    def bind(self, n: int, law: SizeLaw, seed: int, method: str) -> Marginals:
        """Passes over n points for a semivalue.

        Raises:
            InputError: if the semivalue's sizes are met too rarely, or a grid cannot integrate its law.
        """
        check_walk_inflation(law, method)
        strategy, inner = self.outer_sampling_strategy, self.n_samples_inner
        q, weights = strategy.nodes(seed, paired=self.paired)
        laws, factors = _strata_of_nodes(n, q, self.paired)
        some = (law[1:-1] > 0).any()
        laws, factors = (laws, factors) if some else (laws[:0], factors[:0])
        each = np.arange(len(laws))
        bound = Marginals(
            n,
            law,
            laws,
            factors if strategy.random else factors * weights[: len(laws), None],
            np.zeros_like(each) if strategy.random else each,
            each if strategy.random else np.tile(each, inner),
            len(each) * (1 if strategy.random else inner),
            seed,
            OWEN_PAIRS if self.paired else OWEN,
            f"owen, {strategy!r}",
            inner if strategy.random else 1,
            self.paired,
            ends_of(law),
            self.batch_size,
            references=(
                "Okhrati & Lipani, A multilinear sampling algorithm to estimate Shapley values, 2020",
            ),
        )
        return bound if strategy.random else self._checked(bound, method)

    def _checked(self, bound: Marginals, method: str) -> Marginals:
        """The grid's own error: refused where it would miss an additive game, said where it may be felt."""
        law, effective = bound.law, bound.effective_law()
        off, sizes = effective - law, np.arange(bound.n)
        if abs(off.sum()) > 1e-9 or abs(off @ sizes) > 1e-9 * bound.n:
            raise InputError(
                f"{self.outer_sampling_strategy!r} cannot integrate the sizes of {method}: its weights sum to "
                f"{effective.sum():.6g} instead of 1. Use at least {-(-bound.n // (4 if self.paired else 2))} nodes, "
                f"UniformOwenStrategy(m), or MSRSampler(), which draws the sizes that {method} needs."
            )
        most, notes = float(np.abs(off).sum()), []
        if most > 1e-9:
            notes.append(
                f"{self.outer_sampling_strategy!r} is exact where mean marginals are polynomials of low degree in q, "
                f"else biased by at most {most:.2g} times a point's largest mean marginal"
            )
        if self.n_samples_inner == 1 and len(bound.laws):
            notes.append(
                "one marginal at each q tells nothing of its spread, so standard errors are not known"
            )
        object.__setattr__(bound, "notes", tuple(notes))
        return bound


@dataclass(frozen=True)
class AntitheticOwenSampler(OwenSampler):
    """As `OwenSampler`, each set with its complement, which is a set at 1 - q: the pair is the unit of the variance.

    Arguments and errors as in `OwenSampler`; with a grid of m nodes these are the lower half of 2 m.

    References:
        Okhrati & Lipani, A multilinear sampling algorithm to estimate Shapley values (ICPR 2020).
    """

    paired = True


def _strata_of_nodes(n: int, q: Floats, paired: bool) -> tuple[Floats, Floats]:
    """Laws of the sizes between the ends at each q, and factors beside p, shape (m, n) each.

    With chance (1 - q)^(n - 1) a set is empty and with q^(n - 1) it is everybody else: those marginals are exact.
    """
    k, q = np.arange(n), q[:, None]
    log = gammaln(n) - gammaln(k + 1) - gammaln(n - k) + k * np.log(q) + (n - 1 - k) * np.log1p(-q)
    chance = np.exp(log)
    chance /= chance.sum(axis=1, keepdims=True)
    laws = chance.copy()
    laws[:, [0, -1]] = 0.0
    inner = laws.sum(axis=1, keepdims=True)
    factors = n * np.repeat(inner, n, axis=1)
    ends = chance[:, [0, -1]]
    factors[:, [0, -1]] = n * ((ends + ends[:, ::-1]) / 2 if paired else ends)
    laws = np.divide(laws, inner, out=np.zeros_like(laws), where=inner > 0)
    if n > 2:
        laws[inner[:, 0] <= 0, 1] = (
            1.0  # a chance so near to 0 or 1 that nothing lies between: its factor is 0
        )
    return laws, factors
