"""What a regression of the utility may look at: the features of a subset.

Of a subset S of size s these are functions of s (free), and for each point j: its membership m_j - s / n, the same
times 2 s / n - 1, the same over s (what a point adds to an average), for few points all pairs, and the votes of the
nearest neighbours where the utility has such. Given the size they have mean 0, so that the parts hardly disturb each
other.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from ...typing import Masks
from ...utility.votes import Votes
from .surrogate import Floats, Surrogate

FREE = 4
"""Columns that are functions of the size alone; they come first and are not penalised."""
MOST_PAIRED = 32
"""With more points the pairs are too many to be learned from what a run can afford."""
MOST_SHAPED = 120
"""With more points only memberships are learned: the matrices grow with the square of the features."""
LEVELS = 127
"""Roots of weights are whole numbers up to this where sums are exact in float32."""
ROUGH = 0.2
"""No weight may be changed by more than this share for that."""
ROWS_A_POINT = 8
"""Memberships are learned from so many rows for each point on: before, they add more noise than they take."""


@dataclass(frozen=True)
class Features:
    """The features of n points and where their parts begin.

    Attributes:
        n: points.
        weights: how much a row of each size 0..n counts.
        votes: the votes of neighbours in subsets, where the utility has such.
    """

    n: int
    weights: Floats
    votes: Votes | None = None

    @cached_property
    def free(self) -> Floats:
        """The functions of the size, shape (FREE, n + 1)."""
        s = np.maximum(np.arange(self.n + 1), 0.5)
        return np.stack([np.ones(self.n + 1), s / self.n, np.log(s / self.n), 1.0 / s])

    @cached_property
    def shapes(self) -> Floats:
        """The functions h of the size that memberships are multiplied with, shape (1 or 3, n + 1)."""
        s = np.maximum(np.arange(self.n + 1), 1.0)
        plain = np.ones(self.n + 1)
        if self.n > MOST_SHAPED:
            return plain[None]
        return np.stack([plain, 2.0 * s / self.n - 1.0, self.n / (2.0 * s)])

    @cached_property
    def levels(self) -> Floats | None:
        """The roots of the weights of sizes 0..n as whole numbers, in some unit; None where that is too rough.

        It is tried where memberships are all there is to a point, so that products of rows are products of these.
        """
        if len(self.shapes) > 1 or len(self.couples[0]):
            return None
        shares = self.weights / self.weights.max()
        levels: Floats = np.rint(LEVELS * np.sqrt(shares))
        return levels if (np.abs((levels / LEVELS) ** 2 - shares) <= ROUGH * shares).all() else None

    @cached_property
    def couples(self) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
        """The pairs of points, first and second of each."""
        if self.n > MOST_PAIRED:
            return np.zeros(0, np.intp), np.zeros(0, np.intp)
        first, second = np.triu_indices(self.n, 1)
        return first, second

    @cached_property
    def votes_of_sizes(self) -> Floats:
        """The mean votes of each size, shape (K, n + 1); no rows without votes."""
        return np.zeros((0, self.n + 1)) if self.votes is None else self.votes.of_sizes()

    @property
    def count(self) -> int:
        """Columns in all: functions of the size, memberships, pairs, votes."""
        return self._before_votes + len(self.votes_of_sizes)

    @property
    def _before_votes(self) -> int:
        return FREE + len(self.shapes) * self.n + len(self.couples[0])

    def candidates(self, rows: int) -> list[NDArray[np.intp]]:
        """Which penalised columns may be learned together from so many rows, smaller sets first."""
        voices = [np.arange(self._before_votes, self.count)] if self.votes is not None else []
        sets = [np.zeros(0, np.intp), *voices]
        if rows >= ROWS_A_POINT * self.n:
            members = self._memberships()
            sets += [*members, *(np.concatenate([columns, *voices]) for columns in members if voices)]
        return [columns for columns in sets if 2 * len(columns) <= rows]

    def _memberships(self) -> list[NDArray[np.intp]]:
        """Sets of columns with memberships, and with pairs where they are few."""
        n, paired = self.n, len(self.couples[0])
        parts = [np.arange(FREE + h * n, FREE + (h + 1) * n) for h in range(len(self.shapes))]
        together = [[0]] if len(parts) == 1 else [[0], [0, 1], [0, 2]]
        found = [np.concatenate([parts[h] for h in chosen]) for chosen in together]
        if paired:
            last = np.arange(self._before_votes - paired, self._before_votes)
            found += [np.concatenate([found[0], last]), np.concatenate([found[-1], last])]
        return found

    def beside(self, size: NDArray[np.intp], counted: Floats | None = None) -> list[Floats]:
        """The features that are no memberships, of subsets of these sizes: (B, FREE), and (B, K) where votes are."""
        free = self.free[:, size].T
        return [free] if counted is None else [free, counted - self.votes_of_sizes[:, size].T]

    def rows(self, masks: Masks, counted: Floats | None = None) -> Floats:
        """The features of subsets, shape (B, count); `counted` are their votes."""
        size, n = masks.sum(axis=1), self.n
        centred = masks - (size / n)[:, None]
        free, *votes = self.beside(size, counted)
        columns = [free, *(centred * h[size][:, None] for h in self.shapes)]
        first, second = self.couples
        if len(first):
            both = masks[:, first] & masks[:, second]
            columns.append(both - (size * (size - 1) / (n * (n - 1)))[:, None])
        return np.concatenate([*columns, *votes], axis=1)

    def surrogate(self, beta: Floats) -> Surrogate:
        """The function with these coefficients, the centring taken apart."""
        n, h = self.n, len(self.shapes)
        s = np.arange(n + 1)
        slopes = beta[FREE : FREE + h * n].reshape(h, n)
        sizes = beta[:FREE] @ self.free - (slopes.sum(axis=1)[:, None] * self.shapes * (s / n)).sum(axis=0)
        pairs, heeds = None, None
        first, second = self.couples
        if len(first):
            each = beta[FREE + h * n : self._before_votes]
            pairs = np.zeros((n, n))
            pairs[first, second] = pairs[second, first] = each
            sizes = sizes - each.sum() * s * (s - 1) / (n * (n - 1))
        if self.votes is not None:
            heeds = beta[self._before_votes :]
            sizes = sizes - heeds @ self.votes_of_sizes
        return Surrogate(sizes, self.shapes, slopes, pairs, heeds, self.votes)
