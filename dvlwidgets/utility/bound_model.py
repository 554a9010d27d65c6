"""A utility on one training set: fits a model on each subset, together where possible, and scores it."""

from __future__ import annotations

import copy
import threading
import time
import traceback
from collections.abc import Callable, Hashable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ..data.arrays import n_rows, take_rows
from ..data.dataset import Dataset
from ..data.identity import digest
from ..engine import parallel
from ..engine.records import FAILED, OK, Evaluations
from ..errors import FirstFitError, InputError, InputTypeError, cause
from ..typing import Masks, Utilities
from .bound import First, check_masks
from .cache_backend import CacheStats
from .cache_lookup import SubsetCache
from .fits.covered import explain
from .fits.row_weights import arguments_of, checked
from .seeding import global_generators_kept, may_draw_globally, seed_global_generators, seedable, subset_seed
from .time_limit import time_limit
from .together import VERSION, Together
from .votes import Votes, neighbour_votes
from .warning_tap import warnings_counted

if TYPE_CHECKING:
    from .model import ModelUtility


class BoundModelUtility:
    """`ModelUtility` on one training set; picklable, so that workers can hold it."""

    def __init__(self, utility: ModelUtility, data: Dataset) -> None:
        if not isinstance(data, Dataset):
            raise InputTypeError(
                f"training data must be a Dataset, not {type(data).__name__}. Wrap them: Dataset(x, y)."
            )
        if len(data) == 0:
            raise InputError(
                "the training data are empty: there is nothing to value. Pass at least one point."
            )
        self.n = len(data)
        self.data, self.utility = data, utility
        checked(utility.sample_weight, n_rows(data.x))
        self.scorer = utility.scorer.bind(utility.model, data)
        self.metrics = self.scorer.names
        self._seeds = seedable(utility.model)
        self._global = may_draw_globally(utility.model)
        self._local = threading.local()
        self._prepared: Together | str | None = None
        self._refused: dict[Hashable, str] = {}
        notes = [self.scorer.note] if self.scorer.note else []
        if self._global:
            notes.append(
                "the model takes no random_state: if it draws random numbers, values are not reproducible"
            )
        self.notes = tuple(notes)
        self._cache: SubsetCache | None = None
        if utility.cache_backend is not None:
            options, kind = utility.cached_func_options, type(self).__qualname__
            identity = {**self.key_parts(), "kind": kind}
            self._cache = SubsetCache(
                utility.cache_backend, options, identity, utility.model, len(self.metrics)
            )

    @property
    def batched(self) -> bool:
        """Whether subsets are fitted together, so that the last bits may depend on those beside them."""
        return not isinstance(self._together(), str)

    @property
    def looks_ahead(self) -> bool:
        """Whether growing subsets cost much less together than one after the other."""
        return self.batched

    @property
    def path(self) -> str:
        """How subsets are fitted and why: "batched: ..." or "one by one: ..."."""
        found = self._together()
        return f"one by one: {found}" if isinstance(found, str) else str(explain(self.utility.model))

    def _alone(self) -> str:
        """Why this utility never fits together, whatever the data; "" if it may."""
        u = self.utility
        if u.batched is False:
            return "batched=False"
        if type(self) is not BoundModelUtility:
            return f"{type(self).__name__} fits in a way of its own"
        if not u.clone_before_fit:
            return "clone_before_fit=False"
        if u.repeats is not None:
            return "fits are repeated"
        found = explain(u.model, sample_weight=u.sample_weight is not None)
        return found.why if found.row is None else ""

    def _together(self) -> Together | str:
        """Batched fits, made once in each process, or in words why there are none."""
        if self._prepared is None:
            self._prepared = self._alone() or Together.of(
                self.utility.model, self.data, self.scorer, self.utility.sample_weight
            )
        return self._prepared

    def first(self) -> First:
        """Fit and score the full set with errors raised; that score is v(N).

        Raises:
            FirstFitError: if the model cannot be fitted on all points and scored, with the cause in words.
        """
        start = time.perf_counter()
        full = np.ones(self.n, np.bool_)
        try:
            with warnings_counted():
                values = self._score_of(full)
        except Exception as error:
            model = type(self.utility.model).__name__
            whole = "the only point" if self.n == 1 else f"all {self.n:,} points"
            raise FirstFitError(
                f"{model} could not be fitted on {whole} and scored by "
                f"{', '.join(self.metrics)}: {cause(error)}. "
                "Nothing was valued yet; make model.fit and the scorer work on the full training set first."
            ) from error
        seconds, together = time.perf_counter() - start, self._together()
        if not isinstance(together, str):  # v(N) comes from where the other subsets' scores come from
            scores = values[None].copy()
            if not len(together.score(full[None], scores, np.zeros(1, np.intp))):
                values, seconds = scores[0], together.seconds_a_fit()
        return First(np.asarray(self.scorer.default, float), values, seconds)

    def evaluate(self, masks: Masks) -> Evaluations:
        """Fit and score each subset of `masks`, shape (B, n), or look its score up."""
        if self._cache is not None:
            return self._cache.evaluate(masks, self._evaluate)
        return self._evaluate(masks, np.empty((len(masks), len(self.metrics))))

    def _evaluate(
        self, masks: Masks, values: NDArray[np.float64], done: Callable[[int, float], None] | None = None
    ) -> Evaluations:
        """Fit and score each subset into `values` (B, m); `done(row, seconds)` hears of each success."""
        start = time.perf_counter()
        status = np.zeros(len(masks), np.uint8)
        failure: str | None = None
        seeded = self._global and parallel.in_worker()
        some, seconds, together = masks.any(axis=1), self.utility.fit_seconds, self._together()
        values[~some] = self.scorer.default
        left = np.flatnonzero(some)
        with warnings_counted() as warned, global_generators_kept(seeded):
            if not isinstance(together, str):
                left = together.score(masks, values, left, seconds=seconds, done=done)
            for b in left.tolist():
                began = time.perf_counter()
                why = None if isinstance(together, str) else together.refusal(masks[b])
                if why in self._refused:  # the estimator has said so before
                    values[b], status[b] = self.scorer.default, FAILED
                    failure = failure or self._refused[why]
                    continue
                try:
                    values[b] = self._score_of(masks[b], seeded=seeded, seconds=seconds)
                    status[b] = OK
                except Exception as error:
                    if not self.utility.catch_errors:
                        raise
                    values[b], status[b] = self.scorer.default, FAILED
                    told = traceback.format_exc(limit=-8)
                    failure = failure or told
                    if why is not None and isinstance(error, ValueError):
                        self._refused[why] = told
                    continue
                if done is not None:
                    done(b, time.perf_counter() - began)
        spent = time.perf_counter() - start
        return Evaluations(values, status, spent, failure, len(warned), warned[0] if warned else None)

    def __call__(self, masks: Masks | Sequence[Sequence[bool]]) -> Utilities:
        """Scores of subsets: shape (B,) with one metric, (B, m) with several."""
        checked = check_masks(masks, self.n)
        values = self.evaluate(checked).values
        return values[:, 0] if len(self.metrics) == 1 else values

    @property
    def cache_stats(self) -> CacheStats | None:
        """As `ModelUtility.cache_stats`: bound utilities share their cache."""
        return self.utility.cache_stats

    def votes(self) -> Votes | None:
        """Votes of neighbours on the scorer's test data, for estimators that learn the score; None without any."""
        return neighbour_votes(self.data, self.utility.scorer.test_data)

    def key_parts(self) -> dict[str, str]:
        """Hashes of data, model, scorer with its test data, and model seed."""
        u = self.utility
        policy: dict[str, object] = {
            "catch_errors": u.catch_errors,
            "fit_seconds": u.fit_seconds,
            "clone": u.clone_before_fit,
        }
        if u.repeats is not None:
            policy["repeats"] = u.repeats
        if not self._alone():
            # the same scores up to rounding, or up to a solver's tolerance, but not the same bits
            policy["together"] = VERSION
        parts = {
            "training data": self.data.fingerprint,
            "model seed": str(u.seed),
            "fit policy": digest(policy),
        }
        if u.sample_weight is not None:
            parts["sample weights"] = digest(u.sample_weight)
        if u.key is not None:
            test = digest(u.scorer.test_data)
            return {**parts, "key": digest(u.key), "metrics": digest(self.metrics), "test data": test}
        return {**parts, "model": digest(self.utility.model), "scorer": digest(self.utility.scorer)}

    def _score_of(
        self, mask: Masks, *, seeded: bool = False, seconds: float | None = None
    ) -> NDArray[np.float64]:
        """Scores (m,) of one subset: of one fit, or the mean of several."""

        def score(repetition: int) -> NDArray[np.float64]:
            if seeded:
                seed_global_generators(subset_seed(self.utility.seed, mask, repetition))
            with time_limit(seconds):
                return self._fit_and_score(mask, repetition)

        repeats = self.utility.repeats
        return score(0) if repeats is None else repeats.mean(score)

    def _fit_and_score(self, mask: Masks, repetition: int = 0) -> NDArray[np.float64]:
        model = self._fresh()
        if self._seeds:
            base = subset_seed(self.utility.seed, mask, repetition)
            model.set_params(**{name: (base + k) & 0x7FFFFFFF for k, name in enumerate(self._seeds)})
        rows = self.data.rows(mask)
        given = arguments_of(model, self.utility.sample_weight, rows)
        model.fit(take_rows(self.data.x, rows), take_rows(self.data.y, rows), **given)
        scores = self.scorer(model)
        if not np.isfinite(scores).all():
            bad = [m for m, s in zip(self.metrics, scores, strict=True) if not np.isfinite(s)]
            raise ValueError(
                f"the score {', '.join(bad)} is not a finite number on a subset of {len(rows)} rows"
            )
        return scores

    def _fresh(self) -> Any:
        model = self.utility.model
        if not self.utility.clone_before_fit:
            if not hasattr(self._local, "model"):
                self._local.model = copy.deepcopy(model)
            return self._local.model
        if hasattr(model, "get_params"):
            from sklearn.base import clone

            return clone(model)
        return copy.deepcopy(model)

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_local": None, "_prepared": None, "_refused": {}}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        self._local = threading.local()
