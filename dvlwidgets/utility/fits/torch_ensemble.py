"""Torch modules with a recipe for training, as scikit-learn estimators: for a single model, and for many at once.

A `Utility` of one of them trains the models of many subsets together (`torch_together.py`); `explain(model)` says so.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Self

import numpy as np

try:
    import torch
except ImportError as error:
    raise ImportError(
        "TorchClassifier and TorchRegressor need torch, which is not installed. Run: pip install 'dvlwidgets[torch]'",
        name="torch",
    ) from error
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, ClassifierMixin, RegressorMixin
from sklearn.utils.validation import check_is_fitted
from torch import nn

from ...data.arrays import as_numpy
from ...errors import InputError
from .torch_recipe import Recipe, numbers, outputs, trained

Module = nn.Module | Callable[[], nn.Module]
LossFunction = str | Callable[[torch.Tensor, torch.Tensor], torch.Tensor]


class TorchClassifier(ClassifierMixin, BaseEstimator):  # type: ignore[misc]
    """A torch module that gives one number for each class, trained by gradient steps.

    Every fit starts from the same weights, whatever the rows, so that subsets differ by their rows only. Rows become
    numbers of the type of the module's parameters. In a `Utility` many subsets are trained together where that gives
    the same models (no dropout, no batch norm): the same batches and updates, equal up to rounding.

    Args:
        module: a module, from whose present weights each fit starts (it is never changed itself); or a function
            without arguments that makes one, called with torch seeded by `random_state`.
        optimizer: "adam", "adamw" or "sgd", with torch's other defaults.
        lr: learning rate.
        epochs: passes over the rows.
        batch_size: rows a step, in an order that depends on `random_state`, the epoch and the number of rows alone;
            None takes all of them at once.
        loss: "cross_entropy", or a function of (outputs (rows, c), classes (rows,) from 0 to c - 1) that gives one
            loss a row, or a loss module with a mean over rows.
        momentum: of "sgd".
        weight_decay: the L2 penalty of "adam" and "sgd"; decoupled in "adamw".
        classes: all labels; output j stands for the j-th in sorted order. None: the labels of the rows that are
            fitted, so that an output may mean another class in a subset that lacks one.
        device: where it is trained: "cpu", "cuda", ...
        random_state: seed of the order of rows, of the first weights of a function, and of dropout.

    Attributes:
        classes_: sorted labels.
        module_: the trained module.

    Raises:
        InputTypeError: at `fit`, for arguments of the wrong type.
        InputError: at `fit`, for values that cannot work.

    Example:
        >>> import numpy as np, torch
        >>> x, y = np.array([[-2.0], [-1.0], [1.0], [2.0]]), np.array(["no", "no", "yes", "yes"])
        >>> _ = torch.manual_seed(0)
        >>> model = TorchClassifier(torch.nn.Linear(1, 2), lr=0.1, epochs=50)
        >>> model.fit(x, y).predict([[-3.0], [3.0]])
        array(['no', 'yes'], dtype='<U3')
    """

    def __init__(
        self,
        module: Module,
        *,
        optimizer: str = "adam",
        lr: float = 0.01,
        epochs: int = 30,
        batch_size: int | None = None,
        loss: LossFunction = "cross_entropy",
        momentum: float = 0.0,
        weight_decay: float = 0.0,
        classes: Sequence[Any] | NDArray[Any] | None = None,
        device: str = "cpu",
        random_state: int = 0,
    ) -> None:
        self.module = module
        self.optimizer = optimizer
        self.lr = lr
        self.epochs = epochs
        self.batch_size = batch_size
        self.loss = loss
        self.momentum = momentum
        self.weight_decay = weight_decay
        self.classes = classes
        self.device = device
        self.random_state = random_state

    def fit(self, x: Any, y: Any) -> Self:
        """Train on rows x (n, ...) and labels y (n,).

        Raises:
            FloatingPointError: if the training diverges.
        """
        recipe = Recipe.of(self, classes=True)
        labels = _labels_of(x, y)
        classes = np.unique(labels if self.classes is None else np.asarray(self.classes))
        codes = np.minimum(np.searchsorted(classes, labels), len(classes) - 1)
        if not np.array_equal(classes[codes], labels):
            unknown = labels[classes[codes] != labels].tolist()[0]
            raise InputError(
                f"the label {unknown!r} is none of classes={classes.tolist()}. Name every label there."
            )
        made = recipe.made()
        rows = numbers(x, "features", made, recipe.device)
        with recipe.seeded(), torch.no_grad():
            given = made.eval()(rows[:1])
        if given.ndim == 2 and given.shape[1] < len(classes):
            raise InputError(
                f"module gives {given.shape[1]} numbers a row for {len(classes)} classes; expected one for each. Let "
                f"it end with nn.Linear(..., {len(classes)})."
            )
        self.classes_ = classes
        self.module_ = trained(recipe, made, rows, torch.as_tensor(codes, device=recipe.device))
        return self

    def _scores(self, x: Any) -> NDArray[np.float64]:
        """The module's outputs (n, c) for the classes."""
        check_is_fitted(self)
        rows = numbers(x, "features", self.module_, torch.device(self.device))
        return outputs(self.module_, rows)[:, : len(self.classes_)]

    def predict_proba(self, x: Any) -> NDArray[np.float64]:
        """(n, c) probabilities of the classes: the softmax of the outputs."""
        z = self._scores(x)
        z = np.exp(z - z.max(axis=1, keepdims=True))
        return np.asarray(z / z.sum(axis=1, keepdims=True))

    def predict(self, x: Any) -> NDArray[Any]:
        """(n,) the labels with the largest output; of equal ones the first."""
        return np.asarray(self.classes_[self._scores(x).argmax(axis=1)])


