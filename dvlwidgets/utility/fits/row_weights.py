"""Weights of rows: what may be given, and under which name an estimator's fit takes them."""

from __future__ import annotations

import inspect
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...counts import many
from ...errors import InputError, InputTypeError
from .problem import Floats


def checked(weights: Any, rows: int | None = None) -> Floats | None:
    """Weights as a read-only array (n,), or None.

    Args:
        weights: numbers of at least 0, one a row; or None.
        rows: how many there must be.

    Raises:
        InputTypeError: for what is no list of numbers.
        InputError: for negative weights, gaps, no positive weight, or another number of them than rows.
    """
    if weights is None:
        return None
    given = np.asarray(weights)
    if given.ndim != 1 or given.dtype.kind not in "iuf":
        raise InputTypeError(
            f"sample_weight must be one number for each row, not {given.dtype} of shape {given.shape}."
        )
    if rows is not None and len(given) != rows:
        raise InputError(
            f"sample_weight has {len(given):,} numbers, and the training data have {many(rows, 'row')}: give one for "
            "each."
        )
    found = given.astype(np.float64)
    if not np.isfinite(found).all() or (found < 0).any() or not found.any():
        raise InputError("sample_weight must be finite numbers of at least 0, some of them positive.")
    found.flags.writeable = False
    return found


def keyword(model: Any) -> str:
    """Under which name `fit` takes weights: a pipeline's are for its last step.

    Raises:
        InputError: if it takes none.
    """
    last, name = model, "sample_weight"
    if hasattr(model, "steps"):
        step, last = model.steps[-1]
        name = f"{step}__sample_weight"
    if "sample_weight" not in inspect.signature(last.fit).parameters:
        raise InputError(
            f"{type(last).__name__}.fit takes no sample_weight; leave it out, or pass a model whose fit takes it."
        )
    return name


def arguments_of(model: Any, weights: Floats | None, rows: NDArray[Any]) -> dict[str, Any]:
    """What `fit` is given beside features and labels of some rows: nothing without weights."""
    return {} if weights is None else {keyword(model): weights[rows]}
