"""Influences under several dampings, and which to take: damping decides more than the choice of a method.

An influence method stands for the inverse of a large matrix. Of each damping it is asked how well the method then
solves the system that it stands for: for test gradients v and their solutions z, the squared cosine between z and the
exact solution in the norm of G + w is, up to a factor that no damping changes, (z v)^2 / (z (G + w) z). G is the exact
Gauss-Newton matrix on some training points; w is the weight decay that the model was trained with, read off the model
(`stationarity.py`), or the damping that the data speak for (`evidence.py`) where that is more. Scores are compared
within a test point, where scale does not matter, hence a cosine. An exact method is so told to take w.

Measured on 900 digits against retraining on 100 half subsets (linear datamodeling score, LDS), logistic models and
MLPs, weight decay 0 to 1e-2, with and without label noise, nine cases: EKFAC with the damping so found is within .016
of the best damping's LDS (the mean eigenvalue itself loses .03 to .14, a tenth of it up to .02); the exact Gauss-Newton
matrix within .01, but for an MLP on noisy labels, where it loses .06. For single points left out of a model at its
minimum the weight decay alone, `found.decay.rate`, is the exact method's damping.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from ..errors import InputError, InputTypeError
from .base import InfluenceFunctionModel
from .batches import Batches
from .damping_look import PLAIN, Look, Tried
from .layout import damping
from .stationarity import Decay


@dataclass(frozen=True, repr=False)
class RegularizationExploration:
    """What several dampings make of the same influences.

    Attributes:
        values: the dampings, ascending, shape (r,).
        recommended: the damping to take, one of the values unless nothing could be compared.
        reason: why, in words.
        agreement: from 0 to 1, how near the solutions under each damping come to the exact ones, as a share of the
            best damping's; NaN where it could not be told. Shape (r,).
        norms: root of the mean squared score, shape (r,).
        neighbours: mean rank correlation of a test point's scores with those under the next damping, shape (r - 1,).
        scores: influences of the training points looked at on the test points looked at, shape (r, q, n).
        tests: positions of these test points, shape (q,).
        trains: positions of these training points, shape (n,).
        mean_eigenvalue: of the curvature: trace over size.
        decay: the weight decay that the model seems to be trained with.
        evidence: the damping that the data speak for.
        refused: what the method said of dampings that it could not work with, by damping.
    """

    values: NDArray[np.float64]
    recommended: float
    reason: str
    agreement: NDArray[np.float64]
    norms: NDArray[np.float64]
    neighbours: NDArray[np.float64]
    scores: NDArray[np.float32]
    tests: NDArray[np.int64]
    trains: NDArray[np.int64]
    mean_eigenvalue: float
    decay: Decay
    evidence: float
    refused: dict[float, str] = field(default_factory=dict)

    def __repr__(self) -> str:
        lines = [
            f"RegularizationExploration: take {self.recommended:.3g}. {self.reason}",
            "     damping  x mean eigenvalue  agreement  size of scores  ranking of the next",
        ]
        for i, value in enumerate(self.values):
            mark = ">" if value == self.recommended else " "
            following = f"{self.neighbours[i]:19.3f}" if i < len(self.neighbours) else ""
            multiple = value / self.mean_eigenvalue if self.mean_eigenvalue else float("nan")
            numbers = f"{value:10.3g} {multiple:18.3g} {self.agreement[i]:10.3f} {self.norms[i]:15.3g}"
            lines.append(f"{mark} {numbers} {following}".rstrip())
        lines += [f"  {value:.3g} refused: {why}" for value, why in self.refused.items()]
        return "\n".join(lines)


def explore_regularization(
    model: InfluenceFunctionModel, test: Any, train: Any, values: Iterable[float] | None = None
) -> RegularizationExploration:
    """Influences under several dampings, without a refit, and a recommendation computed from the data.

    The model keeps its own damping: `model.with_regularization(found.recommended)` takes the new one. Of an ensemble
    the first member is compared with its exact curvature.

    Args:
        model: fitted, of any method with a damping.
        test: test data, of any kind; 64 points are looked at.
        train: the training data that the model was trained on; 512 points are looked at, and once all of them for the
            mean gradient.
        values: dampings to compare; by default ten from 1e-4 to 10 times the curvature's mean eigenvalue, w, and one
            where the agreement seems best.

    Raises:
        InputTypeError: for methods without a damping, and values that are no numbers.
        InputError: for no values or values that cannot be a damping, and where the method refuses all of them.
        NotFittedError: before `fit`.
    """
    able = [hasattr(member, "with_regularization") for member in getattr(model, "members", [model])]
    if not all(able):
        raise InputTypeError(
            f"{type(model).__name__} has no regularization: {'a member of it' if any(able) else 'it'} inverts no "
            "curvature, so there is nothing to explore."
        )
    model.require_fit()
    given = None if values is None else [damping(v, "values", positive=False) for v in values]
    if given is not None and not given:
        raise InputError("values is empty; expected at least one damping, or None for a default range.")
    look = Look(model, Batches.of(test), Batches.of(train))
    tried = look.attempt(sorted(set(look.defaults() if given is None else given)), refine=given is None)
    recommended, reason = _choice(look, tried)
    compared = bool(np.isfinite(tried.logs).all())
    return RegularizationExploration(
        values=tried.values,
        recommended=recommended,
        reason=reason,
        agreement=np.exp(0.5 * (tried.logs - tried.logs.max()))
        if compared
        else np.full(len(tried.values), np.nan),
        norms=tried.scores.double().square().mean((1, 2)).sqrt().cpu().numpy(),
        neighbours=_rank_correlations(tried.scores[:-1], tried.scores[1:]),
        scores=tried.scores.float().cpu().numpy(),
        tests=look.tests,
        trains=look.trains,
        mean_eigenvalue=look.mean,
        decay=look.decay,
        evidence=look.evidence,
        refused=tried.refused,
    )


def recommended_regularization(
    model: InfluenceFunctionModel, test: Any = None, train: Any = None
) -> float | dict[str, float]:
    """The damping to take.

    Args:
        model: fitted.
        test: test data; with `train`, the result is that of `explore_regularization`.
        train: the training data.

    Returns:
        Without data a tenth of each block's mean eigenvalue, by block, for methods that know it (EKFAC, LoGra): a good
        guess and no more.

    Raises:
        InputError: without data, for methods that do not know their eigenvalues; for only one of test and train.
        NotFittedError: before `fit`.
    """
    if test is not None and train is not None:
        return explore_regularization(model, test, train).recommended
    if test is not None or train is not None:
        raise InputError("only one of test and train was given; expected both, or neither for a guess.")
    means = getattr(model, "mean_eigenvalues", None)
    if means is None:
        raise InputError(
            f"{type(model).__name__} does not know its mean eigenvalues; pass test and train data to have its "
            "damping computed from them."
        )
    return {block: PLAIN * mean for block, mean in means().items()}


def _choice(look: Look, tried: Tried) -> tuple[float, str]:
    """The damping to take, and why."""
    name = type(look.model).__name__
    if not look.is_compared or not np.isfinite(tried.logs).all():
        reason = (
            f"A tenth of the mean eigenvalue ({look.mean:.2g}) of its own curvature or of its gradients' second "
            f"moments: {name} works in a space of its own, in which no exact curvature is at hand."
        )
        return PLAIN * look.mean, reason
    best = int(np.argmax(tried.logs))
    shown = look.decay.rate >= look.evidence
    why = "the weight decay that the model shows" if shown else "as the evidence of the data suggests"
    reason = (
        "Its solutions come nearest to those of the exact Gauss-Newton matrix with a damping of "
        f"{look.target:.2g}, {why}."
    )
    if len(tried.values) > 1 and best in (0, len(tried.values) - 1):
        reason += " It is the last of the values compared: others beyond it may be better."
    return float(tried.values[best]), reason


def _rank_correlations(some: Tensor, others: Tensor) -> NDArray[np.float64]:
    """Spearman's correlation of scores (r, q, n) within test points, averaged over these: (r,)."""
    if not len(some):
        return np.empty(0)
    a, b = (t.argsort(-1).argsort(-1).double() for t in (some, others))
    a, b = (t - t.mean(-1, keepdim=True) for t in (a, b))
    scale = (a.norm(dim=-1) * b.norm(dim=-1)).clamp(min=1e-12)
    found: NDArray[np.float64] = ((a * b).sum(-1) / scale).mean(-1).cpu().numpy()
    return found
