"""What KNN methods and utilities refuse, in words: models, weights, groups, labels."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..arguments import number, whole
from ..data import arrays
from ..data.dataset import Dataset
from ..data.grouped import GroupedDataset
from ..errors import InputError, InputTypeError
from ..typing import Indices


def check_model(model: Any, kind: str, *, instead: str) -> None:
    """Refuse another model than scikit-learn's `kind`, or one whose numbers make no sense.

    Raises:
        InputTypeError: for another class, or the class itself.
        InputError: for a number of neighbours or a radius that is none.
    """
    from sklearn import neighbors

    if not isinstance(model, getattr(neighbors, kind)):
        name = f"the class {model.__name__}" if isinstance(model, type) else type(model).__name__
        last = getattr(model, "steps", [(None, None)])[-1][1]
        hint = f"For other models use {instead}."
        if isinstance(last, getattr(neighbors, kind)):  # in a pipeline
            hint = (
                "Distances are measured here: transform the features of the training and of the test data first "
                f"(pipeline[:-1].fit(x), transform) and pass the {kind} alone, or use {instead}."
            )
        raise InputTypeError(f"model must be a {kind}(), not {name}. {hint}")
    if kind.startswith("KNeighbors"):
        whole("n_neighbors", model.n_neighbors, 1, f"{kind}(5), for example.")
    elif not number("radius", model.radius, f"{kind}(radius=1.0), for example.") > 0:
        raise InputError(
            f"radius must be positive, not {model.radius}. Pass {kind}(radius=1.0), for example."
        )


def check_uniform(model: Any, instead: str) -> None:
    """Refuse distance weights where neighbours are counted.

    Raises:
        InputError: for other weights than uniform.
    """
    if model.weights not in (None, "uniform"):
        raise InputError(
            f"weights must be 'uniform', not {model.weights!r}: the closed form counts neighbours. "
            f"For other weights use {instead}."
        )


def check_test_data(test_data: Any) -> None:
    """Refuse test data that are no points with labels.

    Raises:
        InputTypeError: if they are no Dataset.
        InputError: if they are groups.
    """
    if not isinstance(test_data, Dataset):
        raise InputTypeError(
            f"test_data must be a Dataset, not {type(test_data).__name__}. Write Dataset(x, y)."
        )
    if isinstance(test_data, GroupedDataset):
        raise InputError(
            "test_data are groups, but values are averaged over points. Pass the rows as a Dataset."
        )


def check_training_data(data: Any) -> None:
    """Refuse what is no data set.

    Raises:
        InputTypeError: if it is none.
    """
    if not isinstance(data, Dataset):
        raise InputTypeError(
            f"training data must be a Dataset, not {type(data).__name__}. Write Dataset(x, y)."
        )


def class_codes(train: Dataset, test: Dataset) -> tuple[Indices, Indices, int]:
    """Labels of the rows of both as integers, and how many classes there are in both together.

    Raises:
        InputError: if labels are no classes, or no class is in both.
    """
    found = []
    for what, data in (("training data", train), ("test data", test)):
        y = arrays.as_numpy(data.y)
        # whole numbers are classes here, however many: whoever passes a classifier means so
        numbers = y.dtype.kind == "f" and not (np.mod(y, 1) == 0).all()
        if y.ndim != 1 or numbers or y.dtype.kind not in "iubfUSO":
            raise InputError(
                f"the labels of the {what} are no classes, which this KNN method counts. Pass one class per row; for "
                "numbers use KNNRegressionShapleyValuation(KNeighborsRegressor(), test)."
            )
        found.append(y)
    ours, theirs, classes = _coded(*found)
    if not np.isin(theirs, ours).any():
        raise InputError(
            "the training and the test data have no class in common, so that every value would be 0. "
            "Pass labels of one kind."
        )
    return ours, theirs, classes


def _coded(ours: NDArray[Any], theirs: NDArray[Any]) -> tuple[Indices, Indices, int]:
    """Labels as integers from 0, and how many there are; equal ones get the same, 1 and True and 1.0 too."""
    kinds = {a.dtype.kind for a in (ours, theirs)}
    if (kinds <= set("iub") and np.result_type(ours, theirs).kind != "f") or kinds in ({"f"}, {"U"}, {"S"}):
        classes, codes = np.unique(np.concatenate([ours, theirs]), return_inverse=True)
        codes = codes.astype(np.intp)
        return codes[: len(ours)], codes[len(ours) :], len(classes)
    code: dict[Any, int] = {}
    lists = [a.tolist() for a in (ours, theirs)]
    for label in (*lists[0], *lists[1]):
        code.setdefault(label, len(code))
    first, second = (np.array([code[label] for label in labels], dtype=np.intp) for labels in lists)
    return first, second, len(code)


def check_chance(chance: Any) -> float | None:
    """The score of no neighbours, between 0 and 1, or None.

    Raises:
        InputTypeError, InputError: for anything else.
    """
    if chance is None:
        return None
    hint = "It is the score without neighbours; None takes 1 / number of classes."
    value = number("chance", chance, hint)
    if not 0 <= value <= 1:
        raise InputError(f"chance must lie between 0 and 1, not {value}. {hint}")
    return value


def check_dtype(dtype: Any) -> str:
    """float64 or float32, by name.

    Raises:
        InputError: for anything else.
    """
    if dtype not in ("float64", "float32"):
        raise InputError(f"dtype must be 'float64' or 'float32', not {dtype!r}.")
    return str(dtype)


def check_device(device: Any) -> str | None:
    """The name of one of PyTorch's devices, or None.

    Raises:
        InputTypeError: for anything else.
    """
    if device is not None and not isinstance(device, str):
        raise InputTypeError(
            f"device must be the name of a device, or None for NumPy, not {type(device).__name__}. "
            "Pass device='cuda', for example."
        )
    return device


EXACT_GROUPS = "KNNShapleyValuation, whose values of groups are exact"


def refuse_groups(data: Dataset, method: str, instead: str = EXACT_GROUPS) -> None:
    """Refuse groups where no closed form is known.

    Raises:
        InputError: for a GroupedDataset.
    """
    if isinstance(data, GroupedDataset):
        raise InputError(
            f"{method} values points, not groups, whose values are not sums of their rows'. Pass the rows as a "
            f"Dataset, or use {instead}."
        )


def targets(data: Dataset, what: str) -> NDArray[np.float64]:
    """Labels of the rows as numbers, shape (n,).

    Raises:
        InputError: for classes, gaps, or several numbers a row.
    """
    y = arrays.as_numpy(data.y)
    if y.ndim != 1 or y.dtype.kind not in "iuf" or not np.isfinite(y).all():
        raise InputError(
            f"the labels of the {what} must be one finite number per row for a regression. For classes use "
            "KNNShapleyValuation(KNeighborsClassifier(), test)."
        )
    return y.astype(np.float64)
