"""TRAK: influence by a linear model of the network's output in randomly projected gradients."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Size, Tensor, nn

from ..arguments import whole
from ..errors import InputError
from .base import InfluenceFunctionModel
from .batches import Batch, Batches
from .ensemble import Checkpoint, restored
from .finite import require_finite
from .gradients import Gradients
from .layout import Layout, damping
from .members import join, joined_layout, split
from .problem import Problem
from .rows import Flat, Rows
from .sketch import Sketch
from .types import LossType

FLOOR = 1e-6
"""Damping where none is asked for, as a share of the kernel's mean eigenvalue: against singular kernels only."""


class TrakInfluence(InfluenceFunctionModel):
    """A linear model of each checkpoint's output in its gradient, randomly projected to `projection` numbers.

    The output f is the margin of the right class, or the prediction. With phi the projected gradient of f and
    r = dL / df, score = r(test) r(train) phi(test)^T (mean of phi phi^T)^-1 phi(train): positive where the training
    point helps, and `score / n` estimates a change of the test loss, as for all methods here. Kernels and residuals
    are averaged over checkpoints apart. Without the factor r(test), which scales rows only, this is the estimator of
    Park et al., TRAK: attributing model behavior at scale (ICML 2023).

    Args:
        model: the architecture; with no checkpoints it is the only one.
        loss: cross-entropy on logits, binary cross-entropy on logits, or the squared error of one output.
        checkpoints: models, state dicts, or files of state dicts; several trainings are much better than one.
        projection: numbers that gradients are projected to; fewer than the training points.
        regularization: added to the diagonal of the mean of phi phi^T; None for next to nothing.
        seed: of the projections.

    Raises:
        InputError: for losses whose output is not known, and for impossible numbers.
    """

    def __init__(
        self,
        model: nn.Module,
        loss: LossType,
        checkpoints: Sequence[Checkpoint] | None = None,
        projection: int = 512,
        regularization: float | None = None,
        seed: int = 0,
    ) -> None:
        states: Sequence[Checkpoint] = [model] if checkpoints is None else checkpoints
        if not states:
            raise InputError(
                "no checkpoints were given; expected at least one, or None for the model itself."
            )
        hint = "It is how many numbers a gradient is projected to, such as 512."
        self.projection = whole("projection", projection, 1, hint)
        self.seed = whole("seed", seed, 0, "It decides the projections.")
        super().__init__(restored(model, states[0]), loss)
        _require_likelihood(self.problem)
        self._problems = [self.problem, *(Problem(restored(model, s), loss) for s in states[1:])]
        self._of_output = [Gradients(_OutputProblem(problem)) for problem in self._problems]
        self._sketches = [
            Sketch(problem.p, self.projection, seed=self.seed, number=k)
            for k, problem in enumerate(self._problems)
        ]
        layout = Layout(("features", "residual"), (Size([self.projection]), Size([1])))
        self._layouts = [layout] * len(self._problems)
        self._kernels: list[Tensor] = []
        self._inverses: list[Tensor] = []
        self.with_regularization(regularization)

    @property
    def layout(self) -> Layout:
        """Projected gradient and residual of each checkpoint."""
        return joined_layout(self._layouts)

    @property
    def store_key(self) -> str:
        """The checkpoints' keys, and the projection."""
        keys = "".join(problem.key for problem in self._problems)
        return hashlib.blake2b(f"trak{keys}{self.projection}{self.seed}".encode(), digest_size=20).hexdigest()

    def fit(self, data: Any) -> TrakInfluence:
        """See `InfluenceFunctionModel.fit`; the checkpoints are those given, and `model` is not looked at again."""
        batches = Batches.of(data)
        self.problem.check(batches.first())
        self._learn(batches)
        self._n_train = len(batches)
        return self

    @property
    def regularization(self) -> float | None:
        """The damping of the kernel matrix, or None."""
        return self._damping

    def with_regularization(self, regularization: float | None) -> TrakInfluence:
        """Another damping, in place and without a refit; returns self.

        Raises:
            InputError, InputTypeError: for what cannot be a damping.
        """
        self._damping = (
            None if regularization is None else damping(regularization, "regularization", positive=False)
        )
        self._inverses = []
        return self

    def gradients(self, batch: Batch) -> Rows:
        """Projected gradient of the output, and dL / d output, for each checkpoint."""
        found = []
        for own, layout, sketch in zip(self._of_output, self._layouts, self._sketches, strict=True):
            features = sketch(own(batch).flat())
            residual = _residuals(own.problem, own.problem.place(batch)).unsqueeze(1).to(features)
            found.append(Rows(layout, (Flat(("features",), features), Flat(("residual",), residual))))
        return join(found)

    def precondition(self, rows: Rows) -> Rows:
        """Each checkpoint's features times its inverse kernel, over the number of checkpoints."""
        inverses = self._inverted()
        solved = []
        for own, inverse in zip(split(rows, self._layouts), inverses, strict=True):
            features, residual = _columns(own)
            share = features @ inverse.to(features) / len(inverses)
            solved.append(Rows(own.layout, (Flat(("features",), share), Flat(("residual",), residual))))
        return join(solved)

    def scores(self, factors: Rows, rows: Rows) -> Tensor:
        """Kernels summed over checkpoints, times the mean residuals of both sides: shape (q, w)."""
        tests = [_columns(own) for own in split(factors, self._layouts)]
        trains = [_columns(own) for own in split(rows, self._layouts)]
        kernel = torch.cat([f for f, _ in tests], dim=1) @ torch.cat([f for f, _ in trains], dim=1).T
        mean = [torch.cat([r for _, r in side], dim=1).mean(1) for side in (tests, trains)]
        return kernel * mean[0].unsqueeze(1) * mean[1]

    def _learn(self, batches: Batches) -> None:
        kernels = [torch.zeros(self.projection, self.projection, dtype=torch.float64) for _ in self._problems]
        for batch in batches:
            for kernel, own in zip(kernels, split(self.gradients(batch), self._layouts), strict=True):
                features = _columns(own)[0].double().cpu()
                kernel.addmm_(features.T, features)
        for kernel in kernels:
            require_finite(kernel, "the kernel of the projected gradients")
        self._kernels, self._inverses = [kernel / len(batches) for kernel in kernels], []

    def _move(self, device: torch.device) -> None:
        for problem in self._problems:
            problem.to(device)

    def _inverted(self) -> list[Tensor]:
        self.require_fit()
        if not self._inverses:
            eye = torch.eye(self.projection, dtype=torch.float64)
            for kernel in self._kernels:
                added = FLOOR * float(kernel.diagonal().mean()) if self._damping is None else self._damping
                self._inverses.append(torch.linalg.pinv(kernel + added * eye, hermitian=True))
        return self._inverses


