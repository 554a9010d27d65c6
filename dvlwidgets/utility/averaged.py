"""A utility without a test set: every point is a test point once, and trains in all other folds.

With F_1 ... F_K a partition of the training points, the utility of a subset S is the mean over the folds of the score
on F_k of a model fitted on S without F_k. The points of F_k are null players of the k-th term, so for every semivalue
(null players can be left out: Dubey, Neyman & Weber 1981) the value of a point is the sum over the K - 1 folds where
it trains, divided by K: nobody is valued by a test set that it belongs to.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from .. import arguments
from ..data.arrays import as_numpy
from ..data.dataset import Dataset
from ..data.grouped import GroupedDataset
from ..data.identity import digest
from ..engine.draws import TEST_FOLDS, resolve_seed, words
from ..engine.records import FAILED, OK, Evaluations
from ..errors import FirstFitError, InputError, InputTypeError
from ..typing import Masks, Utilities
from .bound import First, check_masks
from .bound_model import BoundModelUtility
from .model import ModelUtility, check_model
from .scorer import SupervisedScorer


class CrossValidatedUtility:
    """Cross-validated score of a model on subsets of the training data: no test set, and no split to hang on.

    A subset costs one fit a fold. The value of a point is (K - 1) / K of the mean of its values over the K - 1 folds in
    which it trains; all values of a Shapley method sum to the cross-validated score minus that of guessing.

    Two things to know: test points are as noisy as the training data (a mislabelled point counts as a mistake when it
    is predicted well, which shifts all values, but not by who is valued); and a subset S is fitted without its
    points in the fold, so scores are those of models with (K - 1) / K of S.

    Args:
        model: an object with `fit(x, y)` and `predict` or `score`; never fitted itself.
        scoring: as for `SupervisedScorer`.
        folds: number of folds, or the fold of each point (or group), (n,) integers or strings, e.g. days or sites.
        default: score of the empty and of a failed subset, as for `SupervisedScorer`.
        range: smallest and largest possible score.
        stratify: deal out the points of each class evenly (not for groups, numbers and given folds).
        seed: of the folds and of stochastic models.
        **options: as for `ModelUtility`: catch_errors, show_warnings, cache_backend, fit_seconds, key, ...

    Raises:
        InputTypeError, InputError: for a model, scoring or number of folds that cannot be.

    Example:
        >>> utility = CrossValidatedUtility(LogisticRegression(), "log_loss", folds=5)  # doctest: +SKIP
        >>> ShapleyValuation(utility, MSRSampler(), MaxTime(60)).fit(data)  # doctest: +SKIP
    """

    def __init__(
        self,
        model: Any,
        scoring: Any,
        folds: int | Any = 5,
        *,
        default: Any = None,
        range: tuple[float, float] = (-np.inf, np.inf),  # noqa: A002
        stratify: bool = True,
        seed: int = 0,
        **options: Any,
    ) -> None:
        check_model(model)
        if options.get("sample_weight") is not None:
            raise InputError(
                "weights cannot be given here, where each fold is fitted without its own points; take "
                "Utility(model, scorer, sample_weight=...) with a test set."
            )
        if isinstance(scoring, SupervisedScorer):
            raise InputTypeError(
                f"scoring must be a scoring name or a callable, not the scorer {scoring!r}: the test points are the "
                "folds of the training data. For test sets of your own: Utility(model, AveragedScorer(scoring, sets))."
            )
        self.folds = folds if np.ndim(folds) else arguments.whole("folds", folds, 2, "5 is the default.")
        if np.ndim(folds) and len(np.unique(as_numpy(folds))) < 2:
            raise InputError(
                "folds names one fold for all points; expected at least two. Pass a number: folds=5."
            )
        self.model, self.scoring, self.default, self.range = model, scoring, default, range
        self.stratify = arguments.flag("stratify", stratify)
        self.seed = resolve_seed(seed)
        self.options = dict(options)
        self._probe = self._part(Dataset([[0.0], [1.0]], [0, 1]))  # refuses wrong options now, not at fit
        self.show_warnings = self._probe.show_warnings

    @property
    def cache_stats(self) -> Any:
        """What the cache of all folds did; None without a cache."""
        return self._probe.cache_stats

    def with_dataset(self, data: Dataset) -> BoundCrossValidatedUtility:
        """The utility of subsets of `data`.

        Raises:
            InputTypeError: if it is no Dataset.
            InputError: if there are fewer points than folds, or given folds of another length.
        """
        given: Any = data
        if not isinstance(given, Dataset):
            raise InputTypeError(
                f"training data must be a Dataset, not {type(given).__name__}. Wrap them: Dataset(x, y)."
            )
        return BoundCrossValidatedUtility(self, data, self.fold_of(data))

    def fold_of(self, data: Dataset) -> NDArray[np.intp]:
        """The fold of each point of `data`: (n,) from 0 on.

        Raises:
            InputError: as `with_dataset`.
        """
        n = len(data)
        if np.ndim(self.folds):
            given = as_numpy(self.folds)
            if given.shape != (n,):
                raise InputError(
                    f"folds names the folds of {given.size} points, but the data have {n}. Pass one fold for each "
                    "point (or group), or a number."
                )
            return np.unique(given, return_inverse=True)[1].astype(np.intp)
        if n < self.folds:
            raise InputError(f"{n} points cannot make {self.folds} folds. Pass folds={max(2, n // 2)}, say.")
        raw = words(self.seed, TEST_FOLDS, 0, n)
        by_class = self.stratify and data.is_classification and data.labels is not None
        labels = (
            np.unique(as_numpy(data.labels), return_inverse=True)[1] if by_class else np.zeros(n, np.intp)
        )
        folds = np.empty(n, np.intp)
        folds[np.lexsort((raw, labels))] = np.arange(n) % self.folds
        return folds

    def _part(self, test: Dataset) -> ModelUtility:
        """The utility with one fold as test set; a group's rows are test points of their own."""
        scorer = SupervisedScorer(self.scoring, test, self.default, self.range)
        return ModelUtility(self.model, scorer, seed=self.seed, **self.options)

    def part(self, data: Dataset, outside: NDArray[np.intp], inside: NDArray[np.intp]) -> BoundModelUtility:
        """The utility of the points outside of a fold, scored on those inside."""
        return self._part(data.take(inside)).with_dataset(data.take(outside))

    def __repr__(self) -> str:
        folds = self.folds if np.ndim(self.folds) == 0 else "given"
        return f"CrossValidatedUtility({self.model!r}, {self.scoring!r}, folds={folds})"


