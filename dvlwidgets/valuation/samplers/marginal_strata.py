"""Strata of the sizes of S for passes of marginals: which sizes go together, and what each marginal counts."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ...typing import SizeLaw
from .marginals import NEGLIGIBLE, Floats, Marginals
from .msr import judge_inflation


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


@dataclass(frozen=True)
class Drawing:
    """How passes draw, whatever the strata.

    Attributes:
        law: the semivalue's, shape (n,).
        draw: of the sizes drawn, 0 at both ends, shape (n,).
        seed: of the draws.
        stream: of the draws.
        label: the sampler's name.
        batch: passes in a step.
    """

    law: SizeLaw
    draw: Floats
    seed: int
    stream: int
    label: str
    batch: int

    def passes(
        self,
        laws: Floats,
        share: float,
        visits: NDArray[np.intp],
        passes: int | None,
        *,
        references: tuple[str, ...],
        paired: bool = False,
        kind: type[Marginals] = Marginals,
    ) -> Marginals:
        """Passes over strata that are groups of their own.

        Args:
            laws: of the strata's sizes, shape (L, n).
            share: of each stratum at both ends, which all of them have.
            visits: the stratum of each pass.
            passes: how many, or None.
            references: where this is from.
            paired: each S with its complement.
            kind: of passes.
        """
        factors = np.divide(1.0, laws, out=np.zeros_like(laws), where=laws > 0)
        factors[:, [0, -1]] = share
        return kind(
            len(self.law),
            self.law,
            laws,
            factors,
            np.arange(len(laws)),
            visits,
            passes,
            self.seed,
            self.stream,
            self.label,
            paired=paired,
            ends=ends_of(self.law),
            batch=self.batch,
            references=references,
        )


def one_stratum(drawing: Drawing, *, paired: bool = False, passes: int | None = None) -> Marginals:
    """Passes that all draw from one law of sizes, its ends left out."""
    draw = drawing.draw
    laws = np.array([draw]) if draw.sum() > 0 else np.zeros((0, len(draw)))
    references = (
        "Castro, Gomez & Tejada, Polynomial calculation of the Shapley value based on sampling, 2009",
    )
    return drawing.passes(laws, 1.0, np.zeros(1, np.intp), passes, references=references, paired=paired)


def strata_of_sizes(
    drawing: Drawing,
    starts: NDArray[np.intp],
    visits: NDArray[np.intp],
    *,
    passes: int | None,
    kind: type[Marginals] = Marginals,
) -> Marginals:
    """Strata of neighbouring sizes, each a group of its own; within one, sizes are drawn in proportion to `draw`."""
    draw, n = drawing.draw, len(drawing.draw)
    edges = [*starts.tolist(), n]
    laws = np.zeros((len(starts), n))
    for row, lo, hi in zip(laws, edges[:-1], edges[1:], strict=True):
        row[lo:hi] = draw[lo:hi] / draw[lo:hi].sum()
    references = (
        "Maleki et al., Bounding the estimation error of sampling-based Shapley value approximation, 2013",
    )
    share = 1.0 / max(1, len(laws))
    return drawing.passes(laws, share, visits, passes, references=references, kind=kind)


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
    judge_inflation(
        factor,
        f"{sampler} draws sizes that suit {method} badly: with n = {len(law)}",
        f"Use UniformSampler() or MSRSampler(), which draw the sizes that {method} needs.",
    )
