"""Shapley values by group testing."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ...arguments import number, whole
from ...engine.stopping import NoStopping
from ...errors import InputError, InputTypeError
from ..samplers.checks import check_seed
from ..samplers.group_tests import GroupTesting, compute_n_samples
from ..semivalue import shapley_law
from .semivalues import SemivalueValuation

__all__ = ["GroupTestingShapleyValuation", "compute_n_samples"]


class GroupTestingShapleyValuation(SemivalueValuation):
    """Shapley values from the differences of all pairs, estimated by random group tests.

    With `compute_n_samples(epsilon, delta, n)` tests, all values together are within epsilon of the true ones
    (Euclidean norm) with probability 1 - delta, for scores within one unit; the result's notes say what the given
    number guarantees. Jia et al. accept any values whose differences are as estimated up to epsilon / (2 sqrt(n)); here
    it is the centre of that region, in closed form, which is unbiased and has standard errors. For the same number of
    fits `ShapleyValuation(utility, MSRSampler())` errs far less: this method is here for comparison.

    Args:
        utility: a `Utility`, or one of `Utility.from_function`.
        n_samples: group tests, one fit each.
        epsilon: the error wanted; it decides what is promised, not what is computed.
        solver_options: accepted for pyDVL's sake and ignored: nothing is left to solve.
        progress: draw a progress bar.
        seed: integer, or None to draw one (it is recorded).

    Raises:
        InputTypeError: if an argument is no utility, number, mapping or seed.
        InputError: unless n_samples is at least 2 and epsilon above 0.

    References:
        Jia et al., Towards efficient data valuation based on the Shapley value (AISTATS 2019).
    """

    algorithm_name = "Group testing Shapley"
    references = ("Jia et al., Towards efficient data valuation based on the Shapley value, AISTATS 2019",)
    fixed_law = staticmethod(shapley_law)

    def __init__(
        self,
        utility: Any,
        n_samples: int,
        epsilon: float,
        solver_options: Mapping[str, Any] | None = None,
        progress: bool = True,
        seed: int | None = None,
    ) -> None:
        hint = "compute_n_samples(epsilon, delta, n) says how many guarantee an error; 1000, for example."
        whole("n_samples", n_samples, 2, hint)
        if not number("epsilon", epsilon, "It is the error wanted: 0.1, for example.") > 0:
            raise InputError(
                f"epsilon must be above 0, not {epsilon}. It is the error wanted: pass 0.1, for example."
            )
        if solver_options is not None and not isinstance(solver_options, Mapping):
            raise InputTypeError(
                f"solver_options must be a mapping or None, not {type(solver_options).__name__}. Leave it out."
            )
        check_seed(seed)
        sampler = GroupTesting(int(n_samples), float(epsilon), seed)
        super().__init__(utility, sampler, NoStopping(), progress=progress)
        self.n_samples, self.epsilon = int(n_samples), float(epsilon)

    def __repr__(self) -> str:
        return (
            f"{type(self).__name__}({self.utility!r}, n_samples={self.n_samples}, epsilon={self.epsilon:g})"
        )
