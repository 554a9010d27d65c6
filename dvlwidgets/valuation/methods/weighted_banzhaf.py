"""Weighted Banzhaf values: the semivalues that suffer least from a noisy utility, with a weight that fits the noise."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...arguments import number
from ...engine.stopping import StoppingRule
from ...errors import InputError, InputTypeError
from ..samplers.plans import Sampler
from ..semivalue import weighted_banzhaf_law
from .semivalues import SemivalueValuation


class WeightedBanzhafValuation(SemivalueValuation):
    """Weighted Banzhaf values: each other point is in the rest with probability `weight`, independently.

    The size of the rest is binomial(n - 1, weight); 0.5 is Banzhaf. `weight_from_noise` gives the weight that suits a
    utility whose scores vary from training to training.

    Args:
        utility: a `Utility`, or one of `Utility.from_function`.
        sampler: which subsets are evaluated; None takes `MSRSampler()` with the sizes that the method needs.
        is_done: a stopping rule; None takes `RankCorrelation()`.
        weight: between 0 and 1.
        skip_converged: as in `SemivalueValuation`.
        show_warnings: as in `SemivalueValuation`.
        progress: draw a progress bar.

    Raises:
        InputTypeError: if an argument is no utility, sampler, rule or number.
        InputError: unless 0 < weight < 1; later, from `fit`, for a pair of law and sampler that can never be right.

    References:
        Li & Yu, Robust data valuation with weighted Banzhaf values (NeurIPS 2023).
    """

    references = ("Li & Yu, Robust data valuation with weighted Banzhaf values, NeurIPS 2023",)

    def __init__(
        self,
        utility: Any,
        sampler: Sampler | None = None,
        is_done: StoppingRule | None = None,
        weight: float = 0.5,
        skip_converged: bool = False,
        show_warnings: bool = True,
        progress: bool = False,
    ) -> None:
        hint = "0.5 is Banzhaf; a small weight looks at small subsets."
        if not 0 < number("weight", weight, hint) < 1:
            raise InputError(
                f"weight must lie between 0 and 1, not {weight}. Pass weight=0.5, for example: {hint}"
            )
        self.weight = float(weight)
        self.algorithm_name = f"Weighted Banzhaf ({self.weight:.4g})"
        law = partial(weighted_banzhaf_law, weight=self.weight)
        super().__init__(utility, sampler, is_done, skip_converged, show_warnings, progress, law=law)

    def __repr__(self) -> str:
        parts = f"{self.utility!r}, {self.sampler!r}, {self.is_done!r}"
        return f"{type(self).__name__}({parts}, weight={self.weight:.4g})"


def weight_from_noise(scores: Any, masks: Any) -> float:
    """The weight of the weighted Banzhaf value that a utility's noise disturbs least.

    Score the same subsets several times with other seeds, then ask:

        masks = np.random.default_rng(0).random((100, len(train))) < np.linspace(0.05, 0.95, 100)[:, None]
        scores = [Utility(model, scorer, seed=s).with_dataset(train)(masks) for s in range(8)]
        WeightedBanzhafValuation(utility, weight=weight_from_noise(scores, masks))

    If the noise of two subsets is independent and its variance is c r^size, the semivalue p has noise of variance
    sum over k of p[k]^2 / C(n - 1, k) c r^k (1 + r), which is least for p[k] proportional to C(n - 1, k) r^-k:
    binomial sizes with weight 1 / (1 + r). It is Li & Yu's answer for Kronecker noise without covariance. The growth r
    is fitted to the variances by maximum likelihood (they are gamma distributed for normal noise; zeros are fine).
    What is least is the noise, not its ratio to the differences between points: where points matter most in small
    subsets, a smaller weight may still rank them more stably.

    Args:
        scores: shape (repetitions, B), at least 2 repetitions.
        masks: the subsets, shape (B, n), of at least 2 sizes.

    Returns:
        A number between 0 and 1: below 0.5 where large subsets are the noisier ones.

    Raises:
        InputTypeError: if either is no array of numbers.
        InputError: for other shapes, one size only, or scores that do not vary: then there is nothing to fit.
    """
    values, sizes = _checked(scores, masks)
    variance = values.var(axis=0, ddof=1)
    if not (variance > 0).any():
        raise InputError(
            "the scores of a subset are the same in every repetition, so there is no noise to fit. Use weight=0.5, or "
            "pass scores of models trained with different seeds."
        )
    weight: float = 1.0 / (1.0 + np.exp(_log_growth(variance, sizes)))
    return weight


def _checked(scores: Any, masks: Any) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Scores, and the sizes of their subsets."""
    try:
        values, members = np.asarray(scores, float), np.asarray(masks, bool)
    except (TypeError, ValueError) as error:
        raise InputTypeError(
            f"scores and masks must be arrays ({error}). Pass scores of shape (repetitions, B), masks of shape (B, n)."
        ) from error
    if values.ndim != 2 or members.ndim != 2 or values.shape[1] != len(members) or len(values) < 2:
        raise InputError(
            f"scores have shape {values.shape} and masks {members.shape}; expected (repetitions, B) and (B, n) with at "
            "least 2 repetitions."
        )
    if not np.isfinite(values).all():
        raise InputError("scores must be finite. Drop the subsets whose fits failed.")
    sizes = members.sum(axis=1).astype(float)
    if len(np.unique(sizes)) < 2:
        raise InputError(
            "all masks have one size, which says nothing of growth. Pass subsets of several sizes."
        )
    return values, sizes


def _log_growth(variance: NDArray[np.float64], sizes: NDArray[np.float64]) -> float:
    """Slope b of log variance = a + b size, by Newton steps on the convex sum of log m + variance / m."""
    z = (sizes - sizes.mean()) / sizes.std()
    design = np.column_stack([np.ones(len(z)), z])
    y = variance / variance.mean()
    w = np.zeros(2)

    def loss(w: NDArray[np.float64]) -> float:
        return float(np.sum(design @ w + y * np.exp(-(design @ w))))

    for _ in range(200):
        pull = y * np.exp(-(design @ w))
        gradient = design.T @ (1.0 - pull)
        step = np.linalg.solve((design * pull[:, None]).T @ design + 1e-12 * np.eye(2), gradient)
        step *= min(1.0, 2.0 / np.abs(step).max()) if np.abs(step).max() > 0 else 1.0
        while loss(w - step) > loss(w) and np.abs(step).max() > 1e-14:
            step /= 2.0
        w = w - step
        if np.abs(step).max() < 1e-12:
            break
    return float(w[1] / sizes.std())
