"""A semivalue is a probability vector over subset sizes.

The value of point i is the mean of v(S with i) - v(S) over the size k of S (from the law p) and over the subsets S
of that size without i. For pyDVL's weights w(n, k), p[k] = C(n - 1, k) w(n, k).
Dubey, Neyman & Weber, Value theory without efficiency (1981).
"""

from __future__ import annotations

import numpy as np
from scipy.special import betaln, gammaln

from ..errors import InputError
from ..typing import DrawLaw, SizeLaw


def shapley_law(n: int) -> SizeLaw:
    """Every size alike: Shapley, A value for n-person games (1953)."""
    return np.full(n, 1.0 / n)


def banzhaf_law(n: int) -> SizeLaw:
    """Every subset alike, so binomial(n - 1, 1/2) sizes: Wang & Jia, Data Banzhaf (AISTATS 2023)."""
    k = np.arange(n)
    log_p = gammaln(n) - gammaln(k + 1) - gammaln(n - k) - (n - 1) * np.log(2.0)
    return _normalised(np.exp(log_p))


def weighted_banzhaf_law(n: int, weight: float) -> SizeLaw:
    """Binomial(n - 1, weight) sizes: Li & Yu, Robust data valuation with weighted Banzhaf values (NeurIPS 2023)."""
    if not 0 < weight < 1:
        raise InputError(
            f"weight must lie between 0 and 1, not {weight}. 0.5 is Banzhaf; small ones favour small sets."
        )
    k = np.arange(n)
    log_choose = gammaln(n) - gammaln(k + 1) - gammaln(n - k)
    return _normalised(np.exp(log_choose + k * np.log(weight) + (n - 1 - k) * np.log1p(-weight)))


def beta_law(n: int, alpha: float, beta: float) -> SizeLaw:
    """Beta-binomial(beta, alpha) sizes: Kwon & Zou, Beta Shapley (AISTATS 2022)."""
    if not (alpha > 0 and beta > 0):
        raise InputError(f"alpha and beta must be positive, not {alpha} and {beta}. Beta(1, 1) is Shapley.")
    k = np.arange(n)
    log_choose = gammaln(n) - gammaln(k + 1) - gammaln(n - k)
    return _normalised(np.exp(log_choose + betaln(k + beta, n - 1 - k + alpha) - betaln(beta, alpha)))


def loo_law(n: int) -> SizeLaw:
    """All mass on the rest without the point: leave-one-out."""
    law = np.zeros(n)
    law[-1] = 1.0
    return law


def bound_draw_law(law: SizeLaw) -> DrawLaw:
    """The law of drawn sizes that a size-free sampler takes for a semivalue: its mean of p[s - 1] and p[s].

    Sizes 0 and n are left out: their utilities are evaluated once. Shapley gives uniform sizes, Banzhaf
    binomial(n, 1/2) sizes.
    """
    n = len(law)
    draw = np.zeros(n + 1)
    draw[1:n] = (law[:-1] + law[1:]) / 2.0
    total = draw.sum()
    if total <= 0.0:  # n = 1, or a law on a point mass at an end: nothing is left to draw
        draw[1:n] = 1.0
        total = draw.sum()
    return draw / total if total > 0 else draw


def named_draw_law(name: str, n: int) -> DrawLaw:
    """`uniform-size` or `binomial`, over sizes 1..n-1.

    Raises:
        InputError: for another name.
    """
    laws = {"uniform-size": shapley_law, "binomial": banzhaf_law}
    if name not in laws:
        raise InputError(
            f"law={name!r} is unknown. Pass None (the method chooses), 'uniform-size', 'binomial', "
            "or an array of n + 1 probabilities of the sizes 0..n."
        )
    return bound_draw_law(laws[name](n))


def inflation(law: SizeLaw, draw: DrawLaw) -> float:
    """How much a draw law inflates the variance: the larger of inside and outside of sum p^2 / (Q x inclusion).

    Infinite when sizes that carry weight are never drawn. Compare it with the method's own bound law.
    """
    n = len(law)
    s = np.arange(1, n)
    parts = []
    for p, inclusion in ((law[:-1], s / n), (law[1:], 1.0 - s / n)):
        chance = draw[1:n] * inclusion
        if np.any((p > 0) & (chance <= 0)):
            return np.inf
        with np.errstate(over="ignore"):
            parts.append(float(np.sum(np.divide(p**2, chance, out=np.zeros_like(p), where=p > 0))))
    return max(parts)


def _normalised(law: SizeLaw) -> SizeLaw:
    normalised: SizeLaw = law / law.sum()
    return normalised
