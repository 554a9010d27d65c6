"""Influences under several dampings, and which to take: damping decides more than the choice of a method.

An influence method stands for the inverse of a large matrix. Of each damping it is asked how well the method then
solves the system that it stands for: for test gradients v and their solutions z, the squared cosine between z and the
exact solution in the norm of G + w is, up to a factor that no damping changes, (z v)^2 / (z (G + w) z). G is the exact
Gauss-Newton matrix on some training points and w the weight decay that the model was trained with, read off the model
(`stationarity.py`). Scores are compared within a test point, where scale does not matter, hence a cosine.

Measured on digits against retraining on 100 half subsets, logistic models and MLPs, weight decay 0 to 1e-2, with and
without label noise: EKFAC with the damping so found was within .007 of the best linear datamodeling score (LDS) of any
damping in all nine cases; the mean eigenvalue itself lost .03 to .14. An exact method is told to take w: right on
logistic models (LDS within .02 of the best), while on the MLPs several times as much was better by up to .05.
"""

from __future__ import annotations

import copy
import warnings
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ..errors import InputError, InputTypeError
from .base import InfluenceFunctionModel
from .batches import Batch, Batches, cat
from .layout import damping
from .rows import Rows
from .stationarity import Decay, decay_of
from .types import SecondOrderMode

TESTS, TRAINS = 64, 512
"""Test and training points that are looked at; more change little."""

MULTIPLES = (1e-4, 1e-3, 3e-3, 1e-2, 3e-2, 0.1, 0.3, 1.0, 3.0, 10.0)
"""Dampings that are tried by default, as multiples of the curvature's mean eigenvalue."""

PLAIN = 0.1
"""The multiple that is recommended where nothing better is known."""

