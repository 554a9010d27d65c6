"""How well single predictions do: what Data-OOB averages over estimators."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...counts import many
from ...errors import InputError, InputTypeError
from ...typing import Indices

Score = Callable[[NDArray[Any], NDArray[Any]], NDArray[np.float64]]


def point_wise_accuracy(y_true: NDArray[Any], y_pred: NDArray[Any]) -> NDArray[np.float64]:
    """1.0 where a label is right and 0.0 where it is wrong, shape (k,); with several outputs the share that is.

    Raises:
        InputError: if the shapes differ.
    """
    right: NDArray[np.bool_] = np.equal(*_pair(y_true, y_pred))
    if right.ndim == 1:
        return right.astype(np.float64)
    shares: NDArray[np.float64] = right.reshape(len(right), -1).mean(axis=1)
    return shares


def neg_l2_distance(y_true: NDArray[Any], y_pred: NDArray[Any]) -> NDArray[np.float64]:
    """Minus the squared Euclidean distance of each prediction from the truth, as in the paper; shape (k,).

    Raises:
        InputError: if the shapes differ.
        InputTypeError: if they are no numbers.
    """
    true, said = _pair(y_true, y_pred)
    if any(a.dtype.kind not in "iufb" for a in (true, said)):
        raise InputTypeError(
            f"neg_l2_distance measures numbers, but was given {true.dtype} and {said.dtype}. "
            "Pass score=point_wise_accuracy for classes."
        )
    difference = true.astype(np.float64) - said.astype(np.float64)
    squares: NDArray[np.float64] = (difference.reshape(len(difference), -1) ** 2).sum(axis=1)
    return -squares


def _pair(y_true: Any, y_pred: Any) -> tuple[NDArray[Any], NDArray[Any]]:
    true, said = np.asarray(y_true), np.asarray(y_pred)
    if true.shape != said.shape or not true.ndim:
        raise InputError(
            f"labels of shape {true.shape} and predictions of shape {said.shape}; expected one prediction for each "
            "label. Pass arrays of the same points."
        )
    return true, said


def unit_of(score: Score) -> str:
    """What one unit of a value is."""
    if score is point_wise_accuracy:
        return "the share of out-of-bag estimators that are right"
    if score is neg_l2_distance:
        return "minus squared units of the target"
    return f"points of {getattr(score, '__name__', 'the score')}"


def checked_scores(scores: Any, rows: int, name: str) -> NDArray[np.float64]:
    """The scores that a function gave for so many points.

    Raises:
        InputTypeError, InputError: unless they are one finite number a point.
    """
    try:
        found = np.asarray(scores, np.float64)
    except (TypeError, ValueError) as error:
        raise InputTypeError(
            f"the score {name} gave {type(scores).__name__}; expected one number a point. ({error})"
        ) from error
    if found.shape != (rows,) or not np.isfinite(found).all():
        raise InputError(
            f"the score {name} gave an array of shape {found.shape} for {many(rows, 'point')}"
            f"{'' if np.isfinite(found).all() else ' with NaN or infinity in it'}; expected one finite number a point."
        )
    return found


def moments(
    scores: NDArray[Any], there: NDArray[np.bool_], points: Indices | None = None
) -> tuple[NDArray[np.int64], NDArray[np.float64], NDArray[np.float64]]:
    """Counts, means and sums of squared deviations of each column, (n,) each.

    Args:
        scores: (k, n) numbers, or hits and misses; 0 where there is none.
        there: (k, n) where there are some.
        points: (n,) where the columns stand in the answer, each in a place of its own.
    """
    count = _placed(_counted(there), points).astype(np.int64)
    some = np.maximum(count, 1)
    if scores.dtype == np.bool_:
        hits = _placed(_counted(scores), points).astype(np.float64)
        mean = hits / some
        return count, mean, hits * (1.0 - mean)
    mean = _placed(scores.sum(axis=0), points) / some
    deviations = (scores - (mean if points is None else mean[points])) * there
    return count, mean, _placed(np.square(deviations, out=deviations).sum(axis=0), points)


def _counted(there: NDArray[np.bool_]) -> NDArray[Any]:
    """(n,) how many of each column; up to 255 rows in bytes, eight times as quick."""
    narrow = np.uint8 if len(there) < 256 else np.int64
    return np.asarray(np.add.reduce(there.view(np.uint8), axis=0, dtype=narrow))


def _placed(column: NDArray[Any], points: Indices | None) -> NDArray[Any]:
    if points is None:
        return column
    found = np.empty_like(column)
    found[points] = column
    return found
