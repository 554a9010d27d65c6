"""Fits of one model on many subsets, together where that is covered, and the public `fit_many`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...data.arrays import adopt, n_rows
from ...errors import InputError
from ...typing import Masks
from .covered import Coverage, explain
from .method import Method, NotCoveredError
from .one_by_one import OneByOne
from .predictions import Predictions, joined
from .problem import Floats, Problem
from .row_weights import checked, keyword
from .scaling import Scaling

BLOCK = 128
"""Subsets are trained so many at a time: arrays stay in the caches, and memory is bounded."""


class BatchedFits:
    """One model on one problem: `predictions(masks)` trains a copy of it on each subset.

    The last block of a batch is filled up to a power of two, so that a subset's bits depend on the number of subsets
    beside it only, and hardly on that.

    Attributes:
        method: what trains them.
        problem: the data.
        want: the methods of the estimator that are answered for.
    """

    def __init__(self, method: Method, problem: Problem, want: frozenset[str]) -> None:
        self.method, self.problem, self.want = method, problem, want

    def predictions(self, masks: Masks) -> Predictions:
        """Answers for non-empty subsets of rows (B, n), B > 0."""
        parts = []
        for low in range(0, len(masks), BLOCK):
            block = masks[low : low + BLOCK]
            rows = len(block)
            size = min(BLOCK, 1 << (rows - 1).bit_length())
            if rows < size:
                block = np.concatenate([block, np.repeat(block[:1], size - rows, axis=0)])
            parts.append(self.method.fit(block, self.want).head(rows))
        return joined(parts)


def batched_fits(
    model: Any, x: Any, y: Any, x_test: Any, want: Sequence[str], weights: Floats | None = None
) -> BatchedFits | str:
    """Batched fits of a model, or in words why they are made one by one.

    Args:
        model: the unfitted model.
        x: training features.
        y: training labels.
        x_test: test features.
        want: methods of the estimator that must be answered for: "predict", "predict_proba", "decision_function".
        weights: (n,) of the rows, which `fit` takes; or None.
    """
    found: Coverage = explain(model, sample_weight=weights is not None)
    if found.row is None:
        return found.why
    missing = set(want) - found.row.says
    if missing:
        return f"{', '.join(sorted(missing))} of {type(found.model).__name__} is not answered for in batches"
    problem = Problem.of(x, y, x_test, classes=found.row.classes, tables=found.row.tables, weights=weights)
    if isinstance(problem, str):
        return problem
    try:
        if found.scaler is not None and problem.x.ndim > 2:
            return f"{type(found.scaler).__name__} of features in {problem.x.ndim - 1} dimensions"
        scaling = None
        if found.by_row:  # a row of its own, whatever the subset
            fixed = [found.scaler.fit_transform(a) for a in (problem.x, problem.x_test)]
            problem = replace(problem, x=fixed[0], x_test=fixed[1])
        elif found.scaler is not None:
            scaling = Scaling(found.scaler, problem)
        return BatchedFits(found.row.method(found.model, problem, scaling), problem, frozenset(want))
    except NotCoveredError as reason:
        return str(reason)


@dataclass(frozen=True)
class ManyFits:
    """What B models say about k test points.

    Attributes:
        predicted: (B, k) or (B, k, o) predictions; NaN, or None for labels, where a fit failed.
        proba: (B, k, c) probabilities of the sorted classes of all training labels, if asked for; NaN where a fit
            failed, 0 for a class that a subset lacks.
        failures: what a fit raised, by the position of its subset.
        path: "batched: ..." or "one by one: ...", with the reason.
        alone: (B,) whether a subset was fitted by itself.
    """

    predicted: NDArray[Any]
    proba: NDArray[np.float64] | None
    failures: dict[int, Exception]
    path: str
    alone: NDArray[np.bool_]


def fit_many(
    model: Any,
    x: Any,
    y: Any,
    masks: Any,
    x_test: Any,
    *,
    proba: bool = False,
    sample_weight: Any = None,
    batched: bool | None = None,
) -> ManyFits:
    """Train a copy of the model on each subset of the rows and ask all of them about the test points.

    Copies are trained together where the model, its parameters and the data allow (`explain(model)`), else one by
    one; the answers are the same. An iterative solver's answers are those of its optimum. Of equal scores the first
    class wins, of rows at equal distances the lower one is nearer.

    Args:
        model: an unfitted estimator.
        x: (n, d) training features.
        y: (n,) labels.
        masks: (B, n) booleans, one subset a row. The empty subset fails.
        x_test: (k, d) features of the test points.
        proba: also ask for probabilities.
        sample_weight: (n,) weights of the rows; each fit is given those of its subset, a pipeline's for its last step.
        batched: False fits one by one in any case.

    Raises:
        InputError: for masks of another shape, or weights that the model does not take.

    Example:
        >>> import numpy as np
        >>> from sklearn.naive_bayes import GaussianNB
        >>> x, y = np.array([[0.0], [1.0], [4.0], [5.0]]), np.array([0, 0, 1, 1])
        >>> fit_many(GaussianNB(), x, y, [[True, True, True, True]], np.array([[0.5], [4.5]])).predicted
        array([[0, 1]])
    """
    x, given = adopt(x, "x"), np.asarray(masks)
    if given.ndim != 2 or given.shape[1] != n_rows(x) or given.dtype != np.bool_:
        raise InputError(
            f"masks must be booleans of shape (B, {n_rows(x)}), not {given.dtype} of shape {given.shape}."
        )
    weights = checked(sample_weight, n_rows(x))
    if weights is not None:
        keyword(model)  # refuses early
    want = ["predict", "predict_proba"] if proba else ["predict"]
    fits = batched_fits(model, x, y, x_test, want, weights) if batched is not False else "batched=False"
    rows = np.flatnonzero(given.any(axis=1))
    told = None if isinstance(fits, str) or not len(rows) else fits.predictions(given[rows])
    alone = np.ones(len(given), np.bool_)
    if told is not None:
        alone[rows[told.done]] = False
    single = OneByOne(model, x, y, x_test, want, weights)
    found, failures = _alone(single, given, np.flatnonzero(alone))
    path = f"one by one: {fits}" if isinstance(fits, str) else str(explain(model))
    if told is not None and not isinstance(fits, str):
        for at in np.flatnonzero(told.done):
            found[int(rows[at])] = _answer(fits.problem, told, int(at), want)
    classes = _classes(y, found)
    predicted = _stacked([None if b not in found else found[b][0][0] for b in range(len(given))])
    chances = None
    if proba:
        aligned = [None if b not in found else _aligned(found[b][1], classes) for b in range(len(given))]
        chances = _stacked(aligned)
    return ManyFits(predicted, chances, failures, path, alone)


def _answer(problem: Problem, told: Predictions, at: int, want: list[str]) -> list[Any]:
    """A batched model's answers in the form of `OneByOne.answers`."""
    if told.codes is None:
        assert told.numbers is not None
        return [(told.numbers[at], None)]
    assert problem.classes is not None
    both: list[Any] = [(problem.classes[told.codes[at]], problem.classes)]
    if len(want) > 1:
        assert told.proba is not None
        both.append((told.proba[at], problem.classes))
    return both


