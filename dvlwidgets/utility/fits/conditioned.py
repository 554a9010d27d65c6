"""Symmetric systems of all subsets, solved together, and how far their solutions can be trusted."""

from __future__ import annotations

import functools

import numpy as np
from numpy.typing import NDArray

from .problem import Floats

_PROBES = 2


def solved(packed: Floats, right: Floats, wanted: NDArray[np.bool_]) -> tuple[Floats, Floats, Floats]:
    """Solutions of b systems of d equations, and what they are worth.

    Matrices are scaled to a unit diagonal; solutions for random signs tell how badly they are conditioned, to a small
    factor.

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
    scaled = (packed * (inverse[:, i] * inverse[:, j]))[:, place].reshape(b, d, d)
    if not good.all():
        scaled[~good] = np.eye(d)
    found, condition = tested(scaled, right * inverse[:, :, None])
    return found * inverse[:, :, None], np.where(good, condition, np.inf), unit


def tested(matrices: Floats, right: Floats) -> tuple[Floats, Floats]:
    """Solutions (b, d, o) of systems whose matrices have diagonals near 1, and about their condition numbers (b,)."""
    b, d, o = right.shape
    probes = np.broadcast_to(_signs(d), (b, d, _PROBES))
    try:
        found = np.asarray(np.linalg.solve(matrices, np.concatenate([right, probes], axis=2)), np.float64)
    except np.linalg.LinAlgError:  # one that is exactly singular stops the whole batch
        return np.zeros((b, d, o)), np.full(b, np.inf)
    condition = np.abs(found[:, :, o:]).max(axis=(1, 2)) * d
    condition[~np.isfinite(found).all(axis=(1, 2))] = np.inf
    return found[:, :, :o], condition


@functools.cache
def _signs(d: int) -> Floats:
    signs = np.random.Generator(np.random.Philox(0)).integers(0, 2, (d, _PROBES))
    return np.asarray(2 * signs - 1, np.float64)


@functools.cache
def halves(d: int) -> tuple[NDArray[np.intp], NDArray[np.intp], NDArray[np.intp]]:
    """Rows and columns of the upper half of a matrix, and where in it each entry of the whole lies, flat."""
    i, j = np.triu_indices(d)
    place = np.empty((d, d), np.intp)
    place[i, j] = place[j, i] = np.arange(len(i))
    return i, j, place.ravel()
