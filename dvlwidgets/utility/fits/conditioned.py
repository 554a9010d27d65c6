"""Symmetric systems of all subsets, solved by Cholesky factors, and how far their solutions can be trusted."""

from __future__ import annotations

import functools
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import lapack

from .problem import Floats

SINGULAR = 1e10
"""The largest condition number; scikit-learn solves the same equations, so beyond it nobody knows eight digits."""
_DOUBTFUL = 1e4
"""Condition numbers beyond which a second estimate is made."""


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
    i, j, place = halves(d)
    diagonal = packed[:, place[:: d + 1]]
    good = wanted & (diagonal > 0).all(axis=1)
    unit = np.sqrt(np.where(good[:, None], diagonal, 1.0))
    inverse = 1.0 / unit
    scaled = (
        (packed * (inverse.take(i, axis=1) * inverse.take(j, axis=1))).take(place, axis=1).reshape(b, d, d)
    )
    if not good.all():
        scaled[~good] = np.eye(d)
    found, condition = tested(scaled, right * inverse[:, :, None], np.ones(b))
    return found * inverse[:, :, None], np.where(good, condition, np.inf), unit


def tested(matrices: Floats, right: Floats, largest: Floats) -> tuple[Floats, Floats]:
    """Solutions (b, d, o) of systems, and about the condition numbers (b,) of their matrices.

    The smallest square on the diagonal of a factor tells how badly a matrix is conditioned, and where that is doubtful
    also a solution for random signs; both to a small factor. The condition is infinite where a matrix is not positive
    definite.

    Args:
        matrices: (b, d, d), overwritten.
        right: (b, d, o).
        largest: (b,) the largest numbers on the diagonals.
    """
    d = right.shape[1]
    found = definite(matrices, right)
    pivots = matrices.reshape(len(matrices), d * d)[:, :: d + 1].min(axis=1)
    with np.errstate(divide="ignore", invalid="ignore"):
        condition = largest * d / pivots**2
    condition[~np.isfinite(found[:, 0, 0])] = np.inf
    for b in np.flatnonzero((condition > _DOUBTFUL) & np.isfinite(condition)):
        probe = lapack.dpotrs(matrices[b].T, _signs(d))[0]
        condition[b] = max(condition[b], largest[b] * d * np.abs(probe).max())
    return found, condition


def definite(matrices: NDArray[Any], right: NDArray[Any]) -> NDArray[Any]:
    """Solutions (b, d, o) of systems with positive definite matrices (b, d, d); NaN where one is not.

    LAPACK is called once a system: factors of small matrices cost half of what numpy's general solver takes. The
    matrices, of dtype float64 or float32 and in C order, are overwritten by their factors.
    """
    assert matrices.flags.c_contiguous
    posv = lapack.sposv if matrices.dtype == np.float32 else lapack.dposv
    b, d, o = right.shape
    found = np.empty((b, o, d), matrices.dtype)  # so that one system's solutions lie as LAPACK wants them
    found[:] = right.transpose(0, 2, 1)
    for k, (matrix, answer) in enumerate(
        zip(matrices.transpose(0, 2, 1), found.transpose(0, 2, 1), strict=True)
    ):
        if posv(matrix, answer, 0, 1, 1)[2]:
            found[k] = np.nan
    return found.transpose(0, 2, 1)


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
