"""What refitting without the lowest values does to several scores, beside random removal; with errors."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..counts import many
from ..data import arrays
from ..data.dataset import Dataset
from ..engine.draws import permutation, words
from ..engine.records import OK
from ..errors import InputError
from ..typing import Masks
from ..utility.model import ModelUtility
from ..utility.scorer import SupervisedScorer
from .own_model import OwnModel

SHARES: tuple[float, ...] = (0.0, 0.025, 0.05, 0.075, 0.1, 0.125, 0.15, 0.175, 0.2)
SEEDS = 10
CERTAIN = 2.0
"""A gain counts from so many standard errors on: it is the best of several."""
LEAST = 3
"""Seeds that a gain needs at least."""

_REMOVED, _TESTED = 66, 67
"""Random removals and resampled test points never share draws with a sampler."""

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Gain:
    """A score beside another one of the same seeds; shapes (K,) or ().

    Attributes:
        score: mean over the seeds.
        error: one standard error of the score: its spread over the seeds.
        gain: mean difference.
        gain_error: one standard error of the difference.
    """

    score: Floats
    error: Floats
    gain: Floats
    gain_error: Floats


@dataclass(frozen=True)
class MetricCurve:
    """One metric over the shares that are dropped.

    Attributes:
        name: of the metric; larger is better.
        lowest: without the lowest values, against no point dropped.
        random: without as many random points, against no point dropped.
        edited: with the edits, against the data as they came; None without edits.
        best: position of the share with the highest gain, where that is more than `CERTAIN` standard errors and more
            than random removal gains; None where no gain is.
    """

    name: str
    lowest: Gain
    random: Gain
    edited: Gain | None
    best: int | None


class DropCurve:
    """Refits a model without the lowest k % and without k % at random, over several seeds.

    Each seed draws the random removals anew, reseeds a model that takes a `random_state`, and resamples the test points
    with replacement. Over all seeds each test point is drawn equally often (a balanced bootstrap), so that the spread
    over the seeds is the standard error of one refitted model's score, and the mean that on the test set as it is.

    Args:
        own: the model, its metrics, the test points.
        train: the training points.
        values: (n,) their values; NaN is not known and counts as highest.
        kept: (n,) which of the points there are at all; None for all.
        edited: the same points with other labels, and which of them stay (n,); None without edits.
        shares: of the points to drop, from 0 on, each below 1.
        seeds: how many.

    Raises:
        InputError: too few values are known for these shares, or the arguments do not go together.

    References:
        Davison, Hinkley & Schechtman, Efficient bootstrap simulation, Biometrika 1986.
    """

    def __init__(
        self,
        own: OwnModel,
        train: Dataset,
        values: ArrayLike,
        *,
        kept: NDArray[np.bool_] | None = None,
        edited: tuple[Dataset, NDArray[np.bool_]] | None = None,
        shares: tuple[float, ...] = SHARES,
        seeds: int = SEEDS,
    ) -> None:
        n, numbers = len(train), np.asarray(values, dtype=np.float64)
        if numbers.shape != (n,):
            raise InputError(
                f"values has shape {numbers.shape}; expected one for each of {many(n, 'point')}."
            )
        if seeds < LEAST:
            raise InputError(f"seeds={seeds} was given; an error needs at least {LEAST}.")
        if shares[0] != 0 or any(not 0 <= share < 1 for share in shares):
            raise InputError(f"shares={shares} was given; expected 0 first, and all below 1.")
        self.own, self.train, self.edited, self.seeds = own, train, edited, seeds
        self._kept = np.ones(n, np.bool_) if kept is None else kept
        there = int(self._kept.sum())
        self.shares, self.counts = shares, np.array([int(share * there + 1e-9) for share in shares])
        known = int(np.isfinite(numbers[self._kept]).sum())
        if known < self.counts.max() or known == 0:
            raise InputError(
                f"{known:,} of {there:,} values are known, which is fewer than are to be dropped. "
                "Let the run go on first."
            )
        order = np.argsort(numbers, kind="stable")  # NaN sorts last
        self._order = order[self._kept[order]]
        self._model = _reseedable(own.model)
        t = arrays.n_rows(own.test.x)
        self._drawn = permutation(words(0, _TESTED, seeds, t * seeds)).reshape(seeds, t) % t
        m, k = len(own.metrics), len(shares)
        self.finished = 0
        """Seeds whose scores are all there."""
        self.failures = 0
        """Fits that failed; their scores are left out."""
        self._lowest, self._random = np.full((seeds, k, m), np.nan), np.full((seeds, k, m), np.nan)
        self._edited = np.full((seeds, m), np.nan)

    @property
    def total(self) -> int:
        """Fits in all."""
        return self.seeds * (2 * len(self.shares) - 1 + (self.edited is not None))

    def run(self) -> Iterator[int]:
        """Does the work; yields the number of fits done, after each fit or batch of fits."""
        done = 0
        for seed in range(self.seeds):
            scorer = SupervisedScorer(self.own.metrics, self._resampled(seed), default=0.0)
            utility = ModelUtility(self._model, scorer, seed=seed, show_warnings=False, **self.own.options)
            masks = self._masks(seed)
            found = np.full((len(masks), len(self.own.metrics)), np.nan)
            for rows in self._score(utility, self.train, masks, found):
                done += rows
                yield done
            k = len(self.shares)
            self._lowest[seed], self._random[seed, 1:] = found[:k], found[k:]
            self._random[seed, 0] = found[0]
            if self.edited is not None:
                data, kept = self.edited
                for rows in self._score(utility, data, kept[None], self._edited[seed : seed + 1]):
                    done += rows
                    yield done
            self.finished = seed + 1

    def curves(self) -> tuple[MetricCurve, ...]:
        """What the finished seeds say, one curve a metric; empty before the first."""
        if not self.finished:
            return ()
        return tuple(self._curve(at, metric.name) for at, metric in enumerate(self.own.metrics))

    def _curve(self, at: int, name: str) -> MetricCurve:
        low, drawn = self._lowest[: self.finished, :, at], self._random[: self.finished, :, at]
        base = low[:, :1]
        lowest, random = _gain(low, base), _gain(drawn, base)
        edited = None
        if self.edited is not None:
            edited = _gain(self._edited[: self.finished, at], base[:, 0])
        return MetricCurve(name, lowest, random, edited, _best(lowest, random, self.finished))

    def _masks(self, seed: int) -> Masks:
        k = len(self.counts)
        masks = np.repeat(self._kept[None], 2 * k - 1, axis=0)
        anyhow = self._order[permutation(words(seed, _REMOVED, 0, len(self._order)))]
        for row, count in enumerate(self.counts):
            masks[row, self._order[:count]] = False
            if row:
                masks[k - 1 + row, anyhow[:count]] = False
        return masks

    def _resampled(self, seed: int) -> Dataset:
        test, rows = self.own.test, self._drawn[seed]
        y = arrays.take_rows(test.y, rows)
        return Dataset(arrays.take_rows(test.x, rows), y, multi_output=test.y.ndim > 1)

    def _score(self, utility: ModelUtility, data: Dataset, masks: Masks, into: Floats) -> Iterator[int]:
        bound = utility.with_dataset(data)
        step = len(masks) if bound.batched else 1
        for start in range(0, len(masks), step):
            part = slice(start, start + step)
            found = bound.evaluate(masks[part])
            good = found.status == OK
            into[part][good] = found.values[good]
            self.failures += int((~good).sum())
            yield len(good)


def _gain(scores: Floats, base: Floats) -> Gain:
    """Scores (seeds, ...) beside those of the same seeds; failed fits are NaN and left out."""
    gains = scores - base
    return Gain(_mean(scores), _spread(scores), _mean(gains), _spread(gains))


def _mean(rows: Floats) -> Floats:
    good = np.isfinite(rows)
    count = good.sum(axis=0)
    total = np.where(good, rows, 0.0).sum(axis=0)
    return np.where(count > 0, total / np.maximum(count, 1), np.nan)


def _spread(rows: Floats) -> Floats:
    """Standard deviation over the seeds; NaN for fewer than two."""
    good = np.isfinite(rows)
    count = good.sum(axis=0)
    squares = np.where(good, (rows - _mean(rows)) ** 2, 0.0).sum(axis=0)
    return np.where(count > 1, np.sqrt(squares / np.maximum(count - 1, 1)), np.nan)


def _best(lowest: Gain, random: Gain, seeds: int) -> int | None:
    if seeds < LEAST:
        return None
    with np.errstate(invalid="ignore"):
        sure = (lowest.gain > CERTAIN * lowest.gain_error) & (lowest.gain > random.gain)
    sure[0] = False
    return int(np.argmax(np.where(sure, lowest.gain, -np.inf))) if sure.any() else None


def _reseedable(model: Any) -> Any:
    """The model, with every `random_state` left to the seeds."""
    if not hasattr(model, "get_params") or isinstance(model, type):
        return model
    fixed = {
        name: None
        for name, setting in model.get_params(deep=True).items()
        if (name == "random_state" or name.endswith("__random_state")) and setting is not None
    }
    if not fixed:
        return model
    from sklearn.base import clone

    return clone(model).set_params(**fixed)
