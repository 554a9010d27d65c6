"""The utility of a subset: fit a model on it and score the model on test data.

Works for any object with `fit` and `predict` (or `score`): scikit-learn estimators, pipelines, duck-typed models.
"""

from __future__ import annotations

import copy
import threading
import time
import traceback
from collections.abc import Callable, Sequence
from typing import Any, NoReturn

import numpy as np
from numpy.typing import NDArray

from .. import arguments
from ..data.arrays import take_rows
from ..data.dataset import Dataset
from ..data.identity import digest
from ..engine import parallel
from ..engine.draws import resolve_seed
from ..engine.records import FAILED, OK, Evaluations
from ..engine.runner import threads_work
from ..errors import FirstFitError, InputError, InputTypeError
from ..typing import Masks, Utilities
from .bound import First, check_masks
from .cache_backend import CacheBackend, CacheStats, check_backend
from .cache_config import CachedFuncConfig, check_options
from .cache_lookup import SubsetCache
from .fits.covered import explain
from .function import FunctionUtility, SetFunctionUtility
from .repeats import repeats_of
from .scorer import SupervisedScorer
from .seeding import global_generators_kept, may_draw_globally, seed_global_generators, seedable, subset_seed
from .time_limit import time_limit
from .together import VERSION, Together
from .votes import Votes, neighbour_votes
from .warning_tap import warnings_counted
from .wrapper import unwrapped


class ModelUtility:
    """Score of a model after `fit` on a subset of the training data (alias `Utility`).

    Args:
        model: an object with `fit(x, y)` and `predict` or `score`; never fitted itself, only copies of it.
        scorer: a `SupervisedScorer`; its first metric is the one that values refer to.
        catch_errors: a fit or score that fails on a subset counts as a failure and gets the scorer's default;
            False raises it.
        show_warnings: say once, at the end of `fit`, how many fits warned and what the first said.
        cache_backend: where scores are kept and looked up (`dvlwidgets.utility.caching`); None keeps none.
        cached_func_options: what is kept, and whether stochastic models are fitted repeatedly; None keeps all.
        clone_before_fit: False refits one copy per thread instead of a fresh clone per subset.
        seed: what stochastic models are seeded from, together with the subset.
        fit_seconds: a fit and its score that take longer count as a failure; None = no limit (`time_limit` says
            what can be interrupted). Whether a fit fails then depends on the machine.
        key: a name for the model and scorer, where they cannot be hashed (needed for checkpoints and caches only).
        batched: None trains many subsets together where the model, its parameters, the scorer and the data allow
            (`dvlwidgets.utility.fits.explain(model)`, and `path` of the bound utility, say so); False fits one by one.

    Raises:
        InputTypeError: if the model is a class or lacks `fit`, the scorer is no SupervisedScorer, or the cache is none.
        UnhashableError: later, from `with_dataset`, if there is a cache, and the model cannot be hashed without `key`.

    Example:
        >>> from sklearn.linear_model import LogisticRegression
        >>> from dvlwidgets import Dataset, SupervisedScorer, Utility
        >>> test = Dataset([[0.0], [1.0]], [0, 1])
        >>> utility = Utility(LogisticRegression(), SupervisedScorer("accuracy", test))
        >>> utility.with_dataset(Dataset([[0.0], [0.1], [1.0]], [0, 0, 1]))([[True, False, True]])
        array([1.])
    """

    def __init__(
        self,
        model: Any,
        scorer: SupervisedScorer,
        *,
        catch_errors: bool = True,
        show_warnings: bool = True,
        cache_backend: CacheBackend | None = None,
        cached_func_options: CachedFuncConfig | None = None,
        clone_before_fit: bool = True,
        seed: int = 0,
        fit_seconds: float | None = None,
        key: str | None = None,
        batched: bool | None = None,
    ) -> None:
        check_model(model)
        check_seconds(fit_seconds)
        if batched not in (None, False):
            raise InputTypeError(
                f"batched must be None (where possible) or False (fit one by one), not {batched!r}."
            )
        if not isinstance(scorer, SupervisedScorer):
            raise InputTypeError(
                f"scorer must be a SupervisedScorer, not {type(scorer).__name__}. "
                'Write SupervisedScorer("accuracy", test), with the data to score on.'
            )
        self.model, self.scorer = unwrapped(model), scorer
        self.cache_backend = check_backend(cache_backend)
        self.cached_func_options = check_options(cached_func_options, self.cache_backend)
        self.repeats = repeats_of(self.cached_func_options, self.model)
        self.catch_errors = arguments.flag("catch_errors", catch_errors)
        self.show_warnings = arguments.flag("show_warnings", show_warnings)
        self.clone_before_fit = arguments.flag("clone_before_fit", clone_before_fit)
        self.seed = resolve_seed(seed)
        self.fit_seconds = fit_seconds
        self.batched = batched
        self.key = None if key is None else arguments.text("key", key, "It names the model and the scorer.")

    def with_dataset(self, data: Dataset) -> BoundModelUtility:
        """The utility of subsets of `data`."""
        return BoundModelUtility(self, data)

    def __call__(self, masks: Any) -> NoReturn:
        """Refused: it is the utility of a data set that scores subsets, `utility.with_dataset(train)(masks)`."""
        raise InputError(
            "this utility has no training data yet, so it cannot score subsets. Use utility.with_dataset(train)(masks) "
            "with masks of shape (B, n)."
        )

    @property
    def cache_stats(self) -> CacheStats | None:
        """What the cache did, workers included: hits, misses, ...; None without a cache."""
        return None if self.cache_backend is None else self.cache_backend.stats

    @staticmethod
    def from_function(function: Callable[[Masks], NDArray[np.float64]], **kwargs: Any) -> FunctionUtility:
        """A utility from any `f(masks (B, n)) -> (B,)` or `(B, m)`; see `FunctionUtility`."""
        return FunctionUtility(function, **kwargs)

    @staticmethod
    def from_set_function(function: Callable[..., Any], **kwargs: Any) -> SetFunctionUtility:
        """A utility from any `g(indices) -> float`; see `SetFunctionUtility`."""
        return SetFunctionUtility(function, **kwargs)

    def __repr__(self) -> str:
        return f"ModelUtility({self.model!r}, {self.scorer!r})"


