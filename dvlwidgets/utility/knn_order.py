"""Ranking rows by distance: one sort of whole numbers that hold the distance above and the row below.

`np.sort` of 64 bits is several times quicker than any argsort, and needs no gather: a distance as a fixed-point number
in the upper bits and the row in the lower ones, so that equal distances rank the lower row first. Rows whose numbers
are too close to tell apart are looked at again with exact distances. Whole numbers below 2**62 are sorted as the floats
of the same bits, which are positive and in the same order: processors compare those quicker.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.spatial.distance import cdist

from ..errors import InputError
from ..typing import Indices

Floats = NDArray[np.float64]
Measure = Callable[[int, Indices], Floats]
"""Exact distances of the i-th test point to some rows: the same numbers, whatever rows are asked for."""

ROOM = 62
"""Bits of a distance and a row together."""

POINT = 2.0**52
"""A float of this size has its whole part in its last 52 bits."""

ROWS = 512
"""Rows that are turned into columns at a time: so few stay in the processor's cache."""

CROWDED = 1 / 16
"""Where more of a test point's rows are too close to tell apart, all of them are measured again."""


def ranking(distances: Floats) -> Indices:
    """Training rows from the nearest to the farthest, ties to the lower row: shape (t, n)."""
    n = distances.shape[1]
    low = distances.min(axis=1, initial=np.inf)[:, None]
    with np.errstate(invalid="ignore"):
        span = distances.max(axis=1, initial=-np.inf)[:, None] - low
    if n < 2 or not (np.isfinite(span).all() and (span > 1e-290).all()):
        return np.argsort(distances, axis=1, kind="stable")
    cells = distances - low
    cells *= _cells(n) / span
    cells += POINT
    # the map to cells is monotone: only within a cell can the order be wrong
    return ranked_cells(cells, 0.0, lambda i, rows: distances[i, rows])


def ranked_cells(cells: Floats, blur: float, measure: Measure) -> Indices:
    """Rows from near to far, ties to the lower row, shape (t, n).

    Args:
        cells: distances as fixed-point numbers from `POINT` to `POINT + _cells(n)`, shape (t, n); overwritten.
        blur: how far two numbers may be apart that might be in the wrong order or equal.
        measure: decides then.
    """
    bits = _bits(cells.shape[1])
    keys = cells.view(np.uint64)
    if bits < 12:  # else the shift carries the exponents out
        keys &= np.uint64(2**52 - 1)
    keys = _sorted(keys, bits)
    gaps = keys[:, 1:] - keys[:, :-1]
    limit = np.uint64(int(np.ceil(blur)) + 1 << bits)
    close = np.flatnonzero(gaps.min(axis=1, initial=np.iinfo(np.uint64).max) < limit)
    keys &= np.uint64((1 << bits) - 1)
    order: Indices = keys.view(np.intp)
    for i in close:
        look_again(order[i], gaps[i] < limit, partial(measure, int(i)))
    return order


def ranked_single(squares: NDArray[np.float32]) -> Indices:
    """Rows from near to far by float32 numbers that are not negative, ties of these to the lower row: shape (t, n)."""
    bits = _bits(squares.shape[1])
    # such floats are in the order of their bits
    keys = _sorted(squares.view(np.uint32).astype(np.uint64), ROOM - 31)
    keys &= np.uint64((1 << bits) - 1)
    return keys.view(np.intp)


def _single(squares: NDArray[np.float32], size: Floats) -> Indices:
    squares += size.astype(np.float32)[:, None]
    np.maximum(squares, np.float32(0.0), out=squares)
    squares += np.float32(0.0)  # no -0.0, whose bits are a large number
    return ranked_single(squares)


def _sorted(keys: NDArray[np.uint64], bits: int) -> NDArray[np.uint64]:
    keys <<= np.uint64(bits)
    keys |= np.arange(keys.shape[1], dtype=np.uint64)
    keys.view(np.float64).sort(axis=1)
    return keys


def look_again(order: Indices, close: NDArray[np.bool_], measure: Callable[[Indices], Floats]) -> None:
    """Put a test point's rows that are close to their neighbours in rank in order, in place.

    Args:
        order: rows from near to far, shape (n,), right but for rows that are close to each other.
        close: whether each is close to the next, shape (n - 1,).
        measure: exact distances of some rows.
    """
    if close.sum() > CROWDED * len(order):
        order[:] = np.argsort(measure(np.arange(len(order))), kind="stable")
        return
    nearer = np.flatnonzero(close)
    ranks = np.union1d(nearer, nearer + 1)
    # ranks of one run are close to each other, if by others between them
    run = np.cumsum(np.r_[True, ~close[ranks[1:] - 1]])
    rows = order[ranks]
    order[ranks] = rows[np.lexsort((rows, measure(rows), run))]


