"""Which estimators are fitted many at once, with which parameters: the table, and `explain`.

An estimator is recognised by its exact class; every parameter must obey its rule. Whatever is not in the table, a
subclass included, is fitted one by one.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from .centroids import Centroids
from .discrete_bayes import BernoulliBayes, ComplementBayes, MultinomialBayes
from .discriminant import Discriminant
from .kernel_ridge import KernelRidge
from .least_squares import LeastSquares
from .logistic import Logistic
from .method import Method
from .naive_bayes import GaussianBayes
from .neighbors import NearestClasses, NearestNumbers
from .ridge import Ridge, RidgeClasses
from .rules import Rule, broken, either, flag, number, only, whatever, whole

PREDICT, PROBA, DECISION = "predict", "predict_proba", "decision_function"


@dataclass(frozen=True)
class Row:
    """A row of the table.

    Attributes:
        method: what trains them.
        params: a rule for each parameter.
        says: methods of the estimator that the batch answers for.
        classes: whether it is a classifier.
        scaled: whether a scaler may stand before it in a pipeline.
        how: the mathematics, in words.
        tables: whether features must be double precision in two dimensions.
        weighted: whether rows may have weights.
    """

    method: type[Method]
    params: Mapping[str, Rule]
    says: frozenset[str]
    classes: bool
    scaled: bool
    how: str
    tables: bool = True
    weighted: bool = False


_PRIOR = {
    "class_prior": only(None),
    "fit_prior": flag(),
    "force_alpha": flag(),
    "alpha": number(least=1e-10),
}
_RIDGE = {
    "alpha": number(above=0.0),
    "fit_intercept": flag(),
    "copy_X": flag(),
    "max_iter": whatever(),
    "positive": only(False),
    "random_state": whatever(),
    "solver": only("auto", "cholesky", "svd"),
    "tol": whatever(),
}
_NEIGHBORS = {
    "algorithm": only("auto", "brute", "kd_tree", "ball_tree"),
    "leaf_size": whole(1),
    "metric": only("minkowski", "euclidean", "l2", "manhattan", "cityblock", "l1", "chebyshev"),
    "metric_params": only(None),
    "n_jobs": whatever(),
    "n_neighbors": whole(1),
    "p": number(least=1),
    "weights": only("uniform"),
}
_SUMS = "running sums of all subsets in one matrix product"
_GRAM = "Gram matrices of all subsets in one matrix product"

TABLE: Mapping[str, Row] = {
    "sklearn.naive_bayes.GaussianNB": Row(
        GaussianBayes,
        {"priors": only(None), "var_smoothing": number(least=0.0)},
        frozenset({PREDICT, PROBA}), classes=True, scaled=True, how=_SUMS, weighted=True,
    ),
    "sklearn.naive_bayes.MultinomialNB": Row(
        MultinomialBayes, _PRIOR, frozenset({PREDICT, PROBA}), classes=True, scaled=False, how=_SUMS, weighted=True
    ),
    "sklearn.naive_bayes.BernoulliNB": Row(
        BernoulliBayes,
        {**_PRIOR, "binarize": either(only(None), number())},
        frozenset({PREDICT, PROBA}), classes=True, scaled=False, how=_SUMS, weighted=True,
    ),
    "sklearn.naive_bayes.ComplementNB": Row(
        ComplementBayes,
        {**_PRIOR, "norm": flag()},
        frozenset({PREDICT, PROBA}), classes=True, scaled=False, how=_SUMS, weighted=True,
    ),
    "sklearn.linear_model._base.LinearRegression": Row(
        LeastSquares,
        {
            "fit_intercept": flag(), "copy_X": flag(), "n_jobs": whatever(), "positive": only(False),
            "tol": number(least=0.0, most=1e-5),
        },
        frozenset({PREDICT}), classes=False, scaled=True, how=_GRAM, weighted=True,
    ),
    "sklearn.linear_model._ridge.Ridge": Row(
        Ridge, _RIDGE, frozenset({PREDICT}), classes=False, scaled=True, how=_GRAM, weighted=True,
    ),
    "sklearn.linear_model._ridge.RidgeClassifier": Row(
        RidgeClasses,
        {**_RIDGE, "class_weight": only(None)},
        frozenset({PREDICT, DECISION}), classes=True, scaled=True, how=_GRAM, weighted=True,
    ),
    "sklearn.linear_model._logistic.LogisticRegression": Row(
        Logistic,
        {
            "C": number(above=0.0), "fit_intercept": flag(), "class_weight": only(None), "dual": only(False),
            "intercept_scaling": whatever(), "l1_ratio": either(only(None), number(least=0.0, most=0.0)),
            "max_iter": whole(100), "multi_class": only("auto", "deprecated", "multinomial"),
            "n_jobs": whatever(), "penalty": only("l2", "deprecated"), "random_state": whatever(),
            "solver": only("lbfgs", "newton-cg", "newton-cholesky"), "tol": number(above=0.0, most=1e-3),
            "verbose": only(0, False), "warm_start": flag(),
        },
        frozenset({PREDICT, PROBA, DECISION}), classes=True, scaled=True,
        how="Newton's method for all subsets together, from the solution on all points", weighted=True,
    ),
    "sklearn.kernel_ridge.KernelRidge": Row(
        KernelRidge,
        {
            "alpha": number(above=0.0), "coef0": number(), "degree": number(least=0.0),
            "gamma": either(only(None), number(least=0.0)),
            "kernel": only("linear", "rbf", "laplacian", "cosine", "polynomial", "poly"),
            "kernel_params": only(None),
        },
        frozenset({PREDICT}), classes=False, scaled=False, weighted=True,
        how="the kernel is computed once; equations in the fewer rows, of a subset or of the others",
    ),
    "sklearn.neighbors._classification.KNeighborsClassifier": Row(
        NearestClasses, _NEIGHBORS, frozenset({PREDICT, PROBA}), classes=True, scaled=False,
        how="distances sorted once; ties go to the lower row",
    ),
    "sklearn.neighbors._regression.KNeighborsRegressor": Row(
        NearestNumbers, _NEIGHBORS, frozenset({PREDICT}), classes=False, scaled=False,
        how="distances sorted once; ties go to the lower row",
    ),
    "sklearn.neighbors._nearest_centroid.NearestCentroid": Row(
        Centroids,
        {"metric": only("euclidean"), "shrink_threshold": only(None), "priors": only("uniform")},
        frozenset({PREDICT}), classes=True, scaled=True, how=_SUMS,
    ),
    "sklearn.discriminant_analysis.LinearDiscriminantAnalysis": Row(
        Discriminant,
        {
            "solver": only("svd"), "shrinkage": only(None), "priors": only(None), "n_components": only(None),
            "store_covariance": flag(), "tol": number(above=0.0, most=1e-3),
            "covariance_estimator": only(None),
        },
        frozenset({PREDICT, PROBA, DECISION}), classes=True, scaled=True,
        how="scatter matrices of all subsets in one matrix product",
    ),
}  # fmt: skip


def _is_range(given: Any) -> bool:
    return isinstance(given, tuple) and len(given) == 2 and given[0] < given[1]


def _is_percentages(given: Any) -> bool:
    return _is_range(given) and 0 <= given[0] and given[1] <= 100


SCALERS: Mapping[str, Mapping[str, Rule]] = {
    "sklearn.preprocessing._data.StandardScaler": {
        "copy": flag(), "with_mean": flag(), "with_std": flag(),
    },
    "sklearn.preprocessing._data.MinMaxScaler": {
        "copy": flag(), "clip": only(False), "feature_range": Rule("a pair (low, high)", _is_range),
    },
    "sklearn.preprocessing._data.MaxAbsScaler": {"copy": flag(), "clip": only(False)},
    "sklearn.preprocessing._data.RobustScaler": {
        "copy": flag(), "with_centering": flag(), "with_scaling": flag(), "unit_variance": only(False),
        "quantile_range": Rule("a pair (low, high) of percentages", _is_percentages),
    },
}  # fmt: skip
"""Scalers that learn from each subset."""
BY_ROW: Mapping[str, Mapping[str, Rule]] = {
    "sklearn.preprocessing._data.Normalizer": {"copy": flag(), "norm": only("l1", "l2", "max")},
}
"""Scalers that learn nothing: each row is scaled by itself."""


@dataclass(frozen=True)
class Coverage:
    """Which path a model takes, and why; `str` says it in a sentence.

    Attributes:
        path: "batched" or "one by one".
        why: the reason, in words.
        row: the table's row, if batched.
        model: the estimator that the row is for: the last step of a pipeline.
        scaler: the scaler before it, or None.
        by_row: whether that scaler learns nothing.
    """

    path: str
    why: str
    row: Row | None = None
    model: Any = None
    scaler: Any = None
    by_row: bool = False

    def __str__(self) -> str:
        return f"{self.path}: {self.why}"


def explain(model: Any, *, sample_weight: bool = False) -> Coverage:
    """Which path fits of a model take, batched or one by one, and why.

    Data decide, too: only plain float64 or integer arrays without gaps are fitted many at once.

    Args:
        model: an unfitted estimator.
        sample_weight: whether its fits are given weights of the rows.

    Example:
        >>> from sklearn.linear_model import Ridge
        >>> print(explain(Ridge(solver="sag")))
        one by one: Ridge has solver='sag', which must be one of 'auto', 'cholesky', 'svd'
    """
    name = class_name(model)
    if name == "sklearn.pipeline.Pipeline":
        return _pipeline(model, sample_weight)
    if name in _TORCH:
        if sample_weight:
            return Coverage("one by one", f"{type(model).__name__} with sample_weight is not batched")
        return _torch(model, classes=_TORCH[name])
    row = TABLE.get(name)
    if row is None:
        return Coverage("one by one", f"{type(model).__name__} is not in the table of batched fits")
    wrong = _wrong(model, row.params)
    if wrong:
        return Coverage("one by one", f"{type(model).__name__} has {wrong}")
    if sample_weight and not row.weighted:
        return Coverage("one by one", f"{type(model).__name__} with sample_weight is not batched")
    return Coverage("batched", f"{type(model).__name__} by {row.how}", row, model)


_TORCH = {
    "dvlwidgets.utility.fits.torch_ensemble.TorchClassifier": True,
    "dvlwidgets.utility.fits.torch_ensemble.TorchRegressor": False,
}


def _torch(model: Any, *, classes: bool) -> Coverage:
    from .torch_together import TorchTogether, not_together  # needs torch, which whoever has such a model has

    reason = not_together(model, classes=classes)
    if reason:
        return Coverage("one by one", f"{type(model).__name__}: {reason}")
    row = Row(
        TorchTogether, {}, frozenset({PREDICT, PROBA} if classes else {PREDICT}), classes, scaled=True,
        how="torch.func.vmap over stacked weights: all copies are trained together", tables=False,
    )  # fmt: skip
    return Coverage("batched", f"{type(model).__name__} by {row.how}", row, model)


def class_name(model: Any) -> str:
    """Where a model's class is defined, and its name."""
    return f"{type(model).__module__}.{type(model).__qualname__}"


