"""Truncated Monte Carlo Shapley: walks along permutations that stop where nothing is left to gain."""

from __future__ import annotations

from typing import Any

from ...engine.stopping import StoppingRule
from ..samplers.permutation import PermutationSampler
from ..samplers.truncation import RelativeTruncation, Truncation
from ..semivalue import shapley_law
from .semivalues import SemivalueValuation


class TMCShapleyValuation(SemivalueValuation):
    """Shapley values from walks that are cut short: cheaper, and biased by what is cut.

    The values' sum misses v(N) - v(empty) by at most what the policy allows (1 % of v(N) by default); each value's
    bias is at most the sum of its point's marginals behind the cut. The result's notes repeat the bound.

    Args:
        utility: a `Utility`, or one of `Utility.from_function`.
        truncation: a policy; None takes `RelativeTruncation(0.01)`, `NoTruncation()` cuts nothing.
        is_done: a stopping rule; None takes `RankCorrelation()`.
        seed: integer, or None to draw one (it is recorded).
        skip_converged, show_warnings, progress: as in `SemivalueValuation`.

    Raises:
        InputTypeError: if an argument is no utility, policy or rule.

    References:
        Ghorbani & Zou, Data Shapley: equitable valuation of data for machine learning (ICML 2019).
    """

    algorithm_name = "Truncated Monte Carlo Shapley"
    references = ("Ghorbani & Zou, Data Shapley, ICML 2019",)
    fixed_law = staticmethod(shapley_law)

    def __init__(
        self,
        utility: Any,
        truncation: Truncation | None = None,
        is_done: StoppingRule | None = None,
        seed: int | None = None,
        skip_converged: bool = False,
        show_warnings: bool = True,
        progress: bool = False,
    ) -> None:
        sampler = PermutationSampler(
            RelativeTruncation(0.01) if truncation is None else truncation, seed=seed
        )
        super().__init__(utility, sampler, is_done, skip_converged, show_warnings, progress)
