"""Symmetric systems of all subsets, solved together, and how far their solutions can be trusted."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from .problem import Floats

_PROBES = 3


class Systems:
    """Solves b systems of d equations whose matrices are scaled to a unit diagonal.

    Args:
        d: number of equations.
    """

    def __init__(self, d: int) -> None:
        self.d = d
        signs = np.random.Generator(np.random.Philox(0)).integers(0, 2, (d, _PROBES))
        self.probes = 2.0 * signs - 1.0

    def solve(
        self, matrices: Floats, right: Floats, wanted: NDArray[np.bool_]
    ) -> tuple[Floats, Floats, Floats]:
        """Solutions, and what they are worth.

        Solutions for a few random signs tell how badly a matrix is conditioned, to a small factor.

        Args:
            matrices: (b, d, d), symmetric.
            right: (b, d, o).
            wanted: (b,) which systems are to be solved.

        Returns:
            Solutions (b, d, o), condition numbers of the scaled matrices (b,), infinite where there is no solution,
            and roots of the diagonals (b, d).
        """
        b, d, o = right.shape
        diagonal = np.einsum("bii->bi", matrices)
        good = wanted & (diagonal > 0).all(axis=1)
        unit = np.sqrt(np.where(good[:, None], diagonal, 1.0))
        scaled = matrices / unit[:, :, None] / unit[:, None, :]
        scaled[~good] = np.eye(d)
        probes = np.broadcast_to(self.probes, (b, d, _PROBES))
        try:
            found = np.linalg.solve(scaled, np.concatenate([right / unit[:, :, None], probes], axis=2))
        except np.linalg.LinAlgError:  # one that is exactly singular stops the whole batch
            return np.zeros((b, d, o)), np.full(b, np.inf), unit
        condition = np.where(good, np.abs(found[:, :, o:]).max(axis=(1, 2)) * d, np.inf)
        condition[~np.isfinite(found).all(axis=(1, 2))] = np.inf
        return found[:, :, :o] / unit[:, :, None], condition, unit