def _wrong(part: Any, rules: Mapping[str, Rule]) -> str:
    if hasattr(part, "_sklearn_output_config") or getattr(part, "_metadata_request", None) is not None:
        return "output or metadata configured by set_output or set_fit_request"
    return broken(part.get_params(deep=False), rules)


def _pipeline(model: Any, sample_weight: bool) -> Coverage:
    steps = [step for _, step in model.steps]
    if len(steps) != 2 or model.memory is not None or hasattr(model, "_sklearn_output_config"):
        return Coverage(
            "one by one", "only pipelines of one scaler and one estimator, without memory, are batched"
        )
    scaler, last = steps
    by_row = class_name(scaler) in BY_ROW
    rules = (BY_ROW if by_row else SCALERS).get(class_name(scaler))
    if rules is None:
        return Coverage("one by one", f"{type(scaler).__name__} is no scaler that is fitted many at once")
    wrong = _wrong(scaler, rules)
    if wrong:
        return Coverage("one by one", f"{type(scaler).__name__} has {wrong}")
    found = explain(last, sample_weight=sample_weight)
    if found.row is None:
        return Coverage("one by one", found.why)
    name = f"{type(scaler).__name__}, then {found.why}"
    if found.scaler is None and by_row and found.row.tables:
        return Coverage("batched", name, found.row, last, scaler, by_row=True)
    if found.scaler is not None or not found.row.scaled or (not found.row.tables and _bare(scaler)):
        return Coverage("one by one", f"{type(last).__name__} behind a scaler is not batched")
    if getattr(last, "fit_intercept", True) is not True:
        return Coverage(
            "one by one", f"{type(last).__name__} without intercept behind a scaler is not batched"
        )
    return Coverage("batched", name, found.row, last, scaler)


def _bare(scaler: Any) -> bool:
    """Whether nobody knows here what the scaler subtracts."""
    return type(scaler).__name__ not in ("StandardScaler", "MinMaxScaler")
