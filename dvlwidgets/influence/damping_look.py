"""Some points of the data, what is known of the curvature there, and what a method makes of a damping."""

from __future__ import annotations

import copy
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ..errors import InputError
from .base import InfluenceFunctionModel
from .batches import Batch, Batches, cat
from .curvature import Curvature, curvature_of
from .evidence import evidence_damping
from .gradients import Gradients
from .memory import chunk_of
from .rows import Rows
from .stationarity import decay_of
from .types import SecondOrderMode

TESTS, TRAINS = 64, 512
"""Test and training points that are looked at; more change little."""

MULTIPLES = (1e-4, 1e-3, 3e-3, 1e-2, 3e-2, 0.1, 0.3, 1.0, 3.0, 10.0)
"""Dampings that are tried by default, as multiples of the curvature's mean eigenvalue."""

PLAIN = 0.1
"""The multiple that is recommended where nothing better is known."""


@dataclass(frozen=True)
class Tried:
    """What came of several dampings.

    Attributes:
        values: those that worked, in the order given.
        scores: under each, shape (r, q, n).
        logs: mean logarithm of the squared cosine with the exact solutions, up to a constant; NaN where it is not
            known. Shape (r,).
        refused: what the method said of the others.
    """

    values: NDArray[np.float64]
    scores: Tensor
    logs: NDArray[np.float64]
    refused: dict[float, str]


class Look:
    """Some points of the data, and the exact curvature on the training points among them.

    Args:
        model: fitted.
        test: test data.
        train: training data.

    Attributes:
        tests: positions of the test points looked at.
        trains: positions of the training points.
        mean: eigenvalue of the model's curvature, on average.
        decay: the weight decay that the model shows.
        evidence: the damping that the data speak for; see `evidence.py`. 0 where there is no exact curvature.
    """

    def __init__(self, model: InfluenceFunctionModel, test: Batches, train: Batches) -> None:
        self.model, self._first = model, first_of(model)
        problem = self._first.problem
        count = max(4, chunk_of(TESTS, 4 * problem.p * problem.dtype.itemsize))
        few, self.tests = _some(test, count)
        many, self.trains = _some(train, TRAINS)
        self._test_rows, self._train_rows = model.gradients(few), model.gradients(many)
        self._curvature = self._exact(many)
        self._gradients = None if self._curvature is None else Gradients(problem)(few).flat()
        self.decay = decay_of(problem, train)
        self.evidence = 0.0
        if self._curvature is not None:
            decay = self.decay
            self.evidence = evidence_damping(
                problem, self._curvature, decay.n, decay.mean_loss, decay.outputs
            )
        own = getattr(self._first, "mean_eigenvalues", None)
        projected = self._curvature is None or hasattr(self._first, "lift")
        self.mean = float(np.mean(list(own().values()))) if own and projected else self._trace_over_size()

    @property
    def target(self) -> float:
        """The damping w of the exact system: what the model was trained with, or what the data speak for if more."""
        return max(self.decay.rate, self.evidence)

    @property
    def is_compared(self) -> bool:
        """Whether solutions can be compared with the exact ones."""
        return self._curvature is not None

    def defaults(self) -> list[float]:
        """Dampings around the mean eigenvalue; w too, which is right for an exact method."""
        own = [self.target] if self.target > 0 else []
        if self.target > MULTIPLES[-2] * self.mean:  # the best is to lie between others
            own.append(3 * self.target)
        return [*(multiple * self.mean for multiple in MULTIPLES), *own]

    def attempt(self, values: Sequence[float], *, refine: bool) -> Tried:
        """Try each damping, and with `refine` one more, where a parabola through the best three has its top.

        Raises:
            InputError: if none works.
        """
        found: dict[float, tuple[Tensor, float]] = {}
        refused: dict[float, str] = {}

        def look_at(value: float) -> None:
            try:
                found[value] = self._under(value)
            except InputError as error:  # the method says why it cannot; others may do
                refused[value] = str(error).split(": ", 1)[0]

        for value in values:
            look_at(value)
        between = _peak({value: log for value, (_, log) in found.items()}) if refine else None
        if between is not None:
            look_at(between)
            found = dict(sorted(found.items()))
        if not found:
            raise InputError(f"no damping works: {refused}")
        scores = torch.stack([s for s, _ in found.values()])
        return Tried(np.array(list(found)), scores, np.array([log for _, log in found.values()]), refused)

    def _under(self, value: float) -> tuple[Tensor, float]:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of dampings that are only tried
            twin = _twin(self.model)
            twin.with_regularization(value)
            solved = twin.precondition(self._test_rows)
            scores = twin.scores(solved, self._train_rows)
        if self._curvature is None or self._gradients is None:
            return scores, float("nan")
        z, v = self._of_parameters(solved), self._gradients
        energy = self._curvature.forms(z) + self.target * z.double().square().sum(1)
        overlap = (z * v).sum(1).double().square()
        kept = (energy > 0) & (overlap > 0)
        return scores, float((overlap[kept] / energy[kept]).log().mean())

    def _of_parameters(self, solved: Rows) -> Tensor:
        """Solutions as directions of the parameters, (q, p)."""
        lift = getattr(self._first, "lift", None)
        flat = solved.flat()[:, : self._first.layout.p]
        lifted: Tensor = flat if lift is None else lift(Rows.of_flat(self._first.layout, flat))
        return lifted

    def _exact(self, points: Batch) -> Curvature | None:
        """The Gauss-Newton matrix on some training points; None for spaces that are not the parameters'."""
        own, problem = self._first, self._first.problem
        same = own.layout.names == problem.layout.names and own.layout.p == problem.p
        if not same and not hasattr(own, "lift"):
            return None
        return curvature_of(problem, Batches.of(points), SecondOrderMode.GAUSS_NEWTON)

    def _trace_over_size(self) -> float:
        """By random signs, as the matrix is not at hand; where there is none, of the gradients' second moments."""
        if self._curvature is None:
            return float(self._train_rows.squares().double().mean()) / self.model.layout.p
        p, like = self._curvature.p, next(iter(self._first.problem.params.values()))
        signs: Tensor = (
            torch.randint(0, 2, (32, p), generator=torch.Generator().manual_seed(0)).to(like) * 2 - 1
        )
        return float(self._curvature.forms(signs).mean()) / p


def _peak(logs: dict[float, float]) -> float | None:
    """The top of the parabola through the best value and its neighbours, over the logarithm of the damping."""
    values = sorted(logs)
    best = max(range(len(values)), key=lambda i: logs[values[i]], default=0)
    if not 0 < best < len(values) - 1 or not np.isfinite(list(logs.values())).all() or values[0] <= 0:
        return None
    near = values[best - 1 : best + 2]
    curve = np.polyfit(np.log(near), [logs[v] for v in near], 2)
    return float(np.exp(-curve[1] / (2 * curve[0]))) if curve[0] < 0 else None


def first_of(model: InfluenceFunctionModel) -> InfluenceFunctionModel:
    """The first member of an ensemble, whose numbers stand first in a row; any other model itself."""
    members: Sequence[InfluenceFunctionModel] = getattr(model, "members", ())
    return members[0] if members else model


def _twin(model: InfluenceFunctionModel) -> Any:
    """A copy that shares what was learned and has a damping of its own: others may be asking the model."""
    twin: Any = copy.copy(model)
    if hasattr(model, "members"):
        twin.members = [copy.copy(member) for member in model.members]
    return twin


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
