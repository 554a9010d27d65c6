"""Ridge coefficients for several penalties at once, from one reduction of the matrix to a tridiagonal one.

A matrix of random memberships is near a multiple of the identity, so a few dozen steps of Lanczos' method from the
target say all that the reduction of the whole matrix would: a product with the matrix each, for all penalties
together. Smaller matrices, and those that it does not get along with, are reduced by Householder reflections.
Lanczos (1950); Frommer & Maass, Fast CG-based methods for Tikhonov-Phillips regularization (1999).
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from scipy.linalg import lapack

from .surrogate import Floats

WORK = 64
"""Columns that LAPACK works on at a time."""

LARGE = 96
"""From so many columns on Lanczos' method is tried."""

LOOK = 4
"""Steps between two looks at what is left."""

LEFT = 1e-9
"""What may be left of the target, at the smallest penalty: a surrogate need not be the best one to be unbiased."""


def from_reflections(gram: Floats, target: Floats, floors: Floats) -> Floats:
    """(gram + floor)^-1 target for several floors, shape (k, floors).

    With gram = Q T Q' each floor costs k operations, and Q is applied from its reflectors: a third of the time that
    eigenvectors take.

    Args:
        gram: symmetric, without negative eigenvalues beyond rounding, shape (k, k).
        target: (k,).
        floors: positive.
    """
    k = len(gram)
    if k == 1:
        return target[:, None] / (max(float(gram[0, 0]), 0.0) + floors)
    reflectors, diagonal, beside, tau, _ = lapack.dsytrd(gram, lower=1, lwork=WORK * k)
    house = reflectors[1:, :-1]  # H(1) ... H(k - 1) leave the first row alone

    def turned(columns: Floats, how: str) -> Floats:
        below, *_ = lapack.dormqr("L", how, house, tau, columns[1:], WORK * k)
        return np.concatenate([columns[:1], below])

    # the smallest penalty is far above the rounding of a matrix without negative eigenvalues: never singular
    return turned(_tridiagonal(diagonal, beside, turned(target[:, None], "T"), floors), "N")


def from_target(gram: Callable[[Floats], Floats], target: Floats, floors: Floats) -> Floats | None:
    """The same with an orthonormal basis of target, gram target, gram^2 target, ...

    Args:
        gram: gives its product with a vector (k,), in a new array.
        target: (k,).
        floors: positive.

    Returns:
        None if k / 4 vectors of the basis are not enough.
    """
    k, length = len(target), float(np.linalg.norm(target))
    if length == 0.0:
        return np.zeros((k, len(floors)))
    most = k // 4
    basis, diagonal, beside = np.empty((most, k)), np.empty(most), np.empty(most)
    basis[0] = target / length
    smallest = floors.min(keepdims=True)
    for j in range(most):
        so_far = basis[: j + 1]
        new = gram(basis[j])
        along = so_far @ new
        diagonal[j] = along[j]
        new -= along @ so_far
        new -= (so_far @ new) @ so_far  # once more: rounding would let the basis lean
        beside[j] = np.linalg.norm(new)
        over = beside[j] <= LEFT * diagonal[0]
        if over or j % LOOK == LOOK - 1:
            start = np.zeros((j + 1, 1))
            start[0] = length
            last = _tridiagonal(diagonal[: j + 1], beside[:j], start, smallest)[-1, 0]
            if over or beside[j] * abs(last) <= LEFT * length:
                return so_far.T @ _tridiagonal(diagonal[: j + 1], beside[:j], start, floors)
        if j + 1 < most:
            basis[j + 1] = new / beside[j]
    return None


def _tridiagonal(diagonal: Floats, beside: Floats, known: Floats, floors: Floats) -> Floats:
    """(T + floor)^-1 known, a column a floor."""
    if len(diagonal) == 1:
        return known[:1] / (diagonal + floors)
    return np.concatenate([lapack.dptsv(diagonal + floor, beside, known)[2] for floor in floors], axis=1)