def _alone(
    fits: OneByOne, masks: Masks, rows: NDArray[np.intp]
) -> tuple[dict[int, list[Any]], dict[int, Exception]]:
    """Answers, and what was raised instead, by the position of the subset."""
    found: dict[int, list[Any]] = {}
    failures: dict[int, Exception] = {}
    for b in rows.tolist():
        try:
            found[b] = fits.answers(masks[b])
        except Exception as error:  # what a fit raises is part of the answer
            failures[b] = error
    return found, failures


def _classes(y: Any, found: dict[int, list[Any]]) -> NDArray[Any] | None:
    if any(answer[-1][1] is not None for answer in found.values()):
        return np.unique(np.asarray(y))
    return None


def _aligned(told: tuple[NDArray[Any], Any], classes: NDArray[Any] | None) -> NDArray[Any]:
    """Probabilities with a column for each class of the training labels."""
    proba, known = told
    if classes is None or np.array_equal(known, classes):
        return proba
    full = np.zeros((len(proba), len(classes)))
    full[:, np.searchsorted(classes, known)] = proba
    return full


def _stacked(parts: list[NDArray[Any] | None]) -> NDArray[Any]:
    """One array; what is missing is NaN, or None beside labels."""
    present = [part for part in parts if part is not None]
    if not present:
        return np.full((len(parts), 0), np.nan)
    if len(present) == len(parts):
        return np.stack(present)
    numbers = present[0].dtype.kind == "f"
    whole = np.full((len(parts), *present[0].shape), np.nan if numbers else None, None if numbers else object)
    for b, part in enumerate(parts):
        if part is not None:
            whole[b] = part
    return whole
