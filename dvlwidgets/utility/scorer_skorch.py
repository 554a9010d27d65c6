"""Scores of neural networks behind skorch's interface, or any other `fit` and `predict`: test data as they want them.

Networks have float32 weights and refuse the float64 that numpy makes by default ("expected Float but found Double").
Neither torch nor skorch is imported here: whoever has a network has loaded what it needs.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..data import Dataset
from ..data.arrays import as_numpy, is_tensor
from ..data.grouped import GroupedDataset
from ..errors import InputTypeError
from .scorer import Scoring, SupervisedScorer, as_dataset


class SkorchSupervisedScorer(SupervisedScorer):
    """A `SupervisedScorer` for networks: features as float32, whole labels as int64, fractions as float32.

    Tensors stay tensors and arrays arrays; frames and sparse matrices of numbers become arrays; integer features (token
    ids, say) stay integers. What the network answers may be arrays or tensors on any device. Training data are not
    touched: give the valuation a `Dataset` of what the network's `fit` takes, e.g. `Dataset(x.astype("float32"), y)`.

    Args:
        scoring: as for `SupervisedScorer`: "accuracy", "log_loss", "probability", "r2", a callable, ...
        test_data: a `Dataset`, or a pair (x, y).
        default: score of the empty and of a failed subset.
        range: smallest and largest possible score.
        name: what to call it.

    Raises:
        InputTypeError: for features that are no numbers; else as `SupervisedScorer`.

    Example:
        >>> net = NeuralNetClassifier(Module, max_epochs=5, train_split=None)  # doctest: +SKIP
        >>> utility = Utility(net, SkorchSupervisedScorer("probability", test))  # doctest: +SKIP
    """

    def __init__(
        self,
        scoring: Scoring | Sequence[Scoring] | Mapping[str, Scoring] | Any,
        test_data: Dataset | tuple[Any, Any],
        default: float | Sequence[float] | None = None,
        range: tuple[float, float] = (-np.inf, np.inf),  # noqa: A002
        name: str | None = None,
    ) -> None:
        super().__init__(scoring, _for_networks(as_dataset(test_data)), default, range, name)

    def test_features(self) -> Any:
        """The features; arrays as a copy, because torch warns of those that cannot be written to."""
        x = self.test_data.x
        return np.array(x) if isinstance(x, np.ndarray) else x

    def __repr__(self) -> str:
        return f"SkorchSupervisedScorer({self.name!r}, {self.test_data!r})"


def _for_networks(data: Dataset) -> Dataset:
    """The same rows with features and labels in the types that networks work with."""
    names = {"ids": data.row_ids, "multi_output": data.multi_output, "data_names": data.row_names.tolist()}
    x, y = _features(data.x), _labels(data.y)
    if isinstance(data, GroupedDataset):  # scores are of rows
        return Dataset(x, y, **names)
    return Dataset(x, y, feature_names=data.feature_names if len(x.shape) > 1 else None, **names)


def _features(x: Any) -> Any:
    if is_tensor(x):
        return x.float() if x.is_floating_point() else x
    values = as_numpy(x)
    if values.dtype.kind == "O":
        try:
            values = values.astype(np.float64)
        except (TypeError, ValueError) as error:
            raise InputTypeError(
                f"the features must be numbers for a network: {error}. Encode categories and text first."
            ) from error
    if values.dtype.kind not in "iufb":
        raise InputTypeError(
            f"the features must be numbers for a network, not of type {values.dtype}. Encode categories and text first."
        )
    return values.astype(np.float32) if values.dtype.kind == "f" else values


def _labels(y: Any) -> Any:
    values: NDArray[Any] = as_numpy(y)
    if values.dtype.kind in "iub":
        return values.astype(np.int64)
    return values.astype(np.float32) if values.dtype.kind == "f" else values