class BoundCrossValidatedUtility:
    """`CrossValidatedUtility` on one training set.

    Attributes:
        fold: (n,) fold of each point.
        parts: for each fold the positions of the points outside and the utility of their subsets.
    """

    def __init__(self, utility: CrossValidatedUtility, data: Dataset, fold: NDArray[np.intp]) -> None:
        self.utility, self.data, self.fold, self.n = utility, data, fold, len(data)
        self.parts: list[tuple[NDArray[np.intp], BoundModelUtility]] = []
        for k in range(int(fold.max()) + 1):
            outside = np.flatnonzero(fold != k)
            self.parts.append((outside, utility.part(data, outside, np.flatnonzero(fold == k))))
        self.metrics = self.parts[0][1].metrics

    @property
    def batched(self) -> bool:
        """Whether subsets are fitted together in a fold."""
        return any(part.batched for _, part in self.parts)

    @property
    def notes(self) -> tuple[str, ...]:
        """What a reader of the values must know."""
        k = len(self.parts)
        what = "groups" if isinstance(self.data, GroupedDataset) else "points"
        first = (
            f"scores are means over {k} folds of the training data (no test set): each value is {k - 1}/{k} of its "
            f"mean over the {k - 1} folds in which the {what[:-1]} trains; an evaluation is {k} fits"
        )
        return (first, *dict.fromkeys(note for _, part in self.parts[:1] for note in part.notes))

    def first(self) -> First:
        """The empty and the full set in every fold, errors raised.

        Raises:
            FirstFitError: if a fold cannot be fitted and scored.
        """
        found = []
        for k, (_, part) in enumerate(self.parts):
            try:
                found.append(part.first())
            except FirstFitError as error:
                raise FirstFitError(f"in fold {k + 1} of {len(self.parts)}: {error}") from error
        empty, full = (np.mean([getattr(f, end) for f in found], axis=0) for end in ("empty", "full"))
        return First(empty, full, sum(f.seconds for f in found))

    def evaluate(self, masks: Masks) -> Evaluations:
        """Mean scores (B, m) over the folds; a subset with a failed fold is a failure, its fold's default in it."""
        done = [part.evaluate(masks[:, outside]) for outside, part in self.parts]
        failed = np.any([e.status == FAILED for e in done], axis=0)
        return Evaluations(
            np.mean([e.values for e in done], axis=0),
            np.where(failed, FAILED, OK).astype(np.uint8),
            sum(e.seconds for e in done),
            next((e.failure for e in done if e.failure), None),
            sum(e.warnings for e in done),
            next((e.warning for e in done if e.warning), None),
        )

    def __call__(self, masks: Masks) -> Utilities:
        """Mean scores of subsets: (B,) with one metric, (B, m) with several."""
        values = self.evaluate(check_masks(masks, self.n)).values
        return values[:, 0] if len(self.metrics) == 1 else values

    def key_parts(self) -> dict[str, str]:
        """Hashes of the data, the folds and the utilities in them."""
        inside = self.parts[0][1].key_parts()
        others = digest([part.key_parts() for _, part in self.parts])
        same = {k: part for k, part in inside.items() if k in {"model", "model seed", "key", "fit policy"}}
        return {"training data": self.data.fingerprint, **same, "folds": digest(self.fold), "scores": others}
