"""Which test points to doubt: a model of the training points gets them wrong, and their neighbours say so, too."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..data.arrays import as_numpy, is_sparse
from ..data.dataset import Dataset
from ..errors import InputError
from ..utility.match import kind
from ..utility.warning_tap import warnings_counted

NEIGHBOURS = 15
"""Training points that vote on a test point."""
MOST_WORK = 40_000_000_000
"""Differences of features: for more, no neighbours are looked for while somebody waits."""


@dataclass(frozen=True)
class Doubts:
    """What speaks against the labels of test points.

    Attributes:
        predicted: the label that the model gives each of them.
        sure: how probable it holds that label, (n_test,); NaN where it does not say.
        own: how probable it holds their own label, (n_test,); NaN where it does not say.
        against: the share of their nearest training points that have another label, (n_test,); NaN where no
            neighbours were looked for.
        neighbours: how many vote, 0 for none.
        why: why none do; else empty.
    """

    predicted: list[Any]
    sure: NDArray[np.float64]
    own: NDArray[np.float64]
    against: NDArray[np.float64]
    neighbours: int
    why: str

    def order(self, labels: NDArray[Any]) -> NDArray[np.intp]:
        """Positions to doubt, most doubtful first: mispredicted, and most neighbours have another label, too.

        Each alone also lists points that are merely hard: of 300 digits with 24 wrong labels both list 31, all 24
        among them; the model alone lists 36, the neighbours alone 52.

        Args:
            labels: of the test points, as they were when they were asked about.
        """
        pairs = zip(self.predicted, labels.tolist(), strict=True)
        wrong = np.fromiter((said != own for said, own in pairs), dtype=bool, count=len(labels))
        votes = np.where(np.isnan(self.against), 1.0, self.against)
        unlikely = np.nan_to_num(1.0 - self.own, nan=0.5)
        ranked = np.argsort(-(votes + unlikely), kind="stable")
        return ranked[(wrong & (votes > 0.5))[ranked]]


def check(model: Any, train: Dataset, test: Dataset) -> None:
    """Refuses labels that cannot be doubted by votes.

    Raises:
        InputError: the labels are numbers to predict, there are several or none of a point, or the sets are of
            different kinds.
    """
    if test.labels is None or train.labels is None:
        raise InputError("The points have no single label each, so none can be doubted.")
    if not train.is_classification or kind(model) == "regressor":
        raise InputError("The labels are numbers to predict: whether one is wrong cannot be told from votes.")
    if not (test.is_classification or set(test.labels.tolist()) <= set(train.labels.tolist())):
        raise InputError("The labels of the training points are classes, those of the test points numbers.")


def doubts_of(model: Any, train: Dataset, test: Dataset) -> Doubts:
    """Asks a copy of the model that was fitted on the training points, and the nearest of these, about each test point.

    Args:
        model: a classifier; only a copy of it is fitted.
        train: training points.
        test: test points, with classes for labels.

    Raises:
        InputError: see `check`.
        Whatever the model raises.
    """
    from sklearn.base import clone

    check(model, train, test)
    labels = np.asarray(test.labels).tolist()
    learn, asked = train.data(), test.data()
    own, sure = np.full((2, len(test)), np.nan)
    with warnings_counted():
        fitted = clone(model).fit(learn.x, np.asarray(learn.y))
        predicted = np.asarray(fitted.predict(asked.x)).tolist()
        if hasattr(fitted, "predict_proba"):
            place = {label: k for k, label in enumerate(np.asarray(fitted.classes_).tolist())}
            probabilities = np.asarray(fitted.predict_proba(asked.x), dtype=np.float64)
            for i, (label, said) in enumerate(zip(labels, predicted, strict=True)):
                own[i] = probabilities[i, place[label]] if label in place else 0.0
                sure[i] = probabilities[i, place[said]] if said in place else np.nan
    return Doubts(predicted, sure, own, *_votes(train, test))


def _votes(train: Dataset, test: Dataset) -> tuple[NDArray[np.float64], int, str]:
    """The share of the nearest training points with another label, how many vote, and why none do.

    Distances are over standardised features.
    """
    x, y, why = _numbers(train, test)
    if why:
        return np.full(len(test), np.nan), 0, why
    from sklearn.neighbors import NearestNeighbors

    k = min(NEIGHBOURS, len(train))
    centre, spread = x.mean(0), x.std(0)
    spread[spread == 0] = 1.0
    near = NearestNeighbors(n_neighbors=k).fit((x - centre) / spread)
    nearest = near.kneighbors((y - centre) / spread, return_distance=False)
    others = np.asarray(train.labels)[nearest] != np.asarray(test.labels)[:, None]
    return others.mean(1), k, ""


def _numbers(train: Dataset, test: Dataset) -> tuple[NDArray[np.float64], NDArray[np.float64], str]:
    """Both tables as numbers, or why distances are not computed."""
    none = np.zeros((0, 0))
    if is_sparse(train.x) or is_sparse(test.x):
        return none, none, "the features are a sparse table"
    x, y = as_numpy(train.x), as_numpy(test.x)
    if x.dtype.kind not in "fiub" or y.dtype.kind not in "fiub":
        return none, none, "not all features are numbers"
    x, y = (side.reshape(len(side), -1) for side in (x, y))
    if x.shape[1] * len(x) * len(y) > MOST_WORK:
        return none, none, "there are too many points to compare all"
    x, y = x.astype(np.float64), y.astype(np.float64)
    if not (np.isfinite(x).all() and np.isfinite(y).all()):
        return none, none, "some features are missing"
    return x, y, ""
