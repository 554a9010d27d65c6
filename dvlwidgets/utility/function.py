"""Utilities that are plain functions of subsets: games, simulations, one's own scores."""

from __future__ import annotations

import time
import traceback
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .. import arguments
from ..data.identity import digest
from ..engine.records import FAILED, OK, Evaluations
from ..errors import FirstFitError, InputError, InputTypeError
from ..typing import Masks, Utilities
from .bound import First, check_masks


class FunctionUtility:
    """A utility from a function of masks.

    Args:
        function: `f(masks (B, n)) -> (B,)`, or `(B, m)` with m names in `metrics`.
        metrics: names of the scores.
        catch_errors: count a failing evaluation as a failure with score `default` instead of raising.
        default: the score of a failed evaluation.
        key: a name for the function, where it cannot be hashed.

    Raises:
        InputTypeError: if `function` cannot be called.
    """

    show_warnings = False

    def __init__(
        self,
        function: Callable[[Masks], NDArray[np.float64]],
        *,
        metrics: Sequence[str] = ("utility",),
        catch_errors: bool = False,
        default: float = 0.0,
        key: str | None = None,
    ) -> None:
        if not callable(function):
            raise InputTypeError(
                f"function must be callable, not {type(function).__name__}. Pass f(masks of shape (B, n)) -> (B,)."
            )
        self.function, self.metrics = function, _names(metrics)
        self.catch_errors = arguments.flag("catch_errors", catch_errors)
        self.default = arguments.number("default", default, "It is the score of a failed evaluation.")
        self.key = None if key is None else arguments.text("key", key, "It names the function.")

    def with_dataset(self, data: Any) -> BoundFunctionUtility:
        """The utility of subsets of `data` (anything with a length)."""
        if not hasattr(data, "__len__") or isinstance(data, type | str | bytes):
            raise InputTypeError(
                f"data must have a length, not be {data!r}. Pass a Dataset, or range(n) for n points."
            )
        if len(data) == 0:
            raise InputError("the data are empty: there is nothing to value. Pass at least one point.")
        return BoundFunctionUtility(self, len(data), str(getattr(data, "fingerprint", len(data))))

    def __repr__(self) -> str:
        return f"{type(self).__name__}({getattr(self.function, '__qualname__', self.function)})"

    def scores(self, masks: Masks) -> NDArray[np.float64]:
        """What the function says of the subsets, unchecked."""
        return np.asarray(self.function(masks), float)


class SetFunctionUtility(FunctionUtility):
    """A utility from a function of index arrays, `g(indices) -> float`; one call a subset. See `FunctionUtility`."""

    def scores(self, masks: Masks) -> NDArray[np.float64]:
        function: Callable[..., Any] = self.function
        return np.array([function(np.flatnonzero(mask)) for mask in masks], float)


class BoundFunctionUtility:
    """A `FunctionUtility` on n points."""

    notes: tuple[str, ...] = ()

    def __init__(self, utility: FunctionUtility, n: int, fingerprint: str) -> None:
        self.utility, self.n, self.metrics = utility, n, utility.metrics
        self._fingerprint = fingerprint
        # one matrix product over 3 rows may differ from one over 11 in the last bits
        self.batched = not isinstance(utility, SetFunctionUtility)

    def first(self) -> First:
        """Evaluate the empty and the full set; errors are raised.

        Raises:
            FirstFitError: if the function fails there, or returns something of another shape.
        """
        ends = np.zeros((2, self.n), np.bool_)
        ends[1] = True
        try:
            start = time.perf_counter()
            values = self._scores(ends)
            spent = time.perf_counter() - start
        except Exception as error:
            raise FirstFitError(
                f"the utility function fails on the empty or the full set of {self.n:,} points: "
                f"{type(error).__name__}: {error}"
            ) from error
        return First(values[0], values[1], spent / 2)

    def evaluate(self, masks: Masks) -> Evaluations:
        """Scores of subsets; a failing batch is tried again row by row when errors are caught."""
        start = time.perf_counter()
        status = np.full(len(masks), OK, np.uint8)
        failure = None
        try:
            values = self._scores(masks)
        except Exception:
            if not self.utility.catch_errors:
                raise
            values = np.full((len(masks), len(self.metrics)), float(self.utility.default))
            for b in range(len(masks)):
                try:
                    values[b] = self._scores(masks[b : b + 1])[0]
                except Exception:
                    status[b] = FAILED
                    failure = failure or traceback.format_exc(limit=-8)
        return Evaluations(values, status, time.perf_counter() - start, failure)

    def __call__(self, masks: Masks) -> Utilities:
        """Scores of subsets: shape (B,) with one metric, (B, m) with several."""
        values = self.evaluate(check_masks(masks, self.n)).values
        return values[:, 0] if len(self.metrics) == 1 else values

    def key_parts(self) -> dict[str, str]:
        """Hashes of the data and the function."""
        u = self.utility
        name = u.key if u.key is not None else u.function
        what = (type(u).__name__, name, u.metrics, u.default, u.catch_errors)
        return {"training data": self._fingerprint, "utility": digest(what)}

    def _scores(self, masks: Masks) -> NDArray[np.float64]:
        values = self.utility.scores(masks)
        if values.ndim == 1:
            values = values[:, None]
        if values.shape != (len(masks), len(self.metrics)):
            raise InputError(
                f"the utility function returned shape {values.shape} for {len(masks)} subsets; "
                f"{(len(masks),)} was expected{'' if len(self.metrics) == 1 else f' x {len(self.metrics)} metrics'}."
            )
        if not np.isfinite(values).all():
            raise InputError("the utility function returned a number that is not finite.")
        return values


def _names(metrics: Any) -> tuple[str, ...]:
    """Names of the scores, at least one; one string is a sequence of letters, and hence a mistake."""
    if isinstance(metrics, str) or not isinstance(metrics, Sequence):
        raise InputTypeError(f"metrics must be a sequence of names, not {metrics!r}. Pass ('utility',).")
    names = tuple(arguments.text("a metric's name", name, "Pass ('utility',).") for name in metrics)
    if not names or len(set(names)) < len(names):
        raise InputError(
            f"metrics must hold at least one name and none twice, not {names}. Pass ('utility',)."
        )
    return names