def measured(x_test: NDArray[Any], x: NDArray[Any], point: int, rows: Indices) -> Floats:
    """Exact distances of a test point to some training rows, shape (len(rows),)."""
    found: Floats = cdist(x_test[point : point + 1], x[rows])[0]
    return found


def _bits(n: int) -> int:
    return max(1, (n - 1).bit_length())


def _cells(n: int) -> float:
    """How many fixed-point numbers there is room for, less a few at either end for rounding."""
    return 2.0 ** min(52, ROOM - _bits(n)) * (1.0 - 2.0**-20)


class EuclideanOrder:
    """Ranks by Euclidean distance from matrix products of centred numbers.

    In float64 ranks are those of sums of squared differences, ties included: where a product cannot tell, the rows are
    measured again. In float32 they are those of float32 products, at half the memory and half the arithmetic: rows
    whose squared distances agree to about 6 digits may change places, copies among them.

    Args:
        x: training rows, shape (n, d).
        x_test: test points, shape (t, d).
        dtype: of the products, float64 or float32.

    Raises:
        InputError: if float32 cannot hold the squares.
    """

    def __init__(self, x: NDArray[Any], x_test: NDArray[Any], dtype: Any = np.float64) -> None:
        self.x, self.x_test = x, x_test
        self.single = np.dtype(dtype) == np.float32
        self.centre = x.mean(axis=0, dtype=np.float64)
        n, d = x.shape
        # The squared norm as a last row: a product with (-2 u, 1) is |v|^2 - 2 uv. One row a feature, since products
        # of a few test points with it are quicker than with one row a point.
        self.right = np.empty((d + 1, n), dtype)
        with np.errstate(over="ignore"):
            for a in range(0, n, ROWS):
                part = slice(a, a + ROWS)
                np.subtract(x[part].T, self.centre[:, None], out=self.right[:d, part], casting="same_kind")
            self.right[d] = np.einsum("ij,ij->j", self.right[:d], self.right[:d])
        self.reach = float(np.sqrt(self.right[d].max()))
        if self.single and not np.isfinite(self.reach):
            raise InputError(
                "dtype='float32' cannot hold squares of features so large. Scale them, or use 'float64'."
            )

    def __call__(self, at: Indices) -> Indices:
        """Rows from near to far for the test points at these positions, shape (len(at), n)."""
        return next(self.pieces(at, max(1, len(at))))

    def pieces(self, at: Indices, together: int) -> Iterator[Indices]:
        """The same for so many test points at a time, shape (together, n) but for the last: one product serves all."""
        u = self.x_test[at] - self.centre
        with np.errstate(over="ignore"):
            size = np.einsum("ij,ij->i", u, u)
            span = (np.sqrt(size) + self.reach) ** 2
        left = np.concatenate([-2.0 * u, np.ones((len(u), 1))], axis=1)
        parts = [slice(a, a + together) for a in range(0, max(1, len(at)), together)]
        n, d = self.x.shape
        if self.single:
            squares = left.astype(np.float32) @ self.right
            yield from (_single(squares[part], size[part]) for part in parts)
            return
        if n < 2 or not (np.isfinite(span).all() and (span > 1e-290).all()):
            yield from (ranking(cdist(self.x_test[at[part]], self.x)) for part in parts)
            return
        unit = _cells(n) / span
        blur = 4.0 * np.finfo(float).eps * (d + 4) * _cells(n) + 2.0
        left *= unit[:, None]
        cells: Floats = left @ self.right
        # the product's rounding must not carry it below the first cell
        first = (size * unit + (POINT + blur))[:, None]
        for part in parts:
            cells[part] += first[part]
            yield ranked_cells(cells[part], blur, partial(self._measure_of, at[part]))

    def _measure_of(self, at: Indices, i: int, rows: Indices) -> Floats:
        """Exact distances of the i-th of some test points to some rows, shape (len(rows),)."""
        return measured(self.x_test, self.x, int(at[i]), rows)
