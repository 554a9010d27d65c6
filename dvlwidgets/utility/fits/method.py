"""What a batched fit is: a problem prepared once, and blocks of subsets trained together."""

from __future__ import annotations

from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from .predictions import Predictions
from .problem import Problem
from .scaling import Scaling

MEMORY = 256_000_000
"""What a method prepares for all rows takes no more bytes; beyond, models are fitted one by one."""


class NotCoveredError(Exception):
    """These data cannot be fitted many at once; says why."""


class Method(Protocol):
    """Models of one kind on one problem.

    Args of the constructor:
        model: the estimator with its parameters.
        problem: training and test data.
        scaling: the scaler that is fitted to each subset before, or None.

    The constructor raises `NotCoveredError` where the problem is too large or too badly scaled.
    """

    def __init__(self, model: Any, problem: Problem, scaling: Scaling | None) -> None: ...

    def fit(self, masks: NDArray[np.bool_], want: frozenset[str]) -> Predictions:
        """Models of the non-empty subsets `masks`, shape (b, n), and their answers to the methods in `want`.

        A row's answers do not depend on the other rows beyond the rounding of matrix products.
        """
        ...


def check_memory(rows: int, columns: int) -> None:
    """Refuse what would take too much memory.

    Raises:
        NotCoveredError: with the size.
    """
    if 8 * rows * columns > MEMORY:
        raise NotCoveredError(f"the sums of products would take {8e-6 * rows * columns:,.0f} MB of memory")
