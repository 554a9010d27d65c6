"""Confident learning: which labels are suspicious, and what they should rather be.

Northcutt, Jiang & Chuang, Confident learning: estimating uncertainty in dataset labels (JAIR 2021).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import InputError, InputTypeError
from .result import ValuationResult


def confident_labels(proba: NDArray[np.float64], given: NDArray[np.intp]) -> NDArray[np.intp]:
    """The label that each point counts for in the confident joint, or its given label where there is none.

    A point counts for the likeliest label among those that are at least as likely for it as they are, on average,
    for the points that have them. Points off the joint's diagonal are suspicious.

    Args:
        proba: out-of-sample probabilities, shape (n, c); rows of NaN are points of which nothing is known.
        given: position of the given label of each point, shape (n,).

    Returns:
        Positions of labels, shape (n,).
    """
    known = np.isfinite(proba.sum(axis=1))
    usual = np.full(proba.shape[1], np.inf)
    for label in range(proba.shape[1]):
        own = known & (given == label)
        if own.any():
            usual[label] = proba[own, label].mean()
    confident = np.where(known[:, None] & (proba >= usual), proba, -1.0)
    best = confident.argmax(axis=1)
    return np.where(confident.max(axis=1) > 0, best, given)


@dataclass(frozen=True)
class Suggestion:
    """A suspicious point and the label that it should rather have.

    Attributes:
        index: position of the point in the data set that was valued.
        id: its persistent id.
        name: its name.
        value: its value; the lowest come first.
        given: its label.
        suggested: the other label; for numbers the cross-validated prediction.
        probability: of the suggested label; NaN for numbers.
    """

    index: int
    id: Any
    name: str
    value: float
    given: Any
    suggested: Any
    probability: float


def suggested_labels(result: ValuationResult) -> list[Suggestion]:
    """The suspicious points of a result, lowest value first, each with the label that it should rather have.

    Args:
        result: of `SelfConfidenceValuation` or `CrossValidatedResidualValuation`.

    Raises:
        InputTypeError: if it is no result.
        InputError: if it has no suggestions (another method's, or of groups).

    Example:
        >>> data.relabel({s.index: s.suggested for s in suggested_labels(result)})  # doctest: +SKIP
    """
    given: Any = result
    if not isinstance(given, ValuationResult):
        raise InputTypeError(
            f"suggested_labels was given {type(result).__name__}; expected a ValuationResult. Pass valuation.result."
        )
    extra = result.extra_values
    if not {"given_label", "suggested_label", "suspicious"} <= set(extra):
        raise InputError(
            f"this result of {result.algorithm or 'an unnamed method'} has no suggested labels. Use "
            "SelfConfidenceValuation(model) for classes, CrossValidatedResidualValuation(model) for numbers, and a "
            "Dataset of rows instead of groups."
        )
    rows = np.flatnonzero(extra["suspicious"])
    rows = rows[np.argsort(result.values[rows], kind="stable")]
    return [
        Suggestion(
            int(result.indices[row]),
            result.ids[row].item(),
            str(result.names[row]),
            float(result.values[row]),
            extra["given_label"][row].item(),
            extra["suggested_label"][row].item(),
            float(extra["suggested_probability"][row]),
        )
        for row in rows
    ]
