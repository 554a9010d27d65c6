"""Strata as mixtures of sizes: what is drawn from them, what they give each size, and moments over their groups."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ...engine.draws import uniforms
from ...engine.moments import Moments
from ...typing import SizeLaw

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Mixture:
    """Strata of marginals; attributes as in `Marginals`."""

    laws: Floats
    factors: Floats
    groups: NDArray[np.intp]
    paired: bool

    def shares(self) -> Floats:
        """Each stratum's share of its group's passes, shape (strata, 1)."""
        shares: Floats = 1.0 / np.bincount(self.groups)[self.groups]
        return shares[:, None]

    def draws(self) -> Floats:
        """The law of the sizes in each group, shape (groups, n)."""
        return self._grouped(self.shares() * self._each())

    def masses(self, law: SizeLaw) -> Floats:
        """What each size between the ends adds to a semivalue in each group, shape (groups, n)."""
        return self._grouped(self.shares() * self._each() * self.factors * law)

    def ends(self) -> Floats:
        """How often both ends count in all, shape (2,): once each where the estimate is unbiased."""
        ends: Floats = (
            (self.shares() * self.factors[:, [0, -1]]).sum(axis=0) if len(self.laws) else np.ones(2)
        )
        return ends

    def inflation(self, law: SizeLaw) -> float:
        """Mean squared weight of a marginal between the ends; infinite where it was never drawn."""
        drawn: NDArray[np.bool_] = np.asarray((self._each() > 0).any(axis=0))
        if (law[1:-1][~drawn[1:-1]] > 0).any():
            return np.inf
        if len(self.laws) == 0:
            return 1.0
        return float(
            (self.shares() * self._each() * (law * self.factors) ** 2).sum() * (self.groups.max() + 1)
        )

    def _each(self) -> Floats:
        """The law of the sizes in each stratum: S and its complement alike where they are paired."""
        return (self.laws + self.laws[:, ::-1]) / 2 if self.paired else self.laws

    def _grouped(self, rows: Floats) -> Floats:
        grouped = np.zeros((int(self.groups.max(initial=-1)) + 1, self.laws.shape[1]))
        np.add.at(grouped, self.groups, rows)
        return grouped


def sizes_from_laws(raw: NDArray[np.uint64], laws: Floats, which: NDArray[np.intp]) -> NDArray[np.intp]:
    """Sizes drawn from several laws, one a word.

    Args:
        raw: shape (B,).
        laws: shape (L, n).
        which: the law of each word, shape (B,).
    """
    steps = np.cumsum(laws, axis=1)
    reached = (uniforms(raw) * steps[which, -1])[:, None]
    # rounding of the last step must not give a size that the law excludes
    last = laws.shape[1] - 1 - np.argmax(laws[:, ::-1] > 0, axis=1)
    sizes: NDArray[np.intp] = np.minimum((steps[which] <= reached).sum(axis=1), last[which])
    return sizes


def batch_moments(
    at: NDArray[np.intp], x: Floats, shape: tuple[int, ...], weight: Floats | None = None
) -> Moments:
    """Moments of observations that belong to places of an array.

    Args:
        at: flat place of each observation.
        x: the observations.
        shape: of the array.
        weight: 0 for what was not observed, else 1.
    """
    size = int(np.prod(shape))
    w: Floats = np.ones(len(x)) if weight is None else weight
    count: Floats = np.bincount(at, w, size).astype(np.float64)
    mean: Floats = np.bincount(at, w * x, size) / np.maximum(count, 1.0)
    m2: Floats = np.bincount(at, w * (x - mean[at]) ** 2, size).astype(np.float64)
    count = count.reshape(shape)
    return Moments(count.astype(np.int64), count, count.copy(), mean.reshape(shape), m2.reshape(shape))
