"""The utility of a subset: fit a model on it and score the model on test data.

Works for any object with `fit` and `predict` (or `score`): scikit-learn estimators, pipelines, duck-typed models.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NoReturn

import numpy as np
from numpy.typing import NDArray

from .. import arguments
from ..data.dataset import Dataset
from ..engine.draws import resolve_seed
from ..engine.runner import threads_work
from ..errors import InputError, InputTypeError
from ..typing import Masks
from .bound_model import BoundModelUtility
from .cache_backend import CacheBackend, CacheStats, check_backend
from .cache_config import CachedFuncConfig, check_options
from .fits.row_weights import checked, keyword
from .function import FunctionUtility, SetFunctionUtility
from .repeats import repeats_of
from .scorer import SupervisedScorer
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
        sample_weight: (rows,) weights of the training rows: each fit is given those of its subset, a pipeline's for its
            last step; scores are not weighted.
        batched: None trains many subsets together where the model, its parameters, the scorer and the data allow
            (`dvlwidgets.utility.fits.explain(model)`, and `path` of the bound utility, say so); False fits one by one.

    Raises:
        InputError: if the model's fit takes no sample_weight, or these are no weights.
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
        sample_weight: Any = None,
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
        self.sample_weight = checked(sample_weight)
        if self.sample_weight is not None:
            keyword(self.model)  # refuses early
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
