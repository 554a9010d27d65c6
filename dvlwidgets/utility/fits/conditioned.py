"""Symmetric systems of all subsets, solved by Cholesky factors, and how far their solutions can be trusted."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import lapack

from .problem import Floats

SINGULAR = 1e10
"""The largest condition number; scikit-learn solves the same equations, so beyond it nobody knows eight digits."""
_DOUBTFUL = 1e4
"""Condition numbers beyond which a second estimate is made."""
_LEAST = 1e-150
"""Squares of pivots below count as this."""
_TOGETHER = 32
"""So many matrices are filled, factored and looked at before the next: their room stays in the caches."""


def solved(packed: Floats, right: Floats, wanted: NDArray[np.bool_]) -> tuple[Floats, Floats, Floats]:
    """Solutions of b systems of d equations, and what they are worth.

    Matrices are scaled to a unit diagonal.

    Args:
        packed: (b, d (d + 1) / 2) upper halves of symmetric matrices, row by row.
        right: (b, d, o).
        wanted: (b,) which systems are to be solved.

    Returns:
        Solutions (b, d, o), condition numbers of the scaled matrices (b,), infinite where there is no solution, and
        roots of the diagonals (b, d).
    """
    b, d = right.shape[:2]
    i, j, _ = halves(d)
    diagonal = packed[:, i == j]
    good = wanted & (diagonal > 0).all(axis=1)
    unit = np.sqrt(np.where(good[:, None], diagonal, 1.0))
    inverse = 1.0 / unit
    scaled = packed * (inverse.take(i, axis=1) * inverse.take(j, axis=1))
    if not good.all():
        scaled[~good] = i == j
    found, condition = tested_halves(scaled, right * inverse[:, :, None], np.ones(b))
    return found * inverse[:, :, None], np.where(good, condition, np.inf), unit


def tested_halves(packed: Floats, right: Floats, largest: Floats) -> tuple[Floats, Floats]:
    """As `tested`, of upper halves (b, d (d + 1) / 2) of the matrices, which are left as they are."""
    b, d, o = right.shape
    pivots, bad = np.empty(b), []
    found = np.empty((b, o, d))
    found[:] = right.transpose(0, 2, 1)
    for low, matrices in _filled(packed, d):
        part = slice(low, low + len(matrices))
        bad += [low + k for k in _solve(matrices, found[part])]
        np.minimum.reduce(_diagonals(matrices), axis=1, out=pivots[part])

    def probe(one: int) -> Floats:
        ((_, matrix),) = _filled(packed[one : one + 1], d)
        return definite(matrix, _signs(d)[None, :, None])

    return found.transpose(0, 2, 1), _conditions(pivots, bad, largest * d, probe)


def tested(matrices: Floats, right: Floats, largest: Floats) -> tuple[Floats, Floats]:
    """Solutions (b, d, o) of systems, and about the condition numbers (b,) of their matrices.

    The smallest square on the diagonal of a factor tells how badly a matrix is conditioned, and where that is doubtful
    also a solution for random signs; both to a small factor. The condition is infinite where a matrix is not positive
    definite.

    Args:
        matrices: (b, d, d), of which the lower halves are read; overwritten.
        right: (b, d, o).
        largest: (b,) the largest numbers on the diagonals.
    """
    b, d, o = right.shape
    found = np.empty((b, o, d))
    found[:] = right.transpose(0, 2, 1)
    bad = _solve(matrices, found)

    def probe(one: int) -> Floats:
        return np.asarray(lapack.dpotrs(matrices[one].T, _signs(d))[0])

    pivots = np.minimum.reduce(_diagonals(matrices), axis=1)
    return found.transpose(0, 2, 1), _conditions(pivots, bad, largest * d, probe)


def _conditions(pivots: Floats, bad: list[int], traces: Floats, probe: Callable[[int], Floats]) -> Floats:
    """Condition numbers (b,) from the least numbers on the diagonals of factors, and bounds of the traces.

    Args:
        pivots: (b,).
        bad: which have no factor.
        traces: (b,).
        probe: solutions of one of the systems for random signs.
    """
    condition = traces / np.maximum(pivots * pivots, _LEAST)
    if bad:
        condition[bad] = np.inf
    if not np.maximum.reduce(condition) <= _DOUBTFUL:
        for b in np.flatnonzero((condition > _DOUBTFUL) & (condition < np.inf)).tolist():
            condition[b] = max(condition[b], traces[b] * np.abs(probe(b)).max())
    return condition


def definite_halves(packed: Floats, right: Floats) -> Floats:
    """As `definite`, of upper halves (b, d (d + 1) / 2) of the matrices, which are left as they are."""
    b, d, o = right.shape
    found = np.empty((b, o, d))
    found[:] = right.transpose(0, 2, 1)
    for low, matrices in _filled(packed, d):
        _solve(matrices, found[low : low + len(matrices)])
    return found.transpose(0, 2, 1)


def definite(matrices: NDArray[Any], right: NDArray[Any]) -> NDArray[Any]:
    """Solutions (b, d, o) of systems with positive definite matrices (b, d, d); NaN where one is not.

    LAPACK is called once a system: factors of small matrices cost half of what numpy's general solver takes. Of the
    matrices, of dtype float64 or float32 and in C order, the lower halves are read, and overwritten by factors.
    """
    b, d, o = right.shape
    found = np.empty((b, o, d), matrices.dtype)  # so that one system's solutions lie as LAPACK wants them
    found[:] = right.transpose(0, 2, 1)
    _solve(matrices, found)
    return found.transpose(0, 2, 1)


def _solve(matrices: NDArray[Any], answers: NDArray[Any]) -> list[int]:
    """Right sides (b, o, d) become solutions, NaN of matrices that are not definite; and which those are."""
    assert matrices.flags.c_contiguous
    posv = lapack.sposv if matrices.dtype == np.float32 else lapack.dposv
    bad = []
    for k, (matrix, answer) in enumerate(
        zip(matrices.transpose(0, 2, 1), answers.transpose(0, 2, 1), strict=True)
    ):
        if posv(matrix, answer, 0, 1, 1)[2]:
            answers[k] = np.nan
            bad.append(k)
    return bad


def _filled(packed: Floats, d: int) -> Iterator[tuple[int, Floats]]:
    """Matrices (k, d, d) of a few systems, of which only the lower halves are filled, and the position of the first.

    The next ones take the same room.
    """
    i, j, _ = halves(d)
    places = j * d + i
    room = np.zeros((min(len(packed), _TOGETHER), d * d))
    for low in range(0, len(packed), _TOGETHER):
        few = packed[low : low + _TOGETHER]
        room[: len(few), places] = few
        yield low, room[: len(few)].reshape(len(few), d, d)


def _diagonals(matrices: Floats) -> Floats:
    """(b, d) numbers, which may be written to."""
    b, d, _ = matrices.shape
    return matrices.reshape(b, d * d)[:, :: d + 1]


@functools.cache
def _signs(d: int) -> Floats:
    signs = np.random.Generator(np.random.Philox(0)).integers(0, 2, d)
    return np.asarray(2 * signs - 1, np.float64)


@functools.cache
def halves(d: int) -> tuple[NDArray[np.intp], NDArray[np.intp], NDArray[np.intp]]:
    """Rows and columns of the upper half of a matrix, and where in it each entry of the whole lies, flat."""
    i, j = np.triu_indices(d)
    place = np.empty((d, d), np.intp)
    place[i, j] = place[j, i] = np.arange(len(i))
    return i, j, place.ravel()
