"""What a data set refuses, in sentences."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .. import arguments
from ..counts import many
from ..errors import InputError, InputTypeError
from ..typing import Indices
from . import arrays, labels


def width(table: Any) -> int:
    """Numbers in one row: columns, or pixels times channels; 1 for a plain vector."""
    return int(np.prod(table.shape[1:], dtype=np.int64)) if len(table.shape) > 1 else 1


def check_tables(x: Any, y: Any, *, multi_output: bool) -> None:
    """Refuses x and y that no model could be fitted on."""
    if len(x.shape) == 0 or len(y.shape) == 0:
        raise InputError("x or y is a single number; expected one row and one label per point. Pass arrays.")
    if len(x.shape) == 1 and not _is_texts(x):
        raise InputError(
            f"x has shape {tuple(x.shape)}; expected two dimensions, one row per point. "
            f"With a single feature pass x.reshape(-1, 1) (or x.to_frame())."
        )
    if x.shape[0] != y.shape[0]:
        raise InputError(
            f"x has {many(x.shape[0], 'row')}, but y has {many(y.shape[0], 'label')}; expected one label per row."
        )
    if x.shape[0] == 0:
        raise InputError("x and y have no rows; expected at least one point.")
    if arrays.is_sparse(y):
        raise InputTypeError("y is a sparse matrix; expected a dense array. Pass y.toarray().")
    if len(y.shape) > 1 and not multi_output:
        hint = "Pass y.ravel() (or the column itself)" if width(y) == 1 else "Pass multi_output=True"
        raise InputError(
            f"y has shape {tuple(y.shape)}; expected ({y.shape[0]},), one label per point. {hint}."
        )
    _check_labels(y)
    _check_order(x, y)


def _check_order(x: Any, y: Any) -> None:
    """Refuses a frame and a series with the same index in another order; rows are put together by their position.

    An index that counts from 0 says nothing: a frame made anew from an array has it.
    """
    a: Any = getattr(x, "index", None)
    b: Any = getattr(y, "index", None)
    if not (hasattr(a, "equals") and hasattr(b, "equals")) or a.equals(b):
        return
    counted = any(np.array_equal(np.asarray(index), np.arange(len(a))) for index in (a, b))
    if not counted and a.is_unique and set(a) == set(b):
        raise InputError(
            "the indices of x and y are the same, but in another order, while rows and labels go together by position. "
            "Pass y.loc[x.index], or y.to_numpy() if the positions are right."
        )


def _is_texts(x: Any) -> bool:
    return x.dtype.kind in "UO" or str(x.dtype) in ("str", "string") if not arrays.is_tensor(x) else False


def _check_labels(y: Any) -> None:
    gaps = labels.missing(y)
    if gaps.any():
        first = int(np.flatnonzero(gaps.reshape(len(gaps), -1).any(axis=1))[0])
        raise InputError(
            f"{int(gaps.sum()):,} of the labels are NaN or None, the first at row {first}; expected a label for every "
            f"point. Drop these rows first."
        )
    values = arrays.as_numpy(y)
    if values.dtype.kind == "O":
        labels.refuse_containers(values)
        kinds = {isinstance(v, str) for v in values.flat}
        if len(kinds) > 1:
            raise InputError(
                "y mixes text and numbers; expected labels of one kind. Convert it, e.g. with y.astype(str)."
            )


def unique_ids(ids: Any, n: int) -> NDArray[Any]:
    """Persistent ids: (n,) unique integers or strings, read-only; 0..n-1 by default."""
    found = np.arange(n, dtype=np.int64) if ids is None else _ids(ids)
    if found.dtype.kind not in "iU":
        raise InputTypeError(f"ids are of type {found.dtype}; expected integers or strings.")
    _check_length(found, n, "ids")
    values, counts = np.unique(found, return_counts=True)
    if len(values) < n:
        twice = values[counts > 1][0]
        raise InputError(
            f"id {twice.item()!r} is given {counts.max()} times; expected a different id for every point, because "
            f"edits are stored by id. Leave ids out to number the rows."
        )
    found.flags.writeable = False
    return found


def _ids(ids: Any) -> NDArray[Any]:
    """Ids as they were given: integers of 64 bits, or text; what is neither keeps its type, and is refused."""
    try:
        found = arrays.as_numpy(ids)
    except ValueError:
        raise InputTypeError("ids are of several kinds; expected integers or strings.") from None
    if found.dtype.kind == "O":
        gaps = np.flatnonzero(labels.missing(found.ravel()))
        if gaps.size:
            raise InputError(
                f"{gaps.size:,} of the ids are missing, the first at row {gaps[0]}; expected an id for every point."
            )
        found = found.astype(np.str_)
    if found.dtype.kind == "u" and found.size and found.max() > np.iinfo(np.int64).max:
        raise InputError(
            f"id {found.max()} is too large; expected integers below 2**63, or text. Pass the ids as text, e.g. "
            "ids.astype(str)."
        )
    return found.astype(np.int64) if found.dtype.kind in "iu" else found.copy()


def point_names(
    names: Any, ids: NDArray[Any], what: str = "data_names", each: str = "point"
) -> NDArray[np.str_]:
    """Names of the points: (n,) strings, by default the ids."""
    found = np.array(ids if names is None else arrays.as_numpy(names)).astype(np.str_)
    _check_length(found, len(ids), what, each)
    found.flags.writeable = False
    return found


def feature_names(names: Any, x: Any) -> list[str]:
    """One name per feature: given, the frame's columns, or x0, x1, ...; these also in place of blank names."""
    if names is None:
        if not arrays.is_frame(x):
            return [f"x{i}" for i in range(width(x))]
        names = x.columns
    _check_length(names, width(x), "feature_names", "feature")
    return [str(name) if str(name).strip() else f"x{i}" for i, name in enumerate(names)]


