"""A utility that is learned from a budget of evaluations, and then costs next to nothing.

The budget's subsets are drawn once, with sizes that are uniform over 1..n-1, whatever the method: one budget serves
all. In a run they are the first steps of the loop; a call outside of a run evaluates them at once.
Wang, Yang & Jia, Improving cooperative game theory-based data valuation via data utility learning (ICLR 2022).
"""

from __future__ import annotations

import copy
import threading
import time
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .. import arguments
from ..data.identity import digest
from ..engine.draws import BUDGETS, TRAININGS, resolve_seed, sizes_from_law, subsets_of_sizes, words
from ..engine.records import OK, Evaluations
from ..engine.threads import capped
from ..errors import InputTypeError
from ..typing import Masks, Utilities
from .bound import BoundUtility, First, check_masks
from .learned_models import UtilityModel
from .learned_steps import LearningSteps

HELD_OUT = 5
"""Every fifth evaluation of the budget judges a model that has not seen it."""

POOR = 0.2
"""A held-out R2 below it is said in words: a constant has 0."""

FEWEST_TO_JUDGE = 10
"""A smaller budget says nothing about the quality of what was learned."""

ALL_SUBSETS_UP_TO = 16
"""Up to so many points a budget that reaches all subsets takes each once."""


class DataUtilityLearning:
    """A utility that stands for another one: learned from so many of its evaluations, predicted ever after.

    Values are then those of the *learned* utility: its error is not in their standard errors. The result says on how
    many evaluations it rests and how well it predicts subsets that it has not seen (R2 on a fifth of the budget).

    Args:
        utility: the utility to learn, e.g. `Utility(model, scorer)`; its first metric is learned.
        training_budget: number of its evaluations, besides the empty and the full set.
        model: `IndicatorUtilityModel`, `DeepSetUtilityModel`, or an object with `fit(masks, utilities, seed)` and
            `predict(masks)`; only copies of it are fitted.
        show_warnings: say once, at the end of `fit`, how many fits warned.
        seed: of the budget's subsets and of the model.

    Raises:
        InputTypeError: if the utility or the model is none.
        InputError: for a budget below 2.

    References:
        Wang, Yang & Jia, Improving cooperative game theory-based data valuation via data utility learning (ICLR 2022).

    Example:
        >>> learned = DataUtilityLearning(
        ...     utility, 300, IndicatorUtilityModel(Ridge(), len(train))
        ... )  # doctest: +SKIP
        >>> ShapleyValuation(learned, PermutationSampler(), MaxUpdates(1000)).fit(train)  # doctest: +SKIP
    """

    def __init__(
        self, utility: Any, training_budget: int, model: Any, show_warnings: bool = True, *, seed: int = 0
    ) -> None:
        if isinstance(utility, type) or not callable(getattr(utility, "with_dataset", None)):
            raise InputTypeError(
                f"utility must be the Utility to learn, not {utility!r}. Write DataUtilityLearning(Utility(model, "
                "scorer), 300, IndicatorUtilityModel(Ridge(), n))."
            )
        _check_model(model)
        self.utility, self.model = utility, model
        self.training_budget = arguments.whole(
            "training_budget", training_budget, 2, "It is the number of evaluations to learn from."
        )
        self.show_warnings = arguments.flag("show_warnings", show_warnings)
        self.seed = resolve_seed(seed)

    def with_dataset(self, data: Any) -> BoundLearnedUtility:
        """The learned utility of subsets of `data`; nothing is evaluated yet.

        Raises:
            InputError: if the model was made for other data.
        """
        bound = self.utility.with_dataset(data)
        check = getattr(self.model, "check", None)
        if check is not None:
            check(data)
        return BoundLearnedUtility(self, bound)

    def __repr__(self) -> str:
        return f"DataUtilityLearning({self.utility!r}, {self.training_budget}, {self.model!r})"


