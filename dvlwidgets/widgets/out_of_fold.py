"""What a model says of points that it was not fitted on: each fold is predicted by a model of the other folds."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from dvlwidgets.data.dataset import Dataset
from dvlwidgets.errors import InputError

FOLDS: Final = 5
LEAST: Final = 2 * FOLDS
"""Fewer points than this are not cut into folds."""


@dataclass(frozen=True)
class Said:
    """What was said of the points.

    Attributes:
        codes: the most probable class of each point as a place in `classes`, (n,).
        probability: how probable it is, (n,).
        classes: labels as the data have them.
    """

    codes: NDArray[np.intp]
    probability: NDArray[np.float32]
    classes: list[Any]


class StoppedError(Exception):
    """Nobody waits for the answer any more."""


def folds_of(codes: NDArray[Any], seed: int = 0) -> NDArray[np.intp]:
    """The fold of each point, (n,): as many points of each class in each as can be.

    Own code: scikit-learn's folds warn of every class that is smaller than their number, and such classes are usual
    where labels are wrong.
    """
    mixed = np.random.default_rng(seed).permutation(len(codes))
    by_class = mixed[np.argsort(codes[mixed], kind="stable")]
    fold = np.empty(len(codes), dtype=np.intp)
    fold[by_class] = np.arange(len(codes)) % FOLDS
    return fold


def out_of_fold(
    model: Any, kept: Dataset, others: Dataset | None, go_on: Callable[[], bool] = lambda: True
) -> tuple[Said, Said | None]:
    """The most probable class of each point.

    Args:
        model: a classifier with `predict_proba`; copies of it are fitted.
        kept: the points to learn from; each is judged by the model of the folds that it is not in.
        others: points to judge besides, by the mean of the models of all folds; None for none.
        go_on: asked before each fit.

    Returns:
        What is said of `kept`, and of `others`.

    Raises:
        InputError: there are too few points or classes.
        StoppedError: `go_on` said no.
    """
    from sklearn.base import clone

    classes, codes = np.unique(np.asarray(kept.labels), return_inverse=True)
    if len(kept) < LEAST or len(classes) < 2:
        raise InputError(
            f"There are {len(kept)} points of {len(classes)} classes; out-of-fold predictions need at least {LEAST} "
            "points of 2 classes."
        )
    fold = folds_of(codes)
    inside = np.zeros((len(kept), len(classes)))
    outside = np.zeros((0 if others is None else len(others), len(classes)))
    for i in range(FOLDS):
        if not go_on():
            raise StoppedError
        here = np.flatnonzero(fold == i)
        learn = kept.take(np.flatnonzero(fold != i)).data()
        fitted = clone(model).fit(learn.x, np.asarray(learn.y))
        places = np.searchsorted(classes, np.asarray(fitted.classes_))
        inside[np.ix_(here, places)] = fitted.predict_proba(kept.take(here).data().x)
        if others is not None:
            outside[:, places] += fitted.predict_proba(others.data().x) / FOLDS
    known = classes.tolist()
    return _said(inside, known), None if others is None else _said(outside, known)


def in_sample(model: Any, kept: Dataset, everything: Dataset) -> tuple[NDArray[Any], list[Any]]:
    """What a copy of the model says that was fitted on `kept`: codes of the points, and the classes that they mean."""
    from sklearn.base import clone

    learn = kept.data()
    fitted = clone(model).fit(learn.x, np.asarray(learn.y))
    classes, codes = np.unique(np.asarray(fitted.predict(everything.data().x)), return_inverse=True)
    return codes, classes.tolist()


def _said(probabilities: NDArray[np.float64], classes: list[Any]) -> Said:
    codes = probabilities.argmax(axis=1)
    most = probabilities[np.arange(len(codes)), codes]
    return Said(codes, most.astype(np.float32), classes)
