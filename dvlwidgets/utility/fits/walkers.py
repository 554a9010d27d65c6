"""Which methods have a walk of their own, and which subsets the estimator itself refuses."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator, Mapping
from typing import Any, Protocol

import numpy as np

from ...typing import Masks
from .centroids import Centroids
from .discrete_bayes import BernoulliBayes, ComplementBayes, MultinomialBayes
from .discriminant import Discriminant
from .logistic import Logistic
from .method import Method, NotCoveredError
from .naive_bayes import GaussianBayes
from .neighbors import NearestClasses, NearestNumbers
from .predictions import Predictions
from .ridge import Ridge, RidgeClasses
from .walk import Walk
from .walk_neighbors import NearestClassesWalk, NearestNumbersWalk
from .walk_ridge import RidgeClassesWalk, RidgeWalk
from .walk_sums import SummedWalk


class Walker(Protocol):
    """Models along walks, for one method."""

    def along(self, walk: Walk, want: frozenset[str]) -> Iterator[Predictions]:
        """Answers for the subsets of a walk in order, some at a time, as `Method.fit` gives them."""
        ...


WALKERS: Mapping[type, Callable[[Any], Walker]] = {
    GaussianBayes: SummedWalk,
    MultinomialBayes: SummedWalk,
    BernoulliBayes: SummedWalk,
    ComplementBayes: SummedWalk,
    Centroids: SummedWalk,
    Discriminant: SummedWalk,
    NearestClasses: NearestClassesWalk,
    NearestNumbers: NearestNumbersWalk,
    Ridge: RidgeWalk,
    RidgeClasses: RidgeClassesWalk,
}


def walker_of(method: Method) -> Walker | None:
    """Walks of a method, or None where its walks are batches like any other."""
    kind = WALKERS.get(type(method))
    try:
        return None if kind is None else kind(method)
    except NotCoveredError:
        return None


def refusal(method: Method, mask: Masks) -> Hashable | None:
    """What makes the estimator refuse a subset of rows, where that is known without asking it; else None.

    Two subsets with the same refusal fail with the same words.
    """
    if isinstance(method, NearestClasses | NearestNumbers):
        size = int(np.count_nonzero(mask))
        return ("so few rows", size) if size < method.k else None
    if not isinstance(method, Logistic | Centroids | Discriminant | GaussianBayes):
        return None
    codes = method.problem.codes
    assert codes is not None
    found = codes[mask]
    if isinstance(method, Logistic | Centroids):
        return ("one class", int(found[0])) if (found == found[0]).all() else None
    return ("one row", int(found[0])) if len(found) == 1 else None  # a row has no variance