class BoundLearnedUtility:
    """`DataUtilityLearning` on one data set.

    Attributes:
        true: the utility that is learned.
        budget: (N, n) the subsets that it is learned from, each once.
        quality: R2 on evaluations that were held out; NaN before learning and where the budget is too small to tell.
    """

    batched = True  # what a regression predicts may depend on the rows beside it in the last bits

    def __init__(self, utility: DataUtilityLearning, true: BoundUtility) -> None:
        self.utility, self.true, self.n = utility, true, true.n
        self.metrics = tuple(true.metrics[:1])
        self.budget = budget_of(utility.training_budget, self.n, utility.seed)
        self.quality = np.nan
        self._taught: NDArray[np.float64] | None = None
        self._learned: Any = None
        self._lock = threading.Lock()

    @property
    def notes(self) -> tuple[str, ...]:
        """What a reader of the values must know."""
        count = len(self.budget)
        if self._learned is None:
            said = f"values of a learned utility, of which the {count:,} evaluations are not done yet"
        else:
            how = "unknown (too few)" if np.isnan(self.quality) else f"{self.quality:.2f}"
            said = (
                f"values of a learned utility, fitted on {count:,} evaluations with held-out R2 {how}; standard errors "
                "are those of sampling it, its own error is not in them"
            )
            if self.quality < POOR:
                said += "; it hardly knows subsets that it has not seen: raise training_budget, or take another model"
        return (said, *self.true.notes)

    def first(self) -> First:
        """The true utility of the empty and of the full set, errors raised."""
        first = self.true.first()
        return First(first.empty[:1], first.full[:1], first.seconds, first.failure)

    def learn(self, values: NDArray[np.float64]) -> None:
        """Fit the model on the budget's utilities (N,); the same ones are learned once.

        The empty and the full set are known, and not learned from: the empty one lies far below all others and
        spoils small budgets (measured with 60 evaluations: R2 changes by +.01 to -.65).
        """
        taught = np.array(values)
        if self._taught is not None and np.array_equal(taught, self._taught):
            return
        with self._lock, capped():
            seed = int(words(self.utility.seed, TRAININGS, 0, 1)[0]) & 0x7FFFFFFF
            self.quality = self._judged(taught, seed)
            learned = copy.deepcopy(self.utility.model)
            learned.fit(self.budget, taught, seed)
            self._learned, self._taught = learned, taught

    def _judged(self, utilities: NDArray[np.float64], seed: int) -> float:
        """R2, on every fifth evaluation, of a model fitted on the others."""
        masks = self.budget
        if len(masks) < FEWEST_TO_JUDGE:
            return np.nan
        out = np.arange(len(masks)) % HELD_OUT == HELD_OUT - 1
        spread = float(((utilities[out] - utilities[out].mean()) ** 2).sum())
        probe = copy.deepcopy(self.utility.model)
        probe.fit(masks[~out], utilities[~out], seed)
        missed = float(((utilities[out] - np.asarray(probe.predict(masks[out]), float)) ** 2).sum())
        return 1.0 - missed / spread if spread > 0 else np.nan

    def evaluate(self, masks: Masks) -> Evaluations:
        """Predicted scores of subsets, shape (B, 1); outside of a run the first call evaluates the budget.

        Raises:
            InputTypeError: if the model predicts another shape, or no finite numbers.
        """
        if self._learned is None:
            self.learn(self.true.evaluate(self.budget).values[:, 0])
        start = time.perf_counter()
        with capped():
            values = np.asarray(self._learned.predict(masks), float)
        if values.shape != (len(masks),) or not np.isfinite(values).all():
            raise InputTypeError(
                f"{type(self._learned).__name__}.predict gave shape {values.shape} for {len(masks)} subsets; expected "
                "one finite number for each. Correct its predict(masks of shape (B, n)) -> (B,)."
            )
        status = np.full(len(masks), OK, np.uint8)
        return Evaluations(values[:, None], status, time.perf_counter() - start)

    def __call__(self, masks: Masks) -> Utilities:
        """Predicted scores of subsets: (B,)."""
        return self.evaluate(check_masks(masks, self.n)).values[:, 0]

    def around(self, sampler: Any) -> LearningSteps:
        """The steps of a run: the budget first, then those of the sampler, predicted."""
        return LearningSteps(sampler, self)

    def key_parts(self) -> dict[str, str]:
        """Hashes of the true utility and of what learns it."""
        u = self.utility
        what = (u.model, u.training_budget, u.seed)
        return {**self.true.key_parts(), "learned by": digest(what)}

    def __getstate__(self) -> dict[str, Any]:
        return {k: v for k, v in self.__dict__.items() if k != "_lock"}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state, _lock=threading.Lock())


def budget_of(count: int, n: int, seed: int) -> Masks:
    """So many different subsets of sizes 1..n-1, the sizes uniform; fewer if there are no more: (N, n)."""
    if n < 2:
        return np.zeros((0, n), np.bool_)
    everything = 2**n - 2 if n <= ALL_SUBSETS_UP_TO else count
    if count >= everything and n <= ALL_SUBSETS_UP_TO:
        codes = np.arange(1, 2**n - 1)
        all_of_them: Masks = (codes[:, None] >> np.arange(n)) & 1 == 1
        return all_of_them
    law = np.zeros(n + 1)
    law[1:n] = 1.0 / (n - 1)
    seen: dict[bytes, NDArray[np.bool_]] = {}
    step = 0
    while len(seen) < count:
        raw = words(seed, BUDGETS, step, count * (n + 1)).reshape(count, -1)
        for mask in subsets_of_sizes(raw[:, 1:], sizes_from_law(raw[:, 0], law)):
            seen.setdefault(np.packbits(mask).tobytes(), mask)
            if len(seen) == count:
                break
        step += 1
    return np.stack(list(seen.values()))


def _check_model(model: Any) -> None:
    if isinstance(model, type):
        raise InputTypeError(f"model is the class {model.__name__}; pass an instance: {model.__name__}(...).")
    if hasattr(model, "get_params"):
        raise InputTypeError(
            f"model must learn from subsets; {type(model).__name__} learns from features. Wrap it: "
            f"IndicatorUtilityModel({type(model).__name__}(), n)."
        )
    if not isinstance(model, UtilityModel):
        raise InputTypeError(
            f"model must be a utility model such as IndicatorUtilityModel(Ridge(), n), not {model!r}: it needs "
            "fit(masks, utilities, seed) and predict(masks)."
        )
