"""Maximum sample reuse: every random subset informs on every point."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...arguments import flag
from ...engine.draws import SUBSETS
from ...errors import InputError, InputTypeError
from ...typing import DrawLaw, SizeLaw
from ..semivalue import bound_draw_law, inflation, named_draw_law
from .adjusted import FEWEST, MOST, AdjustedStrata
from .checks import check_batch_size, check_seed
from .strata import SizeStrata

WARN_ABOVE, REFUSE_ABOVE = 10.0, 100.0
"""Variance inflation relative to the method's own law: above the first it is said, above the second refused."""

MET_ANYWAY = 0.1
"""Share of the subsets whose size is uniform when a regression is learned, whatever sizes the semivalue prefers."""


@dataclass(frozen=True)
class MSRSampler:
    """Independent subsets, each counted for the points inside and for those outside.

    Args:
        seed: integer, or None to draw one (it is recorded).
        batch_size: subsets a step; 1 means 'ours decides' (64). It belongs to the journal's key.
        law: law of the subsets' sizes: None (the method chooses: uniform for Shapley, binomial for Banzhaf),
            "uniform-size", "binomial", or n + 1 probabilities of the sizes 0..n (0 and n are never drawn).
        adjusted: whether a regression of the utility on the subset, learned on the way, takes out what it explains
            (unbiased, and mostly a fraction of the variance; up to 600 points). False keeps plain strata.

    Raises:
        InputError: for a malformed seed, batch size or law.

    References:
        Wang & Jia, Data Banzhaf: a robust data valuation framework for machine learning (AISTATS 2023).
    """

    seed: int | None = None
    batch_size: int = 1
    law: str | NDArray[np.float64] | None = None
    adjusted: bool = True

    def __post_init__(self) -> None:
        check_seed(self.seed)
        check_batch_size(self.batch_size)
        flag("adjusted", self.adjusted)
        if isinstance(self.law, str):
            named_draw_law(self.law, 3)
        elif self.law is not None:
            check_law(as_numbers(self.law))

    def bind(self, n: int, law: SizeLaw, seed: int, method: str) -> SizeStrata:
        """Draws for n points and a semivalue.

        Raises:
            InputError: if the sizes drawn can never give this semivalue, or only with 100 times the variance.
        """
        own = bound_draw_law(law)
        draw = own if self.law is None else self._draw_law(n)
        if self.law is not None:
            check_inflation(law, draw, own, method, type(self).__name__)
        learned = self.adjusted and FEWEST <= n <= MOST
        if learned and self.law is None:
            # what a regression leaves of common sizes is small: errors hide in sizes that it never met
            draw = (1.0 - MET_ANYWAY) * draw + MET_ANYWAY * named_draw_law("uniform-size", n)
        kind = AdjustedStrata if learned else SizeStrata
        return kind(n, law, draw, seed, SUBSETS, 64 if self.batch_size == 1 else self.batch_size)

    def _draw_law(self, n: int) -> DrawLaw:
        if isinstance(self.law, str):
            return named_draw_law(self.law, n)
        given = as_numbers(self.law)
        if given.shape != (n + 1,):
            raise InputError(
                f"law has {given.size} probabilities; the data have {n} points, so {n + 1} are expected "
                f"(sizes 0..{n}). Pass law=None to let the method choose."
            )
        inner = np.zeros(n + 1)
        inner[1:n] = given[1:n]
        return inner / inner.sum() if inner.sum() > 0 else bound_draw_law(np.full(n, 1.0 / n))


def as_numbers(law: Any) -> NDArray[np.float64]:
    """A law of the user as an array.

    Raises:
        InputTypeError: if it does not hold numbers.
    """
    try:
        return np.asarray(law, float)
    except (TypeError, ValueError) as error:
        raise InputTypeError(
            f"a law must be an array of probabilities, not {type(law).__name__} ({error}). "
            "Pass an array that sums to 1."
        ) from error


def check_law(law: NDArray[np.float64]) -> None:
    """Refuse what is no probability vector.

    Raises:
        InputError: for negative numbers, another sum than 1, or another number of axes.
    """
    if law.ndim != 1 or not np.isfinite(law).all() or (law < 0).any() or abs(law.sum() - 1.0) > 1e-6:
        raise InputError(
            "law must be n + 1 probabilities of the sizes 0..n that sum to 1; "
            f"given: shape {law.shape}, sum {law.sum():.6g}, smallest {law.min(initial=0.0):.3g}."
        )


def check_inflation(law: SizeLaw, draw: DrawLaw, own: DrawLaw, method: str, sampler: str) -> None:
    """Warn above 10 times, refuse above 100 times the variance of the method's own law.

    Raises:
        InputError: with the factor and what to use instead.
    """
    if len(law) < 3:
        return
    factor = inflation(law, draw) / inflation(law, own)
    judge_inflation(
        factor,
        f"{sampler} draws sizes that suit {method} badly: with n = {len(law)}",
        f"Pass law=None, so that {method} chooses the sizes, or use PermutationSampler().",
    )


def judge_inflation(factor: float, suits: str, advice: str) -> None:
    """Says how much the variance grows, if that is much.

    Args:
        factor: of the variance.
        suits: who draws badly for what: the sentence's beginning.
        advice: what to use instead.

    Raises:
        InputError: if the factor is above 100.
    """
    if factor <= WARN_ABOVE:
        return
    grown = (
        "for ever: sizes that carry weight are never drawn" if np.isinf(factor) else f"{factor:,.3g} times"
    )
    text = f"{suits} the variance grows {grown}. {advice}"
    if factor > REFUSE_ABOVE:
        raise InputError(text)
    warnings.warn(text, UserWarning, stacklevel=3)
