"""Labels: which of them are classes, which are missing, and how some of them are replaced."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import InputError, InputTypeError
from ..typing import Indices
from . import arrays
from .tables import plain

MANY_CLASSES = 20
"""Integers with more distinct values than this are taken for numbers, not classes."""


def missing(y: Any) -> NDArray[np.bool_]:
    """Which labels are NaN or None: same shape as y."""
    if arrays.is_frame(y) or arrays.is_series(y):
        return np.asarray(y.isna().to_numpy(), dtype=np.bool_)
    values = arrays.as_numpy(y)
    if values.dtype.kind in "fc":
        return np.asarray(np.isnan(values))
    if values.dtype.kind == "O":
        gaps: NDArray[np.bool_] = np.vectorize(lambda v: plain(v) is None, otypes=[bool])(values)
        return gaps
    return np.zeros(values.shape, dtype=np.bool_)


def refuse_containers(values: NDArray[Any]) -> None:
    """Classes are told apart by their hash; lists and dicts have none.

    Raises:
        InputTypeError: there are such labels.
    """
    for label in values.flat:
        try:
            hash(label)
        except TypeError:
            raise InputTypeError(
                f"the labels are of type {type(label).__name__}, such as {label!s:.40}; expected a text, a number or "
                "a boolean for each point. Pass [str(label) for label in y], say."
            ) from None


def said(label: Any) -> str:
    """A label in a message: 'ham' and 3, where numpy would write np.str_('ham') and np.int64(3)."""
    return repr(label.item() if isinstance(label, np.generic) else label)


def looks_like_classes(y: Any) -> bool:
    """Whether labels are classes: strings, booleans, categories, few distinct integers, or exactly 0.0 and 1.0."""
    if str(getattr(y, "dtype", "")) == "category":
        return True
    values = arrays.as_numpy(y)
    if values.dtype.kind in "iu":
        few = max(2, min(MANY_CLASSES, (2 * len(values) + 2) // 3))
        return len(np.unique(values)) <= few
    if values.dtype.kind == "f":
        return np.array_equal(np.unique(values), [0.0, 1.0])
    return True


def replaced(y: Any, where: Indices, new: list[Any]) -> Any:
    """A copy of y with the labels at some rows replaced; it keeps its type and, if the labels fit, its dtype.

    Raises:
        InputError: if a new label is missing, or text among numbers, or a number among text.
    """
    if arrays.is_series(y) or arrays.is_frame(y):
        return _replaced_in_series(y, where, new)
    if arrays.is_tensor(y):
        return arrays.as_tensor(replaced(arrays.as_numpy(y), where, new))
    values = arrays.as_numpy(y)
    labels = _fitting(values, new)
    edited = values.astype(labels.dtype, copy=True)
    edited[where] = labels
    return edited


def _replaced_in_series(y: Any, where: Indices, new: list[Any]) -> Any:
    if str(getattr(y, "dtype", "")) == "category":
        _refuse_missing(new)
        added = [label for label in dict.fromkeys(new) if label not in y.cat.categories]
        edited = y.cat.add_categories(added)
        edited.iloc[where] = new
        return edited
    if isinstance(getattr(y, "dtype", None), np.dtype):
        values = replaced(y.to_numpy(), where, new)
        return type(y)(values, index=y.index, name=y.name)
    _fitting(arrays.as_numpy(y), new)
    edited = y.copy()
    edited.iloc[where] = new
    return edited


def _refuse_missing(new: list[Any]) -> None:
    if missing(_objects(new)).any():
        raise InputError(
            "a new label is NaN or None; expected a class or a number. To remove a point use drop_indices."
        )


def _objects(new: list[Any]) -> NDArray[Any]:
    array = np.empty(len(new), dtype=object)
    array[:] = new
    return array


def _fitting(values: NDArray[Any], new: list[Any]) -> NDArray[Any]:
    """New labels in the dtype that y gets: the present one if they fit, else the smallest that holds both."""
    if values.ndim == 1:
        _refuse_missing(new)
    labels = np.asarray(new)
    if values.ndim > 1:
        labels = np.broadcast_to(labels, (len(new), *values.shape[1:]))
    text = _is_text(values)
    if len(new) and text != _is_text(labels):
        kind, other = ("text", "a number") if text else ("numbers", "text")
        raise InputError(
            f"the labels are {kind}, but new label {said(new[0])} is {other}; expected the same kind. "
            f"Pass a label like {said(values.flat[0])}."
        )
    if values.dtype.kind == "O":
        return _objects(new) if values.ndim == 1 else labels.astype(object)
    if values.dtype.kind == "b" and not np.isin(labels, [0, 1]).all():
        raise InputError(
            f"the labels are True and False, but new label {said(new[0])} is neither. Pass True or False."
        )
    if labels.dtype.kind in "iufb" and np.array_equal(labels.astype(values.dtype), labels):
        return labels.astype(values.dtype)
    return labels.astype(np.promote_types(values.dtype, labels.dtype))


def _is_text(values: NDArray[Any]) -> bool:
    if values.dtype.kind == "O":
        return any(isinstance(v, str | bytes) for v in values.flat)
    return values.dtype.kind in "US"
