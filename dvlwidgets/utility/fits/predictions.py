"""What B models say about k test points, in arrays."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Predictions:
    """Answers of B models that were trained together; which arrays there are depends on what was asked for.

    Attributes:
        done: (B,) whether the batch has answers for a subset; the others need a fit of their own.
        codes: (B, k) predicted class, as a position in the problem's classes; None for numbers.
        numbers: (B, k), or (B, k, o) for o outputs; None for classes.
        proba: (B, k, c), 0 for a class that a subset lacks.
        decided: (B, k) decision values of two-class models: positive for the second class.
        seen: (B, c) whether a subset has a class; None for numbers.
    """

    done: NDArray[np.bool_]
    codes: NDArray[np.intp] | None = None
    numbers: NDArray[np.float64] | None = None
    proba: NDArray[np.float64] | None = None
    decided: NDArray[np.float64] | None = None
    seen: NDArray[np.bool_] | None = None

    def head(self, rows: int) -> Predictions:
        """The first so many models."""
        if rows == len(self.done):
            return self
        arrays: dict[str, Any] = {f.name: getattr(self, f.name) for f in fields(self)}
        head: dict[str, Any] = {name: None if a is None else a[:rows] for name, a in arrays.items()}
        return Predictions(**head)


def joined(parts: list[Predictions]) -> Predictions:
    """The models of several batches, in order."""
    if len(parts) == 1:
        return parts[0]
    whole: dict[str, Any] = {}
    for f in fields(Predictions):
        arrays = [getattr(part, f.name) for part in parts]
        whole[f.name] = None if arrays[0] is None else np.concatenate(arrays)
    return Predictions(**whole)


def finite(values: NDArray[np.float64]) -> NDArray[np.bool_]:
    """(B,) whether all of a model's values (B, ...) are finite numbers."""
    return np.asarray(np.isfinite(values).reshape(len(values), -1).all(axis=1))


def softmax(scores: NDArray[np.float64], seen: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Probabilities (B, k, c) from log scores of the classes that a model has seen; 0 for the others."""
    if seen.shape[1] == 2 and seen.all():
        difference = scores[:, :, 1] - scores[:, :, 0]
        both = np.empty((2, *difference.shape))
        both[0], both[1] = logistic(-difference), logistic(difference)
        return both.transpose(1, 2, 0)
    z = np.where(seen[:, None, :], scores, -np.inf)
    z -= z.max(axis=2, keepdims=True)
    np.exp(z, out=z)
    z /= z.sum(axis=2, keepdims=True)
    return z


def from_scores(
    scores: NDArray[np.float64], seen: NDArray[np.bool_], done: NDArray[np.bool_], want: frozenset[str]
) -> Predictions:
    """Predictions from log scores (B, k, c) of the classes; equal scores go to the first class.

    Probabilities are the softmax of the scores, made if they are wanted.
    """
    if seen.shape[1] == 2:
        best = (scores[:, :, 1] > scores[:, :, 0]).astype(np.intp)
        alone = ~seen.all(axis=1)
        best[alone] = seen[alone, 1][:, None]
    else:
        best = np.where(seen[:, None, :], scores, -np.inf).argmax(axis=2)
    proba = softmax(scores, seen) if "predict_proba" in want else None
    return Predictions(done, codes=best, proba=proba, seen=seen)


def from_margins(
    margins: NDArray[np.float64],
    seen: NDArray[np.bool_],
    done: NDArray[np.bool_],
    want: frozenset[str],
) -> Predictions:
    """Predictions of two-class models from their decision values (B, k): the second class where they are positive."""
    proba = None
    if "predict_proba" in want:
        second = logistic(margins)
        proba = np.stack([1.0 - second, second], axis=2)
    return Predictions(done, codes=(margins > 0).astype(np.intp), proba=proba, decided=margins, seen=seen)


def logistic(z: NDArray[np.float64]) -> NDArray[np.float64]:
    """1 / (1 + exp(-z)); several times faster than SciPy's, and without overflow warnings."""
    e = np.exp(-np.abs(z))
    p: NDArray[np.float64] = np.where(z >= 0, 1.0, e)
    p /= 1.0 + e
    return p
