"""Copies of one torch module, each trained on its own subset of the rows, all together: vmap over stacked weights.

The batches of a model are those of the plain loop (`torch_recipe.trained`): rows in the same order, filled up with
rows that weigh nothing. Models are sorted by size, so that those which have no batch left stand last and rest.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ...errors import DvlError
from .method import NotCoveredError
from .predictions import Predictions, finite, from_scores
from .problem import Floats, Problem
from .scaling import Scaling
from .torch_checks import room_for, same_as_plain, unfit
from .torch_gradient import Gradient
from .torch_losses import prepared
from .torch_plan import Plan
from .torch_recipe import Recipe, numbers
from .torch_steps import Steps

Masks = NDArray[np.bool_]
_FULL = 16_384
"""Rows of all models together, where each takes all of its rows at once: more are filled up more than they save."""
_SIZES = 8
"""Batches of all rows are filled up to so many different sizes."""


class TorchTogether:
    """TorchClassifier or TorchRegressor; arguments as in `Method`."""

    def __init__(self, model: Any, problem: Problem, scaling: Scaling | None) -> None:
        self.recipe = Recipe.of(model, classes=problem.classes is not None)
        self.problem, self.scaling = problem, scaling
        self.known = problem.classes is not None and model.classes is not None
        if self.known and np.unique(model.classes).tolist() != np.unique(problem.y).tolist():
            raise NotCoveredError("the training labels are others than the model's classes")
        if problem.weights is not None:
            raise NotCoveredError("weights of rows")
        module = self.recipe.made()
        device = self.recipe.device
        self.x, self.x_test = (numbers(t, "features", module, device) for t in (problem.x, problem.x_test))
        self.y = (
            numbers(problem.y, "targets", module, device)
            if problem.codes is None
            else torch.as_tensor(problem.codes, device=device)
        )
        self.most, self.asked = room_for(self.recipe, module, self.x)
        self.gradient = same_as_plain(self, Gradient.kinds(self.recipe.loss, module, self.x[:1]))

    def fit(self, masks: Masks, want: frozenset[str]) -> Predictions:
        sizes = masks.sum(axis=1)
        ranked = np.argsort(-sizes, kind="stable")
        most = self.most
        if self.recipe.batch_size is None:  # few at a time, as all are filled up to the largest
            most = min(most, 1 << (_FULL // len(self.x)).bit_length())
        chunks = [ranked[low : low + most] for low in range(0, len(masks), most)]
        parts = [self.answers(masks[chunk]) for chunk in chunks]
        answers = np.empty((len(masks), *parts[0].shape[1:]))
        answers[ranked] = np.concatenate(parts)
        if self.problem.classes is None:
            told = answers.reshape(len(masks), len(self.x_test), *self.problem.y.shape[1:])
            return Predictions(finite(answers), numbers=told)
        return from_scores(self._by_class(answers, masks), self._seen(masks), finite(answers), want)

    def answers(self, masks: Masks) -> Floats:
        """(b, k, ...) outputs for the test rows of models trained on subsets, the largest subset first."""
        scales = self.scales(masks)
        weights = self.gradient.start.repeat(len(masks), 1)
        plan = Plan(masks, self.recipe, self._width, weights)
        steps = Steps(self.recipe, weights, self.recipe.epochs * plan.batches)
        codes = self.codes_of(masks)
        given: tuple[Tensor, ...] = ()
        for epoch in range(self.recipe.epochs):
            if not given or plan.batches > 1:
                rows, shares = plan.of_epoch(epoch)
            for batch, (models, b) in enumerate(plan.models):
                if not given or plan.batches > 1:
                    given = self._given(rows[:b, batch], shares[:b, batch], codes, scales)
                steps.step(self.gradient(weights[:b], *given), models)
        asked = torch.split(self.x_test, self.asked)
        found = torch.cat([self.gradient.outputs_of(weights, x, *scales) for x in asked], dim=1)
        return np.asarray(found.double().cpu().numpy())

    def _given(
        self, rows: Tensor, shares: Tensor, codes: Tensor | None, scales: tuple[Tensor | None, Tensor | None]
    ) -> tuple[Tensor, ...]:
        """Features and targets of a batch (b, s) of each model."""
        flat, (shift, scale) = rows.flatten(), scales
        x = self.x.index_select(0, flat).view(*rows.shape, *self.x.shape[1:])
        if shift is not None and scale is not None:
            x = x.sub_(shift[: len(rows), None]).div_(scale[: len(rows), None])
        if codes is None:
            y = self.y.index_select(0, flat).view(*rows.shape, *self.y.shape[1:])
        else:
            y = codes[: len(rows)].gather(1, rows)
        return x, *prepared(self.recipe.loss, y, shares, self.gradient.outputs)

    def _width(self, rows: int) -> int:
        """Rows are filled up to a few widths, as each is recorded by itself."""
        if self.recipe.batch_size is not None:
            return min(self.recipe.batch_size, 1 << (rows - 1).bit_length())
        share = -(-len(self.x) // _SIZES)
        return min(-(-rows // share) * share, len(self.x))

    def _seen(self, masks: Masks) -> Masks:
        if self.known:
            return np.ones((len(masks), self.problem.indicators.shape[1]), np.bool_)
        return np.asarray(masks.astype(np.float64) @ self.problem.indicators > 0)

    def codes_of(self, masks: Masks) -> Tensor | None:
        """(b, n) classes as places among those of each subset; None where they are the same for all."""
        if self.problem.codes is None:
            return None
        seen = self._seen(masks)
        if seen.all():
            return None
        rank = np.maximum(np.cumsum(seen, axis=1) - 1, 0)
        return torch.as_tensor(rank[:, self.problem.codes], device=self.x.device)

    def _by_class(self, answers: Floats, masks: Masks) -> Floats:
        """Outputs of each model in the columns of all classes."""
        rank = np.maximum(np.cumsum(self._seen(masks), axis=1) - 1, 0)
        return np.take_along_axis(answers, rank[:, None, :], axis=2)

    def scales(self, masks: Masks) -> tuple[Tensor | None, Tensor | None]:
        """(b, d) what the scaler subtracts from each subset's features and divides them by."""
        if self.scaling is None:
            return None, None
        scale = self.scaling.of(masks)
        if self.scaling.by_range:
            least = np.stack([self.problem.x[mask].min(axis=0) for mask in masks])
            shift = least - self.scaling.scaler.feature_range[0] * scale
        elif self.scaling.scaler.with_mean:
            sums = masks.astype(np.float64) @ self.problem.centred
            shift = sums / masks.sum(axis=1)[:, None] + self.problem.centre
        else:
            shift = np.zeros_like(scale)
        first, second = (torch.as_tensor(a).to(self.x.device, self.x.dtype) for a in (shift, scale))
        return first, second


def not_together(model: Any, *, classes: bool) -> str:
    """Why an estimator's copies cannot be trained together, whatever the data; "" if they may."""
    try:
        return unfit(Recipe.of(model, classes=classes).made())
    except (DvlError, RuntimeError, TypeError, ValueError) as error:
        return str(error)
