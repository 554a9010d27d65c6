"""Cross-fitted ridge regression of the utility on a subset's features, from Gram matrices that grow with each step.

A row counts as much as its size matters to the semivalue's variance, so the regression minimises what is left of it.
Parts and penalty are chosen by cross-validation inside the training folds, so that a held-out row stays untouched by
everything that its guess was made of. (Generalised cross-validation would not do: the few rows of the smallest sizes
weigh most and have all the leverage.)
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from .features import FREE, Features
from .grams import FOLDS, Grams
from .ridge_paths import LARGE, from_reflections, from_target
from .surrogate import Floats, Surrogate

WORTH = 0.97
"""A larger candidate must leave less than this share of the error, or it only adds noise of its own."""
PENALTIES = np.geomspace(1e-6, 1e2, 17)
"""Relative to the mean eigenvalue of the Gram matrix."""


def cross_fitted(features: Features, grams: Grams) -> list[Surrogate]:
    """One surrogate a fold, made of the rows of the others, parts and penalty included.

    What they say of the size alone is the average over folds. It cancels in a stratum; where it differed, a size that
    hardly any other fold has met would count from one surrogate's extrapolation and be given back another's.
    """
    chosen = _choices(features, grams)
    betas = np.zeros((FOLDS, features.count))
    for fold, (columns, penalty) in enumerate(chosen):
        used = np.concatenate([np.arange(FREE), columns])
        path = _path(*grams.of(used).without(fold), columns, features, np.array([penalty]))
        betas[fold, used] = path[:, 0]
    shared = np.mean([beta[:FREE] for beta in betas], axis=0)
    return [features.surrogate(np.concatenate([shared, beta[FREE:]])) for beta in betas]


def _choices(features: Features, grams: Grams) -> list[tuple[NDArray[np.intp], float]]:
    """For each fold the columns and the penalty that predict best among the other folds.

    A model made without two neighbouring folds is judged on each of them for the sake of the other.
    """
    least = np.full(FOLDS, np.inf)
    chosen: list[tuple[NDArray[np.intp], float]] = [(np.zeros(0, np.intp), 1.0)] * FOLDS
    sets = features.candidates(grams.rows)
    for columns, errors in zip(sets, _errors(features, grams, sets), strict=True):
        for f in map(int, np.flatnonzero(errors.min(axis=1) < WORTH * least)):
            least[f] = errors[f].min()
            chosen[f] = columns, float(_penalties(columns)[errors[f].argmin()])
    return chosen


def _penalties(columns: NDArray[np.intp]) -> Floats:
    """The penalties that are tried: one where nothing is penalised."""
    return PENALTIES if len(columns) else PENALTIES[-1:]


def _errors(features: Features, grams: Grams, sets: Sequence[NDArray[np.intp]]) -> list[Floats]:
    """What sets of columns leave of each fold with each penalty, shape (FOLDS, penalties) a set."""
    every = np.unique(np.concatenate([np.arange(FREE), *sets]))
    grams = grams.of(every)
    used = [np.searchsorted(every, np.concatenate([np.arange(FREE), columns])) for columns in sets]
    those = [grams.of(own) for own in used]
    errors = [np.zeros((FOLDS, len(_penalties(columns)))) for columns in sets]
    for f in range(FOLDS):
        j = (f + 1) % FOLDS
        xx, xy = grams.without(f, j)
        rest = replace(grams, xx=xx[None], xy=xy[None])
        for columns, own, sums, error in zip(sets, used, those, errors, strict=True):
            both = rest.of(own)
            beta = _path(both.xx[0], both.xy[0], columns, features, _penalties(columns))
            error[f] += sums.error(j, beta)
            error[j] += sums.error(f, beta)
    return errors


def _path(xx: Floats, xy: Floats, columns: NDArray[np.intp], features: Features, penalties: Floats) -> Floats:
    """Ridge coefficients for several penalties, shape (FREE + columns, penalties).

    Args:
        xx: X'X of the functions of the size and of `columns`.
        xy: X'y of the same.
        columns: which features are penalised.
        features: what they are.
        penalties: relative to the mean eigenvalue of their Gram matrix.
    """
    inverse = np.linalg.pinv(xx[:FREE, :FREE], rcond=1e-10, hermitian=True)
    level = np.repeat((inverse @ xy[:FREE])[:, None], len(penalties), axis=1)
    if not len(columns):
        return level
    across, rest = xx[:FREE, FREE:], xx[FREE:, FREE:]
    explained = inverse @ across
    diagonal = np.diag(rest) - (across * explained).sum(axis=0)
    scale = _scales(diagonal, columns, features)
    target = (xy[FREE:] - explained.T @ xy[:FREE]) / scale
    floors = penalties * max(float((diagonal / scale**2).mean()), 1e-300)

    def gram(vector: Floats) -> Floats:
        """Its product with what is left of the features once the size is taken out, all of one scale."""
        scaled = vector / scale
        left: Floats = (rest @ scaled - explained.T @ (across @ scaled)) / scale
        return left

    found = from_target(gram, target, floors) if len(columns) >= LARGE else None
    if found is None:
        whole = (rest - across.T @ explained) / (scale[:, None] * scale)
        found = from_reflections(whole, target, floors)
    beta = found / scale[:, None]
    return np.concatenate([level - inverse @ (across @ beta), beta])


def _scales(diagonal: Floats, columns: NDArray[np.intp], features: Features) -> Floats:
    """One scale for each part (all points are alike to the draws): the root of its mean diagonal."""
    part = np.minimum((columns - FREE) // features.n, len(features.shapes))
    part = np.where(columns >= features.count - len(features.votes_of_sizes), len(features.shapes) + 1, part)
    mean = np.bincount(part, diagonal) / np.maximum(np.bincount(part), 1)
    scale: Floats = np.sqrt(np.maximum(mean, 1e-300))[part]
    return scale
