"""Bagging models: which rows each estimator has not seen, and what it says of them in the user's own labels."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..counts import many
from ..data.arrays import as_numpy, is_sparse
from ..data.dataset import Dataset
from ..errors import InputError, InputTypeError
from ..typing import Indices
from ..utility.match import kind

LOOKED_AT = 16
"""So many trees are asked whether they were grown on the labels at hand."""


def check_bagging(model: Any) -> None:
    """Refuse what draws no bags, or leaves nothing outside of them.

    Raises:
        InputTypeError: for a class instead of an instance, or a model that is no bagging model.
        InputError: if every bag holds every point.
    """
    from sklearn.ensemble import BaggingClassifier, BaggingRegressor
    from sklearn.ensemble._forest import BaseForest

    if isinstance(model, type):
        raise InputTypeError(f"model is the class {model.__name__}; pass an instance: {model.__name__}().")
    bagging = isinstance(model, BaggingClassifier | BaggingRegressor | BaseForest)
    if not bagging or kind(model) not in ("classifier", "regressor"):
        raise InputTypeError(
            f"model must be a bagging model of scikit-learn, a classifier or a regressor, not {type(model).__name__}. "
            f"Pass RandomForestClassifier(), ExtraTreesClassifier(bootstrap=True), or BaggingClassifier(model)."
        )
    everything = isinstance(model, BaseForest) or (
        isinstance(model.max_samples, float) and model.max_samples >= 1.0
    )
    if not model.bootstrap and everything:
        fix = "bootstrap=True" + ("" if isinstance(model, BaseForest) else ", or max_samples=0.5")
        raise InputError(
            f"with bootstrap=False{'' if isinstance(model, BaseForest) else ' and max_samples=1.0'} every estimator of "
            f"{type(model).__name__} is fitted on all points, so that no point is ever out of bag. Use {fix}."
        )


def is_fitted(model: Any) -> bool:
    """Whether the model has its estimators."""
    return hasattr(model, "estimators_")


def table_for(model: Any, x: Any) -> Any:
    """Features as the estimators of a bagging model saw them: without column names, for trees in float32."""
    from sklearn.tree import BaseDecisionTree

    if is_sparse(x):
        return x
    plain = as_numpy(x)
    trees = is_fitted(model) and all(isinstance(e, BaseDecisionTree) for e in model.estimators_)
    if not trees or plain.dtype.kind not in "iufb":
        return plain
    with np.errstate(over="ignore"):
        narrow = np.ascontiguousarray(plain, dtype=np.float32)
    # what is not finite stays as it is: trees have their own words for it
    return narrow if np.isfinite(narrow).all() else plain


def rows_alike(model: Any, x: Any) -> Indices | None:
    """All rows of a fitted forest, those that go alike through a tree beside each other; None for other models.

    Such rows find their leaves in a tenth to a quarter less time: the way of one foretells that of the next.

    Args:
        model: the fitted model.
        x: features, as of `table_for`.
    """
    from sklearn.ensemble._forest import BaseForest

    if not isinstance(model, BaseForest) or not isinstance(x, np.ndarray) or x.dtype != np.float32:
        return None
    return np.argsort(model.estimators_[0].tree_.apply(x), kind="stable")


def outside(model: Any, drawn: Any, rows: int) -> NDArray[np.bool_]:
    """Which rows each estimator of a fitted model has not seen, shape (estimators, rows).

    Args:
        model: the fitted model.
        drawn: its `estimators_samples_`.
        rows: of the data.

    Raises:
        InputError: if the bags were not drawn from so many rows.
    """
    out = np.ones((len(model.estimators_), rows), np.bool_)
    for mask, bag in zip(out, drawn, strict=True):
        if len(bag) and int(np.max(bag)) >= rows:
            raise InputError(_other_data(model, f"at least {int(np.max(bag)) + 1} points", f"{rows}"))
        mask[bag] = False
    return out


def predictions(model: Any, estimator: int, x: Any) -> NDArray[Any]:
    """What one estimator says of rows of features, in the labels that the model was fitted on.

    Args:
        model: a fitted bagging model.
        estimator: its position in the model.
        x: features, shape (k, d), as of `table_for`.

    Returns:
        Shape (k,), or (k, outputs).
    """
    columns = getattr(model, "estimators_features_", None)
    if columns is not None and not np.array_equal(columns[estimator], np.arange(x.shape[1])):
        x = x[:, columns[estimator]]
    one, classes = model.estimators_[estimator], getattr(model, "classes_", None)
    if not _leaves_are_read(one, x):
        return _labels(as_numpy(one.predict(x)), classes)
    return np.asarray(_labels(_by_node(one), classes).take(one.tree_.apply(x)))


def _labels(said: NDArray[Any], classes: Any) -> NDArray[Any]:
    """What an estimator says, (k,) or (k, outputs), in the labels of the model."""
    if classes is None:
        return said
    # estimators of a bagging classifier are fitted on the positions of the labels in classes_
    codes = said.astype(np.intp)
    if codes.ndim == 1:
        return np.asarray((classes[0] if isinstance(classes, list) else classes)[codes])
    return np.stack([known[codes[:, j]] for j, known in enumerate(classes)], axis=1)


def _leaves_are_read(estimator: Any, x: Any) -> bool:
    """Whether the leaves of a tree with one output are read, at half the time of its `predict`."""
    from sklearn.tree import BaseDecisionTree

    plain = type(estimator).predict is BaseDecisionTree.predict and isinstance(x, np.ndarray)
    return bool(plain and x.dtype == np.float32 and estimator.n_outputs_ == 1)


def _by_node(tree: Any) -> NDArray[Any]:
    """What a tree with one output predicts at each of its nodes."""
    from sklearn.tree import DecisionTreeClassifier

    values = tree.tree_.value[:, 0]
    if not isinstance(tree, DecisionTreeClassifier):
        return np.asarray(values[:, 0])
    # of two classes the first one where they tie, as by argmax, which is slow over short rows
    best = values[:, 1] > values[:, 0] if values.shape[1] == 2 else values.argmax(axis=1)
    return np.asarray(np.asarray(tree.classes_)[best.astype(np.intp)])


def check_same_data(model: Any, data: Dataset) -> None:
    """Refuse data that a fitted model cannot have been fitted on, as far as that can be seen.

    Raises:
        InputError: for another number of points or features, or labels that the model does not know.
    """
    fitted_on = getattr(model, "_n_samples", data.n_rows)
    if fitted_on != data.n_rows:
        raise InputError(_other_data(model, many(fitted_on, "point"), f"{data.n_rows}"))
    if model.n_features_in_ != data.n_features:
        raise InputError(_other_data(model, many(model.n_features_in_, "feature"), f"{data.n_features}"))
    classes = getattr(model, "classes_", None)
    if classes is None:
        return
    y = as_numpy(data.y).reshape(data.n_rows, -1)
    for known, labels in zip(classes if isinstance(classes, list) else [classes], y.T, strict=False):
        strange = set(labels.tolist()) - set(np.asarray(known).tolist())
        if strange:
            given = f"a label {min(strange, key=str)!r} that it does not know"
            raise InputError(
                f"the {type(model).__name__} was fitted on other labels: the data have {given}. "
                "Fit it on these very data, or pass it unfitted."
            )


def grown_on_other_labels(model: Any, drawn: Any, data: Dataset) -> bool:
    """Whether the roots of a forest's trees show other labels (or sample weights) than the data's."""
    from sklearn.ensemble._forest import BaseForest

    plain = getattr(model, "criterion", "") in ("gini", "entropy", "log_loss", "squared_error")
    if not isinstance(model, BaseForest) or data.n_targets != 1 or not plain:
        return False
    if getattr(model, "class_weight", None) is not None:
        return False
    y, classes = as_numpy(data.y).ravel(), getattr(model, "classes_", None)
    if classes is not None:
        y = (y[:, None] == np.asarray(classes)).astype(np.float64)
    for tree, bag in zip(model.estimators_[:LOOKED_AT], drawn, strict=False):
        root = np.ravel(tree.tree_.value[0])
        if classes is not None:
            root = root / root.sum()
        if not np.allclose(root, np.bincount(bag, minlength=len(y)) @ y / len(bag), rtol=1e-5, atol=1e-8):
            return True
    return False


def _other_data(model: Any, its: str, ours: str) -> str:
    return (
        f"the {type(model).__name__} was fitted on {its}, but the data have {ours}. "
        "Out of bag means something for the data of the fit only: fit it on these very data, or pass it unfitted."
    )
