"""Two data sets as one, the second after the first: for values that follow new points."""

from __future__ import annotations

import sys
from typing import Any

import numpy as np

from ...counts import many
from ...data import arrays
from ...data.dataset import Dataset
from ...data.grouped import GroupedDataset
from ...errors import InputError


def stacked(first: Dataset, second: Dataset) -> Dataset:
    """The points of both, with their ids and names; the kind of table is the first one's.

    Raises:
        InputError: for groups, other columns, or ids that are in both.
    """
    if isinstance(second, GroupedDataset):
        raise InputError("the new points are groups; points were expected. Pass the rows as a Dataset.")
    if first.n_features != second.n_features:
        raise InputError(
            f"the new points have {many(second.n_features, 'feature')}, the others {first.n_features}. "
            "Pass the same columns."
        )
    if first.ids.dtype.kind != second.ids.dtype.kind or np.isin(second.ids, first.ids).any():
        raise InputError(
            f"the ids of the new points ({second.ids[0]!r}, ...) are taken, or of another kind than those of the "
            f"others ({first.ids[0]!r}, ...). Pass new ones: Dataset(x, y, ids=...)."
        )
    return Dataset(
        _rows(first.x, second.x),
        _rows(first.y, second.y),
        feature_names=first.feature_names,
        data_names=np.concatenate([first.names, second.names]),
        description=first.description,
        ids=np.concatenate([first.ids, second.ids]),
    )


def _rows(a: Any, b: Any) -> Any:
    if arrays.is_frame(a) or arrays.is_series(a):
        below = b if type(b) is type(a) else type(a)(arrays.as_numpy(b))
        if arrays.is_frame(a):
            below = below.set_axis(a.columns, axis=1)
        return sys.modules["pandas"].concat([a, below], ignore_index=True)
    if arrays.is_sparse(a):
        from scipy.sparse import vstack

        return vstack([a, b]).tocsr()
    return np.concatenate([arrays.as_numpy(a), arrays.as_numpy(b)])
