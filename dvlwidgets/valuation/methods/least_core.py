"""Least-core values: payments that leave no subset of points much to complain about."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ...arguments import flag, whole
from ...engine.stopping import NoStopping
from ...errors import InputError, InputTypeError
from ..least_core.collecting import Collecting, LeastCoreJob
from ..samplers.exhaustive import DeterministicUniformSampler
from ..samplers.msr import MSRSampler
from ..samplers.permutation import PermutationSampler
from ..samplers.plans import Sampler
from ..semivalue import banzhaf_law, shapley_law
from ..valuation import Valuation
from .semivalues import check_sampler, check_utility

OPTIONS = (
    "presolve",
    "time_limit",
    "maxiter",
    "primal_feasibility_tolerance",
    "dual_feasibility_tolerance",
    "simplex_dual_edge_weight_strategy",
)
"""What `solver_options` may hold; see SciPy's `linprog` with method "highs-ds"."""


class LeastCoreValuation(Valuation):
    """The most equal payments x of the least core: sum x = v(N) - v(empty), and no subset S lacks more than e.

    The subsidy e is the smallest number for which v(S) - v(empty) <= x(S) + e can hold for all subsets that were
    scored, none and all excepted; of the payments that need no more, those nearest to equal ones are taken, which are
    unique.
    Points that can be swapped are paid alike. `result.subsidy` is e; a negative one says that every subset could be
    paid more than its worth. There are no standard errors unless every subset was scored; with enough sampled ones,
    most unseen subsets lack no more than e either (Yan & Procaccia).

    Args:
        utility: a `Utility`, or one of `Utility.from_function`.
        sampler: which subsets are scored; None takes `MSRSampler()`, all subsets alike.
        n_samples: how many; None takes all that the sampler has.
        non_negative_subsidy: whether e must not be negative.
        solver_options: options of SciPy's HiGHS, e.g. {"time_limit": 60}.
        progress: draw a progress bar.

    Raises:
        InputTypeError: if an argument is no utility, sampler, flag or mapping.
        InputError: for an unknown option, or no samples; from `fit`, for a sampler without an end and no n_samples.
        RunError: from `fit`, if the solver gives up.

    References:
        Yan & Procaccia, If you like Shapley then you'll love the core (AAAI 2021).
    """

    algorithm_name = "Least core"
    threshold = None
    references = ("Yan & Procaccia, If you like Shapley then you'll love the core, AAAI 2021",)

    def __init__(
        self,
        utility: Any,
        sampler: Sampler | None = None,
        n_samples: int | None = None,
        non_negative_subsidy: bool = False,
        solver_options: Mapping[str, Any] | None = None,
        progress: bool = True,
    ) -> None:
        check_utility(utility)
        check_sampler(sampler)
        if n_samples is not None:
            whole("n_samples", n_samples, 1, "It is how many subsets are scored: 1000, for example.")
        super().__init__(utility, NoStopping(), progress=progress)
        self.sampler: Sampler = MSRSampler() if sampler is None else sampler
        self.n_samples = None if n_samples is None else int(n_samples)
        self.non_negative_subsidy = flag("non_negative_subsidy", non_negative_subsidy)
        self.solver_options = _options(solver_options)

    def _job(self, data: Any, seed: int) -> LeastCoreJob:
        utility = self.utility.with_dataset(data)
        # permutations meet all sizes alike; other samplers that leave the sizes open draw every subset alike
        law = shapley_law if isinstance(self.sampler, PermutationSampler) else banzhaf_law
        inner = self.sampler.bind(utility.n, law(utility.n), seed, "the least core")
        if self.n_samples is None and inner.total_steps is None and utility.n > 1:
            raise InputError(
                f"{self.sampler!r} has no end, so n_samples must say how many subsets are scored. Pass n_samples=1000, "
                "for example, or use ExactLeastCoreValuation for few points."
            )
        own = getattr(inner, "seed", seed)
        sampler = Collecting(inner, own, self.n_samples, self.non_negative_subsidy, self.solver_options)
        return LeastCoreJob(utility, sampler)

    def _parts(self, data: Any, job: LeastCoreJob) -> tuple[dict[str, str], dict[str, Any]]:
        return job.utility.key_parts(), job.sampler.identity()

    def _method(self, n: int) -> str:
        return f"least core, subsidy {'not negative' if self.non_negative_subsidy else 'free'}"

    def _seed(self) -> int | None:
        return self.sampler.seed

    def _efficient(self, n: int) -> bool:
        return True

    def _configuration(self) -> dict[str, str]:
        return {
            "method": repr(self),
            "utility": repr(self.utility),
            "sampler": repr(self.sampler),
            "rule": repr(self.is_done),
        }

    def __repr__(self) -> str:
        parts = [repr(self.utility), repr(self.sampler)]
        parts += [] if self.n_samples is None else [f"n_samples={self.n_samples}"]
        parts += ["non_negative_subsidy=True"] if self.non_negative_subsidy else []
        return f"{type(self).__name__}({', '.join(parts)})"


