"""Where data sets come from: scikit-learn's bunches, data frames, and one table split in two."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..errors import InputError, InputTypeError
from ..typing import Indices
from . import arrays


def split_rows(n: int, train_size: float, random_state: int | None, strata: Any) -> tuple[Indices, Indices]:
    """Positions of the training and of the test rows, shuffled; the same as scikit-learn's train_test_split."""
    from sklearn.model_selection import train_test_split

    if not isinstance(train_size, (int, float, np.integer, np.floating)):
        raise InputTypeError(
            f"train_size is {train_size!r}; expected a share between 0 and 1, or a number of rows. Pass 0.8."
        )
    whole = isinstance(train_size, (int, np.integer)) and not isinstance(train_size, bool)
    if not (1 <= train_size < n if whole else 0.0 < train_size < 1.0):
        raise InputError(
            f"train_size={train_size!r} for {n} rows; expected a share between 0 and 1, "
            f"or an integer from 1 to {n - 1}."
        )
    try:
        train, test = train_test_split(
            np.arange(n, dtype=np.intp), train_size=train_size, random_state=random_state, stratify=strata
        )
    except ValueError as e:
        reason = str(e).rstrip(".")
        raise InputError(
            f"{n} rows cannot be split with train_size={train_size!r}: {reason}. Expected parts that hold every class; "
            f"take another train_size, or leave out stratify_by_target."
        ) from e
    return train, test


def from_bunch(data: Any) -> tuple[Any, Any, dict[str, Any]]:
    """Features, labels and names of a scikit-learn Bunch."""
    found = {
        key: getattr(data, key, None) for key in ("data", "target", "feature_names", "target_names", "DESCR")
    }
    if found["data"] is None or found["target"] is None:
        raise InputTypeError(
            f"{type(data).__name__} has no `data` and `target`; expected a scikit-learn Bunch such as load_wine(). "
            f"For arrays use from_arrays(X, y)."
        )
    names = {
        "feature_names": found["feature_names"],
        "target_names": found["target_names"],
        "description": found["DESCR"],
    }
    if np.ndim(found["target"]) > 1:
        names["multi_output"] = True
    return found["data"], found["target"], names


def from_frame(df: Any, target: Any, group: str | None) -> tuple[Any, Any, Any, dict[str, Any]]:
    """Features, labels, groups and ids of one data frame."""
    if not arrays.is_frame(df):
        raise InputTypeError(
            f"from_frame was given a {type(df).__name__}; expected a pandas data frame. For arrays use Dataset(x, y)."
        )
    several = isinstance(target, (list, np.ndarray))
    targets = list(target) if several else [target]
    taken = [*targets, *([] if group is None else [group])]
    for name in taken:
        if name not in df.columns:
            raise InputError(
                f"the frame has no column {name!r}; expected one of {', '.join(map(str, df.columns[:20]))}."
            )
    x, y = df.drop(columns=taken), df[targets] if several else df[target]
    if x.shape[1] == 0:
        raise InputError(
            f"no features are left beside {', '.join(map(str, taken))}; expected at least one further column."
        )
    names: dict[str, Any] = {"multi_output": True} if several else {}
    if df.index.is_unique and np.asarray(df.index).dtype.kind in "iuUO" and df.index.nlevels == 1:
        names["ids"] = np.asarray(df.index)
    return x, y, None if group is None else df[group], names
