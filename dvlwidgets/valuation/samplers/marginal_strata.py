"""Strata of the sizes of S for passes of marginals: which sizes go together, and what each marginal counts."""

from __future__ import annotations

import warnings

import numpy as np
from numpy.typing import NDArray

from ...errors import InputError
from ...typing import SizeLaw
from .marginals import NEGLIGIBLE, Floats, Marginals
from .msr import REFUSE_ABOVE, WARN_ABOVE


def ends_of(law: SizeLaw) -> tuple[bool, bool]:
    """Whether marginals to the empty set, and to all others, have weight that is worth a fit."""
    return bool(law[0] > NEGLIGIBLE), bool(law[-1] > NEGLIGIBLE)


def inner_law(law: Floats) -> Floats:
    """A law of sizes without both ends, normalised; all 0 if nothing is left."""
    inner = law.copy()
    inner[[0, -1]] = 0.0
    total = inner.sum()
    # what is lost in rounding beside the ends needs no strata
    return inner / total if total > NEGLIGIBLE else np.zeros_like(inner)


def cut_sizes(draw: Floats, total: float) -> NDArray[np.intp]:
    """Where strata of neighbouring sizes begin, such that of `total` marginals each gets at least two."""
    starts: list[int] = []
    inside = np.inf  # of the stratum that is open
    for k in np.flatnonzero(draw):
        if inside >= 2.0:
            starts.append(int(k))
            inside = 0.0
        inside += draw[k] * total * (1 + 1e-12)
    if len(starts) > 1 and inside < 2.0:  # the last stratum is too thin: it joins the one before
        starts.pop()
    return np.array(starts, np.intp)


def one_stratum(
    n: int,
    law: SizeLaw,
    draw: Floats,
    seed: int,
    stream: int,
    label: str,
    batch: int,
    *,
    paired: bool = False,
    passes: int | None = None,
) -> Marginals:
    """Passes that all draw from one law of sizes, its ends left out."""
    some = np.array([draw]) if draw.sum() > 0 else np.zeros((0, n))
    factors = np.divide(1.0, some, out=np.zeros_like(some), where=some > 0)
    factors[:, [0, -1]] = 1.0
    groups = np.zeros(len(some), np.intp)
    references = (
        "Castro, Gomez & Tejada, Polynomial calculation of the Shapley value based on sampling, 2009",
    )
    return Marginals(
        n,
        law,
        some,
        factors,
        groups,
        np.zeros(1, np.intp),
        passes,
        seed,
        stream,
        label,
        paired=paired,
        ends=ends_of(law),
        batch=batch,
        references=references,
    )


def strata_of_sizes(
    n: int,
    law: SizeLaw,
    draw: Floats,
    starts: NDArray[np.intp],
    visits: NDArray[np.intp],
    passes: int | None,
    seed: int,
    stream: int,
    label: str,
    batch: int,
    kind: type[Marginals] = Marginals,
) -> Marginals:
    """Strata of neighbouring sizes, each a group of its own; within one, sizes are drawn in proportion to `draw`."""
    edges = [*starts.tolist(), n]
    laws = np.zeros((len(starts), n))
    for row, lo, hi in zip(laws, edges[:-1], edges[1:], strict=True):
        row[lo:hi] = draw[lo:hi] / draw[lo:hi].sum()
    factors = np.divide(1.0, laws, out=np.zeros_like(laws), where=laws > 0)
    factors[:, [0, -1]] = 1.0 / max(1, len(laws))
    return kind(
        n,
        law,
        laws,
        factors,
        np.arange(len(laws)),
        visits,
        passes,
        seed,
        stream,
        label,
        ends=ends_of(law),
        batch=batch,
        references=(
            "Maleki et al., Bounding the estimation error of sampling-based Shapley value approximation, 2013",
        ),
    )


def check_marginal_inflation(law: SizeLaw, draw: Floats, method: str, sampler: str) -> None:
    """Warn above 10 times, refuse above 100 times the variance of drawing the method's own sizes.

    Args:
        law: the semivalue's.
        draw: of the sizes drawn, 0 at both ends, shape (n,).
        method: the semivalue's name.
        sampler: the sampler's name.

    Raises:
        InputError: with the factor and what to use instead.
    """
    p = inner_law(law)
    if ((p > 0) & (draw <= 0)).any():
        factor = np.inf
    else:
        factor = float(np.sum(np.divide(p**2, draw, out=np.zeros_like(p), where=p > 0)))
    if factor <= WARN_ABOVE:
        return
    grown = (
        "for ever: sizes that carry weight are never drawn" if np.isinf(factor) else f"{factor:,.3g} times"
    )
    text = (
        f"{sampler} draws sizes that suit {method} badly: with n = {len(law)} the variance grows {grown}. "
        f"Use UniformSampler() or MSRSampler(), which draw the sizes that {method} needs."
    )
    if factor > REFUSE_ABOVE:
        raise InputError(text)
    warnings.warn(text, UserWarning, stacklevel=2)
