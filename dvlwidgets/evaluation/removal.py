"""Removal curves: the score of what is left when the best or the worst points are taken away."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import numpy as np

from ..counts import many
from ..data.dataset import Dataset
from ..errors import InputError
from ..utility.model import ModelUtility

if TYPE_CHECKING:
    from ..valuation.result import ValuationResult


def compute_removal_score(
    u: ModelUtility | Any,
    result: ValuationResult,
    training_data: Dataset,
    percentages: Iterable[float],
    *,
    remove_best: bool = False,
) -> dict[float, float]:
    """Score what is left after removing growing shares of the points in the order of their values.

    Good values make the curve rise when the worst go first, and fall fast when the best go first. For an
    honest curve `u` scores on data that the values were not computed on.

    Args:
        u: a utility that is not yet bound to data.
        result: values of all points of `training_data`.
        training_data: the points.
        percentages: shares of the points to remove, each at least 0 and below 1.
        remove_best: remove the highest values first instead of the lowest.

    Returns:
        The score for each share, in the order given.

    Raises:
        InputError: if the result is of other data, values are NaN, or a share is outside [0, 1).
    """
    n, shares = len(training_data), [float(share) for share in percentages]
    values = np.asarray(result.values, dtype=np.float64)
    if len(values) != n:
        raise InputError(
            f"the result has {len(values)} values, the training data {many(n, 'point')}. Pass the data that "
            "were valued."
        )
    if getattr(result, "fingerprint", "") not in {"", training_data.fingerprint}:
        raise InputError(
            "the result is of other data than training_data (their fingerprints differ), so that its positions mean "
            "other points. Pass the data that were valued, with the labels that they had."
        )
    if np.isnan(values).any():
        raise InputError(
            f"{int(np.isnan(values).sum())} of {n} values are not known yet (NaN): let the run go on, "
            "or drop those points first."
        )
    if bad := [share for share in shares if not 0 <= share < 1]:
        raise InputError(f"percentages must be shares from 0 to below 1, not {bad[0]}. A tenth is 0.1.")
    # a result may be sorted: its indices say which point each value belongs to
    order = np.asarray(result.indices)[np.argsort(-values if remove_best else values, kind="stable")]
    masks = np.ones((len(shares), n), np.bool_)
    for row, share in zip(masks, shares, strict=True):
        row[order[: int(share * n)]] = False
    scores = u.with_dataset(training_data).evaluate(masks).values[:, 0]
    return dict(zip(shares, scores.tolist(), strict=True))
