"""Stratified Shapley: as many marginals at each size of the set that a point joins."""

from __future__ import annotations

from typing import Any

from ...engine.stopping import StoppingRule
from ..samplers.sample_sizes import ConstantSampleSize
from ..samplers.size_iterations import RoundRobinSizeIteration
from ..samplers.stratified import StratifiedSampler
from ..semivalue import shapley_law
from .semivalues import SemivalueValuation


class StratifiedShapleyValuation(SemivalueValuation):
    """Shapley values from marginals at all sizes in turn, until the rule stops them.

    As `ShapleyValuation` with `StratifiedSampler(ConstantSampleSize(), RoundRobinSizeIteration)`; pass that to choose
    other sizes.

    Args:
        utility: a `Utility`, or one of `Utility.from_function`.
        is_done: a stopping rule; None takes `RankCorrelation()`.
        batch_size: marginals of every point in a step.
        seed: integer, or None to draw one (it is recorded).
        skip_converged, show_warnings, progress: as in `SemivalueValuation`.

    Raises:
        InputTypeError: if an argument is no utility or rule.

    References:
        Maleki, Tran-Thanh, Hines, Rahwan & Rogers, Bounding the estimation error of sampling-based Shapley value
        approximation (2013); Wu et al. (2023).
    """

    algorithm_name = "Stratified Shapley"
    references = (
        "Maleki et al., Bounding the estimation error of sampling-based Shapley value approximation, 2013",
    )
    fixed_law = staticmethod(shapley_law)

    def __init__(
        self,
        utility: Any,
        is_done: StoppingRule | None = None,
        batch_size: int = 1,
        seed: int | None = None,
        skip_converged: bool = False,
        show_warnings: bool = True,
        progress: bool = False,
    ) -> None:
        sampler = StratifiedSampler(ConstantSampleSize(), RoundRobinSizeIteration, batch_size, seed)
        super().__init__(utility, sampler, is_done, skip_converged, show_warnings, progress)