class ExactLeastCoreValuation(LeastCoreValuation):
    """The least core over all subsets of at most 25 points: exact.

    Args:
        utility: a `Utility`, or one of `Utility.from_function`.
        non_negative_subsidy: as in `LeastCoreValuation`.
        solver_options: as in `LeastCoreValuation`.
        progress: draw a progress bar.

    Raises:
        InputTypeError, InputError: as in `LeastCoreValuation`; from `fit`, above 25 points.

    References:
        Maschler, Peleg & Shapley, Geometric properties of the kernel, nucleolus, and related solution concepts
        (Mathematics of Operations Research, 1979), for the least core.
    """

    algorithm_name = "Exact least core"

    def __init__(
        self,
        utility: Any,
        non_negative_subsidy: bool = False,
        solver_options: Mapping[str, Any] | None = None,
        progress: bool = True,
    ) -> None:
        sampler = DeterministicUniformSampler()
        super().__init__(utility, sampler, None, non_negative_subsidy, solver_options, progress)


class MonteCarloLeastCoreValuation(LeastCoreValuation):
    """The least core over random subsets, all alike.

    Args:
        utility: a `Utility`, or one of `Utility.from_function`.
        n_samples: how many subsets are scored.
        non_negative_subsidy: as in `LeastCoreValuation`.
        solver_options: as in `LeastCoreValuation`.
        progress: draw a progress bar.
        seed: integer, or None to draw one (it is recorded).

    Raises:
        InputTypeError, InputError: as in `LeastCoreValuation`.

    References:
        Yan & Procaccia, If you like Shapley then you'll love the core (AAAI 2021).
    """

    algorithm_name = "Monte Carlo least core"

    def __init__(
        self,
        utility: Any,
        n_samples: int,
        non_negative_subsidy: bool = False,
        solver_options: Mapping[str, Any] | None = None,
        progress: bool = True,
        seed: int | None = None,
    ) -> None:
        whole("n_samples", n_samples, 1, "It is how many subsets are scored: 1000, for example.")
        super().__init__(utility, MSRSampler(seed), n_samples, non_negative_subsidy, solver_options, progress)


def _options(given: Mapping[str, Any] | None) -> dict[str, Any]:
    """Options that the solver knows.

    Raises:
        InputTypeError: if they are no mapping.
        InputError: for an unknown one.
    """
    if given is None:
        return {}
    if not isinstance(given, Mapping):
        raise InputTypeError(
            f"solver_options must be a mapping or None, not {type(given).__name__}. Leave it out."
        )
    unknown = [name for name in given if name not in OPTIONS]
    if unknown:
        raise InputError(
            f"solver_options has {unknown[0]!r}, which SciPy's HiGHS does not know (the only solver here). Pass some "
            f"of {', '.join(OPTIONS)}, or leave it out."
        )
    return dict(given)
