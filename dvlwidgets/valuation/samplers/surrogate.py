"""A cheap guess of a utility whose own semivalues are known exactly.

    g(S) = a(|S|) + sum over functions h of h(|S|) sum_{j in S} b_hj + sum over pairs {i, j} in S of c_ij
           + sum over K of d_K f_K(S)

With a semivalue's law p over the size k of the rest, the parts contribute to point i
    sum_k p[k] (a(k + 1) - a(k)),
    b_hi sum_k p[k] h(k + 1) + (sum_{j != i} b_hj) sum_k p[k] k / (n - 1) (h(k + 1) - h(k)), and
    sum_j c_ij sum_k p[k] k / (n - 1),
because a random subset of k of the n - 1 others holds a given other with probability k / (n - 1). What a point adds
to an average over the subset falls like 1 / |S|: that is what the functions h are for. The votes f_K of the nearest
neighbours, where the utility has such, are in `utility/votes.py`.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ...typing import Masks, SizeLaw, Values
from ...utility.votes import Votes

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Surrogate:
    """The function g above.

    Attributes:
        sizes: a, shape (n + 1,).
        shapes: the functions h at the sizes 0..n, shape (h, n + 1).
        slopes: b, shape (h, n).
        pairs: c, symmetric with a zero diagonal, shape (n, n), or None.
        heeds: d, or None.
        votes: the functions f_K, or None.
    """

    sizes: Floats
    shapes: Floats
    slopes: Floats
    pairs: Floats | None = None
    heeds: Floats | None = None
    votes: Votes | None = None

    def __call__(self, masks: Masks, counted: Floats | None = None) -> Floats:
        """Guesses of the utilities of subsets, shape (B,).

        Args:
            masks: the subsets.
            counted: their votes, where they are known already.
        """
        size, member = masks.sum(axis=1), masks.astype(np.float64)
        guess: Floats = self.sizes[size] + ((member @ self.slopes.T) * self.shapes[:, size].T).sum(axis=1)
        if self.pairs is not None:
            guess += 0.5 * ((member @ self.pairs) * member).sum(axis=1)
        if self.votes is not None and self.heeds is not None and self.heeds.any():
            guess += (self.votes(masks) if counted is None else counted) @ self.heeds
        return guess

    def values(self, law: SizeLaw) -> Values:
        """Its exact semivalues, shape (n,)."""
        n = len(law)
        share = law * np.arange(n) / max(1, n - 1)
        values = np.full(n, float(law @ np.diff(self.sizes)))
        for shape, slope in zip(self.shapes, self.slopes, strict=True):
            values += slope * float(law @ shape[1:]) + (slope.sum() - slope) * float(share @ np.diff(shape))
        if self.pairs is not None:
            values += self.pairs.sum(axis=1) * float(share.sum())
        if self.votes is not None and self.heeds is not None and self.heeds.any():
            values += self.heeds @ self.votes.values(law)
        return values

    def ends(self) -> tuple[float, float]:
        """Its guesses of the empty and the full set."""
        n = self.slopes.shape[1]
        both = np.stack([np.zeros(n, np.bool_), np.ones(n, np.bool_)])
        empty, full = self(both, None if self.votes is None else self.votes.ends())
        return float(empty), float(full)


def size_surrogate(sizes: Floats) -> Surrogate:
    """A guess from the size alone."""
    n = len(sizes) - 1
    return Surrogate(sizes, np.zeros((1, n + 1)), np.zeros((1, n)))


def mean_surrogate(several: list[Surrogate]) -> Surrogate:
    """The average guess; its semivalues are the averages."""
    pairs = [g.pairs for g in several if g.pairs is not None]
    heeds = [g.heeds for g in several if g.heeds is not None]
    return Surrogate(
        np.mean([g.sizes for g in several], axis=0),
        several[0].shapes,
        np.mean([g.slopes for g in several], axis=0),
        np.sum(pairs, axis=0) / len(several) if pairs else None,
        np.sum(heeds, axis=0) / len(several) if heeds else None,
        several[0].votes,
    )