LEAST_DECAY = 0.01
"""Weight decays below this share of the mean eigenvalue are noise; PLAIN times the mean eigenvalue stands in."""


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
        values: dampings to compare; by default ten from 1e-4 to 10 times the curvature's mean eigenvalue, and the
            weight decay that the model was trained with.

    Raises:
        InputTypeError: for methods without a damping.
        NotFittedError: before `fit`.
    """
    if not hasattr(model, "with_regularization"):
        raise InputTypeError(
            f"{type(model).__name__} has no regularization: it inverts no curvature, so there is nothing to explore."
        )
    model._require_fit()  # noqa: SLF001 - a question about the model, asked on behalf of its method
    given = None if values is None else [damping(v, "values", positive=False) for v in values]
    if given is not None and not given:
        raise InputError("values is empty; expected at least one damping, or None for a default range.")
    look = _Look.at(model, Batches.of(test), Batches.of(train))
    chosen = sorted(set(look.defaults() if given is None else given))
    return look.compare(chosen)


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
        InputError: without data, for methods that do not know their eigenvalues.
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


class _Look:
    """Some points of the data, and what is known of the curvature on them."""

    def __init__(
        self,
        model: InfluenceFunctionModel,
        tests: Rows,
        trains: Rows,
        curvature: Any,
        mean: float,
        decay: Decay,
    ) -> None:
        self.model, self.tests, self.trains = model, tests, trains
        self.curvature, self.mean, self.decay = curvature, mean, decay
        self.positions: tuple[NDArray[np.int64], NDArray[np.int64]]

    @staticmethod
    def at(model: InfluenceFunctionModel, test: Batches, train: Batches) -> _Look:
        """Take the points, their gradients, and the curvature on the training points taken."""
        few, where = _some(test, TESTS)
        many, there = _some(train, TRAINS)
        trains = model.gradients(many)
        curvature = _curvature(_first(model), many)
        mean = _mean_eigenvalue(model, curvature, trains)
        look = _Look(model, model.gradients(few), trains, curvature, mean, decay_of(model.problem, train))
        look.positions = where, there
        return look

    def defaults(self) -> list[float]:
        """Dampings around the mean eigenvalue; the weight decay too, which is right for an exact method."""
        own = [self.decay.rate] if self._decay_is_known else []
        return [*(multiple * self.mean for multiple in MULTIPLES), *own]

    @property
    def _decay_is_known(self) -> bool:
        return self.decay.rate > LEAST_DECAY * self.mean

    def compare(self, values: Sequence[float]) -> RegularizationExploration:
        """Try each damping."""
        found: dict[float, tuple[Tensor, float]] = {}
        refused: dict[float, str] = {}
        for value in values:
            try:
                found[value] = self._under(value)
            except InputError as error:  # the method says why it cannot; others may do
                refused[value] = str(error).split(": ", 1)[0]
        if not found:
            raise InputError(f"no damping works: {refused}")
        kept = np.array(list(found))
        scores = torch.stack([s for s, _ in found.values()])
        logs = np.array([log for _, log in found.values()])
        recommended, reason = self._choice(kept, logs)
        return RegularizationExploration(
            values=kept,
            recommended=recommended,
            reason=reason,
            agreement=np.exp(0.5 * (logs - logs.max()))
            if np.isfinite(logs).all()
            else np.full(len(kept), np.nan),
            norms=scores.double().square().mean((1, 2)).sqrt().cpu().numpy(),
            neighbours=_rank_correlations(scores[:-1], scores[1:]),
            scores=scores.float().cpu().numpy(),
            tests=self.positions[0],
            trains=self.positions[1],
            mean_eigenvalue=self.mean,
            decay=self.decay,
            refused=refused,
        )

    def _under(self, value: float) -> tuple[Tensor, float]:
        """Scores, and the mean logarithm of the squared cosine, up to a constant."""
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of dampings that are only tried
            model = _twin(self.model)
            model.with_regularization(value)
            solved = model.precondition(self.tests)
            scores = model.scores(solved, self.trains)
        if self.curvature is None:
            return scores, float("nan")
        z, v = (rows.flat()[:, : _first(self.model).layout.p] for rows in (solved, self.tests))
        decay = self.decay.rate if self._decay_is_known else PLAIN * self.mean
        energy = (self.curvature.matmul(z) * z).sum(1).double() + decay * z.double().square().sum(1)
        overlap = (z * v).sum(1).double().square()
        kept = (energy > 0) & (overlap > 0)
        return scores, float((overlap[kept] / energy[kept]).log().mean())

    def _choice(self, values: NDArray[np.float64], logs: NDArray[np.float64]) -> tuple[float, str]:
        if not np.isfinite(logs).all():
            plain = PLAIN * self.mean
            return plain, (
                f"A tenth of the mean eigenvalue of its gradients' second moments ({self.mean:.2g}): "
                f"{type(self.model).__name__} works in a space of its own, in which no exact curvature is at hand."
            )
        best = int(np.argmax(logs))
        decay = (
            f"a weight decay of {self.decay.rate:.2g}, as the model seems to be trained with"
            if self._decay_is_known
            else "a tenth of its mean eigenvalue, as no weight decay shows"
        )
        reason = f"Its solutions come nearest to those of the exact Gauss-Newton matrix with {decay}."
        if len(values) > 1 and best in (0, len(values) - 1):
            reason += " It is the last of the values compared: others beyond it may be better."
        return float(values[best]), reason


def _some(batches: Batches, count: int) -> tuple[Batch, NDArray[np.int64]]:
    """About evenly spaced samples, at most `count`, and their positions."""
    n = len(batches)
    wanted = np.unique(np.linspace(0, n - 1, min(n, count)).round().astype(np.int64))
    taken, at = [], 0
    for batch in batches:
        own = wanted[(wanted >= at) & (wanted < at + len(batch))] - at
        if len(own):
            taken.append(batch[torch.from_numpy(own)])
        at += len(batch)
    return cat(taken), wanted


def _curvature(model: InfluenceFunctionModel, points: Batch) -> Any:
    """Something with `matmul` in the model's own space: the exact matrix, or the model's own; None if there is none."""
    own = getattr(model, "projected_curvature", None)
    if own is not None:
        return own
    if model.layout.names != model.problem.layout.names or model.layout.p != model.problem.p:
        return None
    from .curvature import curvature_of

    return curvature_of(model.problem, Batches.of(points), SecondOrderMode.GAUSS_NEWTON)


def _mean_eigenvalue(model: InfluenceFunctionModel, curvature: Any, trains: Rows) -> float:
    """Trace over size, by random signs where the matrix itself is not at hand."""
    if curvature is None:
        return float(trains.squares().double().mean()) / model.layout.p
    p, generator = _first(model).layout.p, torch.Generator().manual_seed(0)
    signs = torch.randint(0, 2, (32, p), generator=generator).to(model.device, model.problem.dtype)
    signs = signs * 2 - 1
    return float((curvature.matmul(signs) * signs).sum(1).double().mean()) / p


def _first(model: InfluenceFunctionModel) -> InfluenceFunctionModel:
    """The first member of an ensemble, whose numbers stand first in a row; any other model itself."""
    members: Sequence[InfluenceFunctionModel] = getattr(model, "members", ())
    return members[0] if members else model


def _twin(model: InfluenceFunctionModel) -> Any:
    """A copy that shares what was learned and has a damping of its own: others may be asking the model."""
    twin: Any = copy.copy(model)
    if hasattr(model, "members"):
        twin.members = [copy.copy(member) for member in model.members]
    return twin


def _rank_correlations(some: Tensor, others: Tensor) -> NDArray[np.float64]:
    """Spearman's correlation of scores (r, q, n) within test points, averaged over these: (r,)."""
    if not len(some):
        return np.empty(0)
    a, b = (t.argsort(-1).argsort(-1).double() for t in (some, others))
    a, b = (t - t.mean(-1, keepdim=True) for t in (a, b))
    scale = (a.norm(dim=-1) * b.norm(dim=-1)).clamp(min=1e-12)
    found: NDArray[np.float64] = ((a * b).sum(-1) / scale).mean(-1).cpu().numpy()
    return found
