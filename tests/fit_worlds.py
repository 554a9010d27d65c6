"""Models, problems and references for the tests of many fits at once."""

from __future__ import annotations

from typing import Any

import numpy as np
from hypothesis import strategies as st
from numpy.typing import NDArray
from sklearn.base import clone
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.linear_model import LinearRegression, Ridge, RidgeClassifier
from sklearn.metrics import pairwise_distances
from sklearn.naive_bayes import BernoulliNB, ComplementNB, GaussianNB, MultinomialNB
from sklearn.neighbors import KNeighborsClassifier, KNeighborsRegressor, NearestCentroid
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MinMaxScaler, StandardScaler

Floats = NDArray[np.float64]

CLASSIFIERS = [
    GaussianNB(),
    GaussianNB(var_smoothing=0.1),
    RidgeClassifier(),
    RidgeClassifier(alpha=0.01, fit_intercept=False),
    KNeighborsClassifier(1),
    KNeighborsClassifier(4, metric="manhattan"),
    NearestCentroid(),
    LinearDiscriminantAnalysis(),
    *[
        make_pipeline(scaler, model)
        for scaler in (StandardScaler(), MinMaxScaler((-1, 3)))
        for model in (GaussianNB(), RidgeClassifier(), NearestCentroid(), LinearDiscriminantAnalysis())
    ],
]
COUNTERS = [
    MultinomialNB(),
    MultinomialNB(alpha=1e-3, fit_prior=False),
    BernoulliNB(binarize=1.5),
    ComplementNB(),
    ComplementNB(norm=True),
]
REGRESSORS = [
    LinearRegression(),
    LinearRegression(fit_intercept=False),
    Ridge(),
    Ridge(alpha=1e-3, fit_intercept=False),
    KNeighborsRegressor(3),
    make_pipeline(StandardScaler(), LinearRegression()),
    make_pipeline(StandardScaler(), Ridge()),
    make_pipeline(MinMaxScaler(), LinearRegression()),
    make_pipeline(MinMaxScaler(), Ridge(0.1)),
]


@st.composite
def problems(
    draw: Any, *, classes: bool, counts: bool = False, most_classes: int = 4
) -> tuple[Any, Any, Any]:
    """Training features, labels and test features: some with copies of rows, and columns of few values.

    No two distances are equal where that could decide, as noise is added; columns of counts are whole numbers.
    """
    n, d, k = draw(st.integers(3, 30)), draw(st.integers(1, 6)), 7
    rng = np.random.default_rng(draw(st.integers(0, 2**20)))
    if counts:
        x = rng.poisson(1.0, size=(n + k, d)).astype(np.float64)
    else:
        x = rng.normal(size=(n + k, d)) * 10.0 ** rng.integers(-1, 2, size=d) + rng.integers(-2, 3, size=d)
        if d > 1 and draw(st.booleans()):
            x[:, 0] = rng.integers(0, 3, size=n + k)  # constant in many a subset
    if not classes:
        return x[:n], x[:n] @ rng.normal(size=d) + rng.normal(size=n), x[n:]
    c = draw(st.integers(2, most_classes))
    labels = np.array(["one", "two", "three", "four"]) if draw(st.booleans()) else np.array([3, 1, 7, 5])
    y = labels[rng.integers(0, c, size=n)]
    if len(np.unique(y)) < 2:
        y[0], y[1] = labels[0], labels[1]
    return x[:n], y, x[n:]


def masks_of(data: Any, n: int) -> NDArray[np.bool_]:
    """Subsets of all sizes: one point, all points, and the empty set among them."""
    rng = np.random.default_rng(data.draw(st.integers(0, 2**20)))
    sizes = [0, 1, 1, 2, 3, n, *rng.integers(1, n + 1, size=6)]
    masks = np.zeros((len(sizes), n), np.bool_)
    for mask, size in zip(masks, sizes, strict=True):
        mask[rng.permutation(n)[: min(size, n)]] = True
    return masks


def gaps(model: Any, problem: tuple[Any, Any, Any], mask: NDArray[np.bool_]) -> Floats:
    """How far each test point is from another label, by the fitted model's own numbers."""
    x, y, x_test = problem
    fitted = clone(model).fit(x[mask], y[mask])
    last = fitted[-1] if hasattr(fitted, "steps") else fitted
    if isinstance(last, NearestCentroid):
        seen = fitted[0].transform(x_test) if hasattr(fitted, "steps") else x_test
        numbers = pairwise_distances(seen, last.centroids_)
    elif hasattr(fitted, "predict_proba"):
        numbers = fitted.predict_proba(x_test)
    else:
        decided = fitted.decision_function(x_test)
        numbers = np.column_stack([-decided, decided]) if decided.ndim == 1 else decided
    ranked = np.sort(numbers, axis=1)
    return ranked[:, 1] - ranked[:, 0] if isinstance(last, NearestCentroid) else ranked[:, -1] - ranked[:, -2]


def best_logistic(x: Floats, y: NDArray[np.bool_], x_test: Floats, C: float) -> Floats:
    """Decision values of the L2 logistic regression at its optimum: damped Newton steps, all in double precision."""
    centre, unit = x.mean(axis=0), x.std(axis=0) + (x.std(axis=0) == 0)
    a = np.column_stack([(x - centre) / unit, np.ones(len(x))])
    penalty = np.append(1 / (C * unit**2), 0.0)

    def loss(theta: Floats) -> float:
        z = a @ theta
        return float((np.logaddexp(0, z) - y * z).sum() + 0.5 * (penalty * theta**2).sum())

    theta = np.zeros(a.shape[1])
    for _ in range(200):
        p = 1 / (1 + np.exp(-a @ theta))
        gradient = a.T @ (p - y) + penalty * theta
        step = np.linalg.solve((a * (p * (1 - p))[:, None]).T @ a + np.diag(penalty), gradient)
        size = 1.0
        while loss(theta - size * step) > loss(theta) and size > 1e-6:
            size /= 2
        theta = theta - size * step
        if np.abs(size * step).max() < 1e-13 * (1 + np.abs(theta).max()):
            break
    return np.column_stack([(x_test - centre) / unit, np.ones(len(x_test))]) @ theta