def description(text: Any) -> str:
    """Free text, or a stand-in."""
    if text is None:
        return "No description"
    return arguments.text("description", text, "It is free text on the data.") or "No description"


def target_names(names: Any, y: Any) -> list[str]:
    """One name per target column, or one per class (scikit-learn's bunches name the classes)."""
    if names is None:
        if arrays.is_frame(y):
            return [str(c) for c in y.columns]
        return (
            [str(y.name)] if getattr(y, "name", None) is not None else ["y"] if y.ndim == 1 else _numbered(y)
        )
    if not isinstance(names, str) and np.ndim(names) != 1:
        raise InputTypeError(f"target_names is {names!r}; expected a list of names, one per target or class.")
    found = [names] if isinstance(names, str) else [str(name) for name in names]
    if len(found) != width(y) and not (y.ndim == 1 and labels.looks_like_classes(y)):
        raise InputError(
            f"target_names has {len(found)} entries; expected {width(y)}, one per target column."
        )
    if len(found) != width(y) and len(found) < len(np.unique(arrays.as_numpy(y))):
        raise InputError(
            f"target_names has {len(found)} entries; expected 1, or one for each of the "
            f"{many(len(np.unique(arrays.as_numpy(y))), 'class', 'classes')}."
        )
    return found


def _numbered(y: Any) -> list[str]:
    return [f"y{i}" for i in range(width(y))]


def _check_length(given: Any, n: int, what: str, each: str = "point") -> None:
    if np.ndim(given) != 1 or len(given) != n:
        raise InputError(f"{what} has shape {np.shape(given)}; expected ({n},), one per {each}.")


def position_of(name: str, names: Sequence[str], what: str) -> int:
    """Position of a column by its name."""
    if name not in names:
        raise InputError(f"there is no {what} {name!r}; expected one of {', '.join(names[:20])}.")
    return list(names).index(name)


def distinct(positions: Indices, what: str) -> Indices:
    """Positions to keep: at least one, none twice."""
    if len(positions) == 0:
        raise InputError(f"{what} was asked for no points at all; expected at least one position.")
    values, counts = np.unique(positions, return_counts=True)
    if len(values) < len(positions):
        raise InputError(
            f"{what} was asked for position {values[counts > 1][0]} twice; expected each point once, because ids are "
            f"unique. For raw rows with repetition use data(indices)."
        )
    return positions


def check_same_data(result: Any, fingerprint: str) -> None:
    """Refuses a result whose positions mean points of other data."""
    if not hasattr(result, "indices"):
        raise InputTypeError(
            f"drop was given a {type(result).__name__}; expected a ValuationResult, e.g. values[:100]. "
            f"For positions use drop_indices."
        )
    if getattr(result, "fingerprint", None) != fingerprint:
        raise InputError(
            "the result belongs to other data (its fingerprint differs, e.g. because labels were edited or points "
            "dropped since); expected a result of this data set. Value it again, or select by id: "
            "data.drop_indices(numpy.flatnonzero(numpy.isin(data.ids, result.ids)))."
        )


def edits(positions: Any, new: Any, n: int) -> tuple[Indices, list[Any]]:
    """Positions and one new label for each, from {position: label} or from positions and labels."""
    if isinstance(positions, Mapping):
        if new is not None:
            raise InputTypeError("relabel was given a mapping and labels; expected {position: label} alone.")
        where, labels_ = arrays.positions(list(positions), n), list(positions.values())
    else:
        where = arrays.positions(positions, n)
        if new is None:
            raise InputError(
                "relabel was given positions but no labels; expected relabel(positions, labels)."
            )
        single = np.ndim(new) == 0
        labels_ = [new] * len(where) if single else list(new)
    if len(labels_) != len(where):
        raise InputError(
            f"{many(len(labels_), 'label')} came for {many(len(where), 'position')}; expected one for each."
        )
    if len(np.unique(where)) < len(where):
        raise InputError("a position is relabelled twice; expected each position once.")
    return where, labels_
