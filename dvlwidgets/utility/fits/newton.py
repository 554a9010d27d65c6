"""Newton's method for many penalised losses at once.

Hessians are summed in single precision and gradients in double, so that the steps are a little off and the solution is
not; the first steps are made with Hessians that are known before.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from .conditioned import definite
from .problem import Floats

_MOST_STEPS = 60
_FIRST_STEPS = 2
"""So many steps are made with the Hessians that are given."""
_SINGLE_STEPS = 12
"""After so many steps Hessians are summed in double precision, too."""
_TOLERANCE = 1e-10
"""The error of the coefficients of standardised features that is left, as the last two steps tell."""


class Loss(Protocol):
    """A convex loss of coefficients (o, p), with weights (o, n) of the n rows."""

    def slopes(self, theta: Floats, weights: Floats) -> tuple[Floats, Floats]:
        """What the models say of the rows, and the gradients (o, p)."""
        ...

    def hessians(self, means: Floats, weights: Floats, *, single: bool) -> NDArray[Any]:
        """Hessians (o, p, p) where the models say `means`, summed in single or double precision."""
        ...


@dataclass
class _Searches:
    """Searches that are still going on, one a row; closed ones leave.

    Attributes:
        at: (o,) their positions in the batch.
        weights: (o, n) weights of the rows' losses.
        penalties: (o, p).
        theta: (o, p) where they are.
        step: (o, p) their last steps.
        promised: (o,) the descent that the last steps promised.
        size: (o,) the largest component of the last steps.
        inverses: (o, p, p) inverse Hessians where they started, for the first steps; or None.
    """

    at: NDArray[np.intp]
    weights: Floats
    penalties: Floats
    theta: Floats
    step: Floats
    promised: Floats
    size: Floats
    inverses: NDArray[np.float32] | None

    def only(self, rows: NDArray[np.bool_]) -> _Searches:
        arrays: dict[str, Any] = {f.name: getattr(self, f.name) for f in fields(self)}
        kept: dict[str, Any] = {name: None if a is None else a[rows] for name, a in arrays.items()}
        return _Searches(**kept)


class Newton:
    """Minimises a loss with quadratic penalties, for many weights at once."""

    def __init__(self, loss: Loss) -> None:
        self.loss = loss

    def solve(
        self,
        weights: Floats,
        penalties: Floats,
        theta: Floats,
        wanted: NDArray[np.bool_],
        inverses: NDArray[np.float32] | None = None,
    ) -> tuple[Floats, NDArray[np.bool_]]:
        """Coefficients (b, p), and (b,) whether they were found; searches that are not wanted are left out.

        Args:
            weights: (b, n) of the rows' losses.
            penalties: (b, p).
            theta: (b, p) where to start.
            wanted: (b,).
            inverses: (b, p, p) nearly the inverse Hessians there: the first steps are made with them.
        """
        b = len(weights)
        found, done = theta.copy(), np.zeros(b, np.bool_)
        everything = _Searches(
            np.arange(b),
            weights,
            penalties,
            theta,
            np.zeros_like(theta),
            np.full(b, np.inf),
            np.ones(b),
            inverses,
        )
        searches = everything if wanted.all() else everything.only(wanted)
        for k in range(_MOST_STEPS):
            if not len(searches.at):
                break
            if k >= _FIRST_STEPS:
                searches.inverses = None
            closed = self._advance(searches, single=k < _SINGLE_STEPS)
            found[searches.at[closed]], done[searches.at[closed]] = searches.theta[closed], True
            lost = ~np.isfinite(searches.theta).all(axis=1)
            if (closed | lost).any():
                searches = searches.only(~(closed | lost))
        return found, done

    def _advance(self, s: _Searches, *, single: bool) -> NDArray[np.bool_]:
        """A Newton step of each search, or half of its last one taken back where that went too far.

        Returns:
            (o,) where the optimum is reached.
        """
        means, gradient = self.loss.slopes(s.theta, s.weights)
        gradient += s.penalties * s.theta
        far = (gradient * s.step).sum(axis=1) > 0.5 * s.promised
        if s.inverses is not None:
            newton = -(s.inverses @ gradient.astype(np.float32)[:, :, None])[:, :, 0].astype(np.float64)
        else:
            newton = -self._solved(s, means, gradient, single=single)
        step = np.where(far[:, None], 0.5 * s.step, newton)
        s.theta = s.theta + np.where(far[:, None], -step, step)
        s.promised = np.where(far, 0.5 * s.promised, -(gradient * newton).sum(axis=1))
        size = np.abs(step).max(axis=1)
        left = size * np.minimum(1.0, size / s.size)  # Newton's steps shrink faster and faster
        s.step, s.size = step, size
        reached: NDArray[np.bool_] = (
            ~far & (s.inverses is None) & (left <= _TOLERANCE * (1.0 + np.abs(s.theta).max(axis=1)))
        )
        return reached

    def _solved(self, s: _Searches, means: Floats, right: Floats, *, single: bool) -> Floats:
        """Hessians applied inversely to (o, p)."""
        matrices = self.hessians(means, s.weights, s.penalties, single=single)
        found = definite(matrices, right[:, :, None])[:, :, 0].astype(np.float64, copy=False)
        bad = np.isnan(found[:, 0])
        if single and bad.any():  # not positive definite in so few digits
            matrices = self.hessians(means[bad], s.weights[bad], s.penalties[bad], single=False)
            found[bad] = definite(matrices, right[bad, :, None])[:, :, 0]
        return found

    def hessians(self, means: Floats, weights: Floats, penalties: Floats, *, single: bool) -> NDArray[Any]:
        """(o, p, p) where the models say `means`, summed in single or double precision."""
        matrices = self.loss.hessians(means, weights, single=single)
        diagonal = np.arange(matrices.shape[1])
        matrices[:, diagonal, diagonal] += penalties
        return matrices