class TorchRegressor(RegressorMixin, BaseEstimator):  # type: ignore[misc]
    """A torch module that gives one number for each target, trained by gradient steps.

    Args:
        module: as in `TorchClassifier`, as are all others that are not named here.
        loss: "mse", "l1", or a function of (outputs, targets) that gives one loss a row (several of a row are
            averaged), or a loss module with a mean over rows.

    Attributes:
        module_: the trained module.

    Raises:
        InputTypeError: at `fit`, for arguments of the wrong type.
        InputError: at `fit`, for values that cannot work.
    """

    def __init__(
        self,
        module: Module,
        *,
        optimizer: str = "adam",
        lr: float = 0.01,
        epochs: int = 30,
        batch_size: int | None = None,
        loss: LossFunction = "mse",
        momentum: float = 0.0,
        weight_decay: float = 0.0,
        device: str = "cpu",
        random_state: int = 0,
    ) -> None:
        self.module = module
        self.optimizer = optimizer
        self.lr = lr
        self.epochs = epochs
        self.batch_size = batch_size
        self.loss = loss
        self.momentum = momentum
        self.weight_decay = weight_decay
        self.device = device
        self.random_state = random_state

    def fit(self, x: Any, y: Any) -> Self:
        """Train on rows x (n, ...) and targets y (n,) or (n, o).

        Raises:
            FloatingPointError: if the training diverges.
        """
        recipe = Recipe.of(self, classes=False)
        made = recipe.made()
        targets = numbers(_labels_of(x, y), "targets", made, recipe.device)
        self.module_ = trained(recipe, made, numbers(x, "features", made, recipe.device), targets)
        self._shape = targets.shape[1:]
        return self

    def predict(self, x: Any) -> NDArray[np.float64]:
        """(n,) or (n, o) predictions, in the shape of the targets."""
        check_is_fitted(self)
        rows = numbers(x, "features", self.module_, torch.device(self.device))
        return outputs(self.module_, rows).reshape(len(rows), *self._shape)


def _labels_of(x: Any, y: Any) -> NDArray[Any]:
    labels, rows = as_numpy(y), len(as_numpy(x))
    if rows != len(labels) or not rows:
        raise InputError(f"x has {rows} rows and y {len(labels)}; expected as many, and at least one.")
    return labels
