"""The reference: clone, fit and ask, one subset after the other; any estimator, any data."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...data.arrays import as_numpy, take_rows
from .problem import Floats
from .row_weights import arguments_of


def fresh(model: Any) -> Any:
    """An unfitted copy."""
    if hasattr(model, "get_params"):
        from sklearn.base import clone

        return clone(model)
    return copy.deepcopy(model)


def fitted(model: Any, x: Any, y: Any, mask: NDArray[np.bool_], weights: Floats | None = None) -> Any:
    """A copy of the model, fitted on the rows of a mask; raises what its fit raises."""
    rows = np.flatnonzero(mask)
    copied = fresh(model)
    copied.fit(take_rows(x, rows), take_rows(y, rows), **arguments_of(model, weights, rows))
    return copied


@dataclass(frozen=True)
class OneByOne:
    """One model on one problem: each subset is fitted by itself.

    Attributes:
        model: the unfitted model.
        x: training features.
        y: training labels.
        x_test: test features.
        want: methods of the estimator that are asked.
        weights: (n,) of the rows, or None.
    """

    model: Any
    x: Any
    y: Any
    x_test: Any
    want: Sequence[str]
    weights: Floats | None = None

    def answers(self, mask: NDArray[np.bool_]) -> list[Any]:
        """What a fit on a subset says to each of the methods; raises what fit or method raises."""
        one = fitted(self.model, self.x, self.y, mask, self.weights)
        classes = getattr(one, "classes_", None)
        return [(as_numpy(getattr(one, method)(self.x_test)), classes) for method in self.want]
