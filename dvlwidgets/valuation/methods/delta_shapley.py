"""Delta-Shapley: the mean marginal over some sizes only, biased on purpose."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np

from ...engine.stopping import StoppingRule
from ...errors import InputTypeError
from ...typing import SizeLaw
from ..samplers.plans import Sampler
from ..samplers.sample_sizes import SampleSizes
from ..samplers.stratified import StratifiedPermutationSampler, StratifiedSampler
from ..subset_job import SubsetJob
from .semivalues import SemivalueValuation


class DeltaShapleyValuation(SemivalueValuation):
    """The mean over the sizes between two bounds of a point's mean marginal: Shapley without the other sizes.

    Fits on few points are cheap, and tell most of a point's value where marginals shrink with size. The bias is by
    design: with a share r of the n sizes left out, a value is off by r times the difference between the point's mean
    marginals over the sizes kept and over those left out, hence by at most r times the spread of its mean marginals
    over sizes, and at most 2 r times the largest marginal. The result's notes give r.

    Args:
        utility: a `Utility`, or one of `Utility.from_function`.
        sampler: a `StratifiedSampler` or `StratifiedPermutationSampler`; the `lower_bound` and `upper_bound` of its
            sample sizes are the sizes kept.
        is_done: a stopping rule; None takes `RankCorrelation()`.
        skip_converged, show_warnings, progress: as in `SemivalueValuation`.

    Raises:
        InputTypeError: for another sampler.
        InputError: later, from `fit`, for bounds that leave no size.

    References:
        Watson, Kujawa, Andreeva, Yang, Elahi & Sarkar, Accelerated Shapley value approximation for data evaluation
        (2023).
    """

    algorithm_name = "Delta-Shapley"
    references = ("Watson et al., Accelerated Shapley value approximation for data evaluation, 2023",)

    def __init__(
        self,
        utility: Any,
        sampler: Sampler,
        is_done: StoppingRule | None = None,
        skip_converged: bool = False,
        show_warnings: bool = True,
        progress: bool = False,
    ) -> None:
        if not isinstance(sampler, StratifiedSampler | StratifiedPermutationSampler):
            raise InputTypeError(
                "sampler must be a StratifiedSampler or a StratifiedPermutationSampler, with bounds in its sizes, "
                f"not {sampler!r}. For example: StratifiedSampler(ConstantSampleSize(200, upper_bound=20))."
            )
        self._sizes: SampleSizes = sampler.sample_sizes
        super().__init__(
            utility, sampler, is_done, skip_converged, show_warnings, progress, law=self._kept_law
        )

    def _kept_law(self, n: int) -> SizeLaw:
        kept = np.asarray(self._sizes.proportions(n) > 0, float)
        law: SizeLaw = kept / kept.sum()
        return law

    def _job(self, data: Any, seed: int) -> SubsetJob:
        job = super()._job(data, seed)
        kept = np.flatnonzero(self.size_law(job.n) > 0)
        left_out = 1.0 - len(kept) / job.n
        note = (
            f"delta-Shapley keeps sizes {kept[0]} to {kept[-1]} of 0 to {job.n - 1}: against Shapley, values are "
            f"biased by at most {left_out:.2g} times the spread of a point's mean marginals over sizes"
        )
        bound: Any = job.sampler
        job.sampler = dataclasses.replace(bound, notes=(*bound.notes, note))
        return job