class _OutputProblem(Problem):
    """The same model with the output f in place of the loss: its "losses" are f."""

    def __init__(self, problem: Problem) -> None:
        self.model, self.loss, self.layout = problem.model, problem.loss, problem.layout

    def losses(self, params: Mapping[str, Tensor] | None, batch: Batch) -> Tensor:
        """The output f of each sample, shape (B,)."""
        return _outputs(self.output(params, batch), batch.target, self.likelihood)


def _outputs(output: Tensor, target: Tensor, likelihood: str | None) -> Tensor:
    """The margin of the right class (log odds of its probability), or the prediction."""
    single = output.ndim == 2 if likelihood == "categorical" else output.numel() == len(output)
    if not single:
        raise InputError(
            f"TRAK explains one output of each sample; the model's outputs have shape {tuple(output.shape)} for "
            f"{len(output)} samples. For token-wise or several targets use EkfacInfluence or GradDotInfluence."
        )
    if likelihood == "categorical":
        right = output.gather(1, target.unsqueeze(1)).squeeze(1)
        others = output.scatter(1, target.unsqueeze(1), -torch.inf)
        return right - others.logsumexp(1)
    flat = output.reshape(len(output))
    return flat * (2 * target.reshape(-1).to(flat.dtype) - 1) if likelihood == "bernoulli" else flat


def _residuals(problem: Problem, batch: Batch) -> Tensor:
    """The slope dL / df of each sample, shape (B,)."""
    with torch.no_grad():
        output = problem.output(None, batch)
        f = _outputs(output, batch.target, problem.likelihood)
        if problem.likelihood == "gaussian":
            return 2.0 * (f - batch.target.reshape(-1))
        return -torch.sigmoid(-f)


def _columns(rows: Rows) -> tuple[Tensor, Tensor]:
    flat = rows.flat()
    return flat[:, :-1], flat[:, -1:]


def _require_likelihood(problem: Problem) -> None:
    if problem.likelihood is None:
        raise InputError(
            "TRAK needs to know the model's output behind the loss; expected cross-entropy or binary cross-entropy on "
            "logits, or the squared error of one output. For other losses use EkfacInfluence or GradDotInfluence."
        )
