"""Marginals of every point to random subsets of the others, sizes from any law."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ...engine.draws import MARGINAL_PAIRS, MARGINALS
from ...errors import InputError
from ...typing import SizeLaw
from ..semivalue import banzhaf_law, named_draw_law, shapley_law
from .checks import check_batch_size, check_seed
from .marginal_strata import Drawing, check_marginal_inflation, inner_law, one_stratum
from .marginals import Floats, Marginals
from .msr import as_numbers, check_law


@dataclass(frozen=True)
class UniformSampler:
    """Marginals v(S with i) - v(S) of every point i in turn, S a random subset of the others.

    Two evaluations a marginal, and each informs on one point only: `MSRSampler` learns more from as many evaluations.
    What it has for it is that marginals are independent, of each other and between points.

    Args:
        seed: integer, or None to draw one (it is recorded).
        batch_size: marginals of every point in a step. It belongs to the journal's key.
        law: law of the sizes of S: None (the method's own), "uniform-size", "binomial", or n probabilities of the
            sizes 0..n-1. Marginals count p / law. Sizes 0 and n - 1 are not drawn: their marginals take one fit
            a point and are exact.

    Raises:
        InputError: for a malformed seed, batch size or law; from `bind`, for sizes that do not suit the method.

    References:
        Castro, Gomez & Tejada, Polynomial calculation of the Shapley value based on sampling (2009).
    """

    seed: int | None = None
    batch_size: int = 1
    law: str | NDArray[np.float64] | None = None

    def __post_init__(self) -> None:
        check_seed(self.seed)
        check_batch_size(self.batch_size)
        if isinstance(self.law, str):
            named_draw_law(self.law, 3)
        elif self.law is not None:
            check_law(as_numbers(self.law))

    def bind(self, n: int, law: SizeLaw, seed: int, method: str) -> Marginals:
        """Passes over n points for a semivalue.

        Raises:
            InputError: if the sizes drawn can never give this semivalue, or only with 100 times the variance.
        """
        return self._passes(n, law, self._draw_law(n, law, method), seed)

    def _draw_law(self, n: int, law: SizeLaw, method: str) -> Floats:
        """The law of the sizes 1..n-2 that are drawn, shape (n,)."""
        if self.law is None:
            return inner_law(law)
        if isinstance(self.law, str):
            draw = {"uniform-size": shapley_law, "binomial": banzhaf_law}[self.law](n)
        else:
            draw = as_numbers(self.law)
        if draw.shape != (n,):
            raise InputError(
                f"law has {draw.size} probabilities; {type(self).__name__} draws S from the {n - 1} points that are "
                f"not i, so {n} are expected (sizes 0..{n - 1}). Pass law=None to let the method choose."
            )
        draw = inner_law(draw)
        check_marginal_inflation(law, draw, method, type(self).__name__)
        return draw

    def _passes(self, n: int, law: SizeLaw, draw: Floats, seed: int) -> Marginals:
        return one_stratum(Drawing(law, draw, seed, MARGINALS, "uniform", self.batch_size))


@dataclass(frozen=True)
class AntitheticSampler(UniformSampler):
    """Marginals to a random S and to its complement without i: the pair is the unit of the variance.

    Sizes are drawn alike at both ends: `law` is averaged with its mirror image. Pairs cancel what grows or falls with
    the size of S, and what other points add.

    References:
        Mitchell et al., Sampling permutations for Shapley value estimation (JMLR 2022), for antithetic pairs.
    """

    def _passes(self, n: int, law: SizeLaw, draw: Floats, seed: int) -> Marginals:
        even = (draw + draw[::-1]) / 2
        return one_stratum(
            Drawing(law, even, seed, MARGINAL_PAIRS, "antithetic", self.batch_size), paired=True
        )
