"""The table of estimators and scalers that are fitted many at once: by whom, and with which parameters.

An estimator is recognised by its exact class; every parameter must obey its rule.
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
from .rules import Rule, either, flag, number, only, whatever, whole

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
