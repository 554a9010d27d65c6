"""Utilities of real data that are cheap enough to be evaluated a million times: all subsets of a batch at once.

A penalised logistic regression (Newton, all subsets together) scored by accuracy or log-loss, and a ridge regression
scored by R2. Ten per cent of the training labels are flipped, so that there is something to find.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn import datasets
from sklearn.decomposition import PCA
from sklearn.preprocessing import StandardScaler

from dvlwidgets import Dataset
from dvlwidgets.data.example_files import VARIABLE
from dvlwidgets.utility.votes import Votes, neighbour_votes

Floats = NDArray[np.float64]
Masks = NDArray[np.bool_]

CLASSIFICATION, REGRESSION = ("breast_cancer", "wine", "iris", "digits"), ("diabetes", "concrete")


def concrete_file() -> Path | None:
    """UCI concrete strength, where the data folder has it."""
    folder = os.environ.get(VARIABLE) or Path(__file__).parents[3] / "shared" / "data"
    file = Path(folder) / "uci" / "concrete.txt"
    return file if file.exists() else None


def real_games() -> list[tuple[str, str]]:
    """(data set, score) of all games that can be made here."""
    scored = [(name, score) for name in CLASSIFICATION for score in ("accuracy", "log-loss")]
    return scored + [(name, "R2") for name in REGRESSION if name != "concrete" or concrete_file()]


def _table(name: str) -> tuple[Floats, Floats]:
    if name == "breast_cancer":
        bunch = datasets.load_breast_cancer()
        return bunch.data[:, :10], bunch.target
    if name == "wine":
        bunch = datasets.load_wine()
        return bunch.data, (bunch.target == 1) * 1
    if name == "iris":
        bunch = datasets.load_iris()
        return bunch.data[bunch.target > 0], bunch.target[bunch.target > 0] - 1
    if name == "digits":
        bunch = datasets.load_digits()
        kept = np.isin(bunch.target, (3, 8))
        return PCA(8, random_state=0).fit_transform(bunch.data[kept]), (bunch.target[kept] == 8) * 1
    if name == "diabetes":
        bunch = datasets.load_diabetes()
        return bunch.data, bunch.target
    rows = np.loadtxt(str(concrete_file()))
    return rows[:, :-1], rows[:, -1]


class RealGame:
    """v(masks) of a data set of n points, seeded; `empty` and `full` are its ends."""

    def __init__(self, name: str, score: str, n: int, seed: int = 0) -> None:
        x, y = _table(name)
        rng = np.random.default_rng(seed)
        order = rng.permutation(len(x))
        x, y, self.score, self.n = StandardScaler().fit_transform(x)[order], y[order].astype(float), score, n
        if score == "R2":
            y, train = (y - y.mean()) / y.std(), np.arange(n)
        else:
            half = min(n // 2, int((y == 0).sum() * 0.6))
            train = np.r_[np.flatnonzero(y == 0)[:half], np.flatnonzero(y == 1)[: n - half]]
        test = np.setdiff1d(np.arange(len(x)), train)[:200]
        self.x, self.x_test, self.y_test = _with_one(x[train]), _with_one(x[test]), y[test]
        self.y = y[train].copy()
        if score != "R2":
            flipped = rng.permutation(n)[: max(1, n // 10)]
            self.y[flipped] = 1.0 - self.y[flipped]
        self.empty, self.full = (float(v) for v in self(np.stack([np.zeros(n, bool), np.ones(n, bool)])))

    def __call__(self, masks: Masks) -> Floats:
        parts = [self._scores(masks[at : at + 512]) for at in range(0, len(masks), 512)]
        return np.concatenate(parts)

    def _scores(self, masks: Masks) -> Floats:
        kept = masks.astype(float)
        return self._r2(kept) if self.score == "R2" else self._classified(kept)

    def _r2(self, kept: Floats) -> Floats:
        penalty = np.diag(np.r_[1e-8, np.ones(self.x.shape[1] - 1)])
        hessian = self._bends(kept) + penalty
        weights = np.linalg.solve(hessian, ((kept * self.y) @ self.x)[..., None])[..., 0]
        errors = ((weights @ self.x_test.T - self.y_test) ** 2).mean(axis=1)
        scores = np.maximum(1.0 - errors / self.y_test.var(), -1.0)
        guess = 1.0 - ((self.y.mean() - self.y_test) ** 2).mean() / self.y_test.var()
        return np.where(kept.sum(axis=1) == 0, guess, scores)

    def _classified(self, kept: Floats) -> Floats:
        ones, zeros = (kept * (self.y == 1)).sum(axis=1), (kept * (self.y == 0)).sum(axis=1)
        single = (ones == 0) | (zeros == 0)
        margin = self._margins(kept)
        if self.score == "accuracy":
            guess = margin > 0
            guess[single] = (ones[single] > 0)[:, None]
            return np.where(ones + zeros == 0, 0.5, (guess == (self.y_test == 1)).mean(axis=1))
        share = self.y.mean()
        prior = (self.y_test * np.log(share) + (1 - self.y_test) * np.log(1 - share)).mean()
        scores = np.maximum(-np.logaddexp(0.0, -margin * (2 * self.y_test - 1)).mean(axis=1), -5.0)
        return np.where(single, prior, scores)

    def _bends(self, row_weights: Floats) -> Floats:
        """Sums of outer products of the rows, one matrix a subset."""
        d = self.x.shape[1]
        outer = (self.x[:, :, None] * self.x[:, None, :]).reshape(len(self.x), -1)
        return np.asarray(row_weights @ outer).reshape(-1, d, d)

    def votes(self) -> Votes | None:
        """The neighbours' votes, as a `Utility` of a classifier would give them."""
        if self.score == "R2":
            return None
        train = Dataset(self.x[:, 1:], self.y.astype(int).astype(str))
        return neighbour_votes(train, Dataset(self.x_test[:, 1:], self.y_test.astype(int).astype(str)))

    def _margins(self, kept: Floats) -> Floats:
        penalty = np.r_[1e-6, np.ones(self.x.shape[1] - 1)]
        weights = np.zeros((len(kept), self.x.shape[1]))
        for _ in range(12):
            chance = 1.0 / (1.0 + np.exp(-np.clip(weights @ self.x.T, -30, 30)))
            slope = (kept * (chance - self.y)) @ self.x + weights * penalty
            bend = self._bends(kept * chance * (1 - chance))
            move = np.linalg.solve(bend + np.diag(penalty), slope[..., None])[..., 0]
            far = np.abs(move).max(axis=1, keepdims=True)
            weights -= move * np.minimum(1.0, 4.0 / np.maximum(far, 1e-12))
            if far.max() < 1e-9:
                break
        return np.asarray(weights @ self.x_test.T)


def _with_one(x: Any) -> Floats:
    return np.column_stack([np.ones(len(x)), x])