Utility = ModelUtility


def check_model(model: Any) -> None:
    """Refuse what cannot be fitted, in words.

    Raises:
        InputTypeError: for a class instead of an instance, or an object without `fit`.
    """
    name = model.__name__ if isinstance(model, type) else type(model).__name__
    if isinstance(model, type):
        raise InputTypeError(f"model is the class {name}; pass an instance: {name}().")
    if not callable(getattr(model, "fit", None)):
        raise InputTypeError(f"model must have fit(x, y); {name} has none. Pass a scikit-learn style model.")
    if not (callable(getattr(model, "predict", None)) or callable(getattr(model, "score", None))):
        raise InputTypeError(f"model must have predict(x) or score(x, y) beside fit; {name} has neither.")


def check_seconds(seconds: Any) -> None:
    """Refuse what is no time limit.

    Raises:
        InputTypeError: for another type than a number or None.
        InputError: for a number that is not positive, or where nobody can watch the time.
    """
    if seconds is None:
        return
    if isinstance(seconds, bool) or not isinstance(seconds, int | float | np.number):
        raise InputTypeError(f"fit_seconds must be a number of seconds or None, not {seconds!r}.")
    if not seconds > 0:
        raise InputError(f"fit_seconds must be positive, not {seconds}. None sets no limit.")
    if not threads_work():
        raise InputError("fit_seconds needs threads, and this Python has none; None sets no limit.")


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
        self.scorer = utility.scorer.bind(utility.model, data)
        self.metrics = self.scorer.names
        self._seeds = seedable(utility.model)
        self._global = may_draw_globally(utility.model)
        self._local = threading.local()
        self._prepared: Together | str | None = None
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
        found = explain(u.model)
        return found.why if found.row is None else ""

    def _together(self) -> Together | str:
        """Batched fits, made once in each process, or in words why there are none."""
        if self._prepared is None:
            self._prepared = self._alone() or Together.of(self.utility.model, self.data, self.scorer)
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
            raise FirstFitError(
                f"{model} could not be fitted on all {self.n:,} points and scored by "
                f"{', '.join(self.metrics)}: {type(error).__name__}: {error}. "
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
                try:
                    values[b] = self._score_of(masks[b], seeded=seeded, seconds=seconds)
                    status[b] = OK
                except Exception:
                    if not self.utility.catch_errors:
                        raise
                    values[b], status[b] = self.scorer.default, FAILED
                    failure = failure or traceback.format_exc(limit=-8)
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
        if (
            not self._alone()
        ):  # the same scores up to rounding, or up to a solver's tolerance, but not the same bits
            policy["together"] = VERSION
        parts = {
            "training data": self.data.fingerprint,
            "model seed": str(u.seed),
            "fit policy": digest(policy),
        }
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
        model.fit(take_rows(self.data.x, rows), take_rows(self.data.y, rows))
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
        return {**self.__dict__, "_local": None, "_prepared": None}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        self._local = threading.local()
