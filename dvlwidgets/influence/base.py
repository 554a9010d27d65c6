"""What all influence methods share: fit, factors, influences."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any, TypeVar

import torch
from torch import Tensor, nn

from ..devices import device_there
from ..errors import InputError, InputTypeError, NotFittedError
from .agreement import FEW
from .batches import Batch, Batches
from .gradients import Gradients
from .layout import Layout
from .prefix import condensed
from .problem import Problem
from .rows import Rows
from .types import InfluenceMode, LossType, choose

Self = TypeVar("Self", bound="InfluenceFunctionModel")


class InfluenceFunctionModel(ABC):
    """The influence of training points on predictions: score(test, train) = grad L(test)^T H^-1 grad L(train).

    Positive: the training point helps the prediction. `score / n` estimates the loss on the test point after the
    removal of the training point, minus before; n is the number of training points and H the curvature of their mean
    loss.

    Args:
        model: a trained torch module. It is copied at `fit`, in eval mode, and never changed.
        loss: `loss(output, target)`, for example `torch.nn.CrossEntropyLoss()` on logits.
    """

    is_thread_safe = False
    needs_fit = True

    def __init__(self, model: nn.Module, loss: LossType) -> None:
        self.model, self.loss = model, loss
        self.problem = Problem(model, loss)
        self._gradients = Gradients(self.problem)
        self._n_train = 0

    # --- what methods say -----------------------------------------------------------------------------------

    @abstractmethod
    def _learn(self, batches: Batches) -> None:
        """Everything that `fit` does once."""

    @abstractmethod
    def precondition(self, rows: Rows) -> Rows:
        """Test gradients times the inverse curvature: what inner products with training gradients are taken of."""

    def precondition_for_scores(self, rows: Rows) -> Rows:
        """As `precondition`, in whatever form inner products with rows of the same kind are cheapest."""
        return self.precondition(rows)

    # --- what users call ------------------------------------------------------------------------------------

    def fit(self: Self, data: Any) -> Self:
        """Look at the training data once and keep what the curvature needs.

        Args:
            data: a DataLoader, a torch or dvlwidgets Dataset, (x, y), or a list of batches; its order does not matter.

        Raises:
            InputError, InputTypeError: for data, models and losses that do not go together, before any work.
        """
        batches = Batches.of(data)
        problem = Problem(self.model, self.loss).to(self.problem.device)
        problem.check(batches.first()[:FEW])
        self._take_over(problem)
        with problem.in_words(batches):
            self._learn(condensed(problem, batches, owner=self.model))
        self._n_train = len(batches)
        return self

    def _take_over(self, problem: Problem) -> None:
        """Another snapshot, which what was learned before does not go with."""
        self.problem, self._gradients, self._n_train = problem, Gradients(problem), 0

    @property
    def is_fitted(self) -> bool:
        """Whether influences can be asked for: after `fit`, or at once where there is no curvature to learn."""
        return self._n_train > 0 or not self.needs_fit

    @property
    def n_train(self) -> int:
        """Training points that it was fitted on."""
        return self._n_train

    @property
    def layout(self) -> Layout:
        """What the numbers of a flat row are: by default the trainable parameters."""
        return self.problem.layout

    @property
    def n_parameters(self) -> int:
        """Numbers in a flat row: by default those of the trainable parameters, p."""
        return self.layout.p

    @property
    def device(self) -> torch.device:
        """Where the work is done."""
        return self.problem.device

    def to(self: Self, device: Any) -> Self:
        """Move everything that was learned, and the work, to a device.

        Raises:
            InputError, InputTypeError: there is no such device here; nothing was moved.
        """
        there = device_there(device)
        self.problem.to(there)
        self._move(there)
        return self

    def _move(self, device: torch.device) -> None:
        """Move what was learned."""
        del device  # by default nothing was learned but the problem

    @property
    def store_key(self) -> str:
        """What training gradients depend on besides the data."""
        return self.problem.key

    def gradients(self, batch: Batch) -> Rows:
        """Per-sample gradients of a batch: what may be stored of training points, and what test points begin with."""
        return self._gradients(batch)

    def gradients_with_losses(self, batch: Batch) -> tuple[Rows, Tensor]:
        """What `gradients` gives, and the loss of each sample, shape (B,): what a store keeps of training points."""
        if type(self).gradients is InfluenceFunctionModel.gradients:
            return self._gradients.with_losses(batch)  # one pass gives both
        with torch.no_grad():
            losses = self.problem.losses(None, self.problem.place(batch))
        return self.gradients(batch), losses

    def condensed(self, batches: Batches, *, path: Any = None) -> Batches:
        """The data with features of a frozen prefix in place of the inputs, where `gradients` can use them.

        Args:
            batches: the data.
            path: a folder where features are kept; None for memory.
        """
        if type(self).gradients is not InfluenceFunctionModel.gradients:
            return batches  # other gradients may look at other outputs
        return condensed(self.problem, batches, path=path, owner=self.model)

    def scores(self, factors: Rows, rows: Rows) -> Tensor:
        """Influences (q, w) from preconditioned test rows and training rows."""
        return factors.dot(rows)

    def influence_factors(self, x: Tensor, y: Tensor) -> Tensor:
        """H^-1 grad L of each sample: shape (B, p).

        Raises:
            NotFittedError: before `fit`.
        """
        self.require_fit()
        return self.precondition(self.gradients(Batch.of((x, y)))).flat()

    def influences(
        self,
        x_test: Tensor,
        y_test: Tensor,
        x: Tensor | None = None,
        y: Tensor | None = None,
        mode: InfluenceMode | str = InfluenceMode.Up,
    ) -> Tensor:
        """Influences of training samples on test samples.

        Args:
            x_test: inputs of the test samples, shape (B_test, ...).
            y_test: their targets.
            x: inputs of the training samples, shape (B, ...); by default the test samples themselves.
            y: their targets.
            mode: "up", or "perturbation" for the gradient with respect to the training inputs.

        Returns:
            Shape (B_test, B), or (B_test, B, *x.shape[1:]) for perturbation.

        Raises:
            NotFittedError: before `fit`.
            InputError: if only one of x and y is given.
        """
        require_both_or_none(x, y)
        self.require_fit()
        rows = self.gradients(Batch.of((x_test, y_test)))
        factors = self.precondition(rows)
        if x is None or y is None:
            if choose(InfluenceMode, mode, "mode") is InfluenceMode.Up:
                return self.scores(factors, rows)
            x, y = x_test, y_test
        return self._from_factors(factors, Batch.of((x, y)), mode)

    def influences_from_factors(
        self, z_test_factors: Tensor, x: Tensor, y: Tensor, mode: InfluenceMode | str = InfluenceMode.Up
    ) -> Tensor:
        """Influences from what `influence_factors` gave, shape (B_test, p); see `influences`.

        Raises:
            NotFittedError: before `fit`.
            InputError: for factors of another shape.
        """
        self.require_fit()
        given: Any = z_test_factors  # or an array
        dtype = None if isinstance(given, Tensor) else self.problem.dtype
        z = torch.as_tensor(given, dtype=dtype, device=self.device)
        if z.ndim != 2 or z.shape[1] != self.n_parameters:
            raise InputError(
                f"factors of shape {tuple(z.shape)} were given; expected (B_test, {self.n_parameters}), as "
                "influence_factors(x, y) returns them."
            )
        return self._from_factors(Rows.of_flat(self.layout, z), Batch.of((x, y)), mode)

    def _from_factors(self, factors: Rows, batch: Batch, mode: InfluenceMode | str) -> Tensor:
        if choose(InfluenceMode, mode, "mode") is InfluenceMode.Up:
            return self.scores(factors, self.gradients(batch))
        from .perturbation import perturbations  # a room of its own, and it needs this one's names

        return perturbations(self.problem, factors.flat(), batch)

    def explore_regularization(self, test: Any, train: Any, values: Any = None) -> Any:
        """Influences under several dampings without a refit, and a recommendation: `damping.explore_regularization`."""
        from .damping import explore_regularization

        return explore_regularization(self, test, train, values)

    def require_fit(self) -> None:
        """Refuses to go on before `fit`.

        Raises:
            NotFittedError: saying what to do.
        """
        if not self.is_fitted:
            raise NotFittedError(
                f"{type(self).__name__} was not fitted: call fit(training_data) first, so that it knows the curvature."
            )


def require_model(model: Any, name: str = "model") -> None:
    """Refuses what is no influence model.

    Raises:
        InputTypeError: saying what is expected.
    """
    if not isinstance(model, InfluenceFunctionModel):
        given = f"the class {model.__name__}" if isinstance(model, type) else f"a {type(model).__name__}"
        raise InputTypeError(
            f"{name} is {given}; expected an influence model, such as DirectInfluence(net, loss)."
        )


def require_both_or_none(x: Any, y: Any) -> None:
    """Refuses inputs without targets, and targets without inputs.

    Raises:
        InputError: saying what is expected.
    """
    if (x is None) != (y is None):
        raise InputError(
            "only one of x and y was given; expected both, or neither for the test samples themselves."
        )
