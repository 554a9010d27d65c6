"""Shapley, Banzhaf, leave-one-out and any other semivalue: a size law each, one estimator for all."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

import numpy as np

from ...arguments import flag
from ...data.dataset import Dataset
from ...data.identity import digest
from ...engine.stopping import NoStopping, RankCorrelation, StoppingRule
from ...errors import InputError, InputTypeError
from ...typing import SizeLaw
from ..samplers.exhaustive import LOOSampler
from ..samplers.msr import MSRSampler, as_numbers, check_law
from ..samplers.plans import BoundSampler, Sampler
from ..samplers.resting import spared
from ..semivalue import banzhaf_law, loo_law, shapley_law
from ..subset_job import SubsetJob
from ..valuation import Valuation


class SemivalueValuation(Valuation):
    """The value of a point: the mean change that it makes to the score of a random subset of the others.

    Args:
        utility: a `Utility`, or one of `Utility.from_function`.
        sampler: which subsets are evaluated; None takes `MSRSampler()` with the sizes that the method needs.
        is_done: a stopping rule; None takes `RankCorrelation()`.
        skip_converged: spend no more fits on points that the rule is content with. Samplers of marginals save about
            the square of their share of the fits; where every subset informs on all points (`MSRSampler`) nothing
            can be saved, which is said and the run goes on as without it.
        show_warnings: say once, at the end of `fit`, how many fits warned.
        progress: draw a progress bar.
        law: the size law, from n to n probabilities of the sizes 0..n-1 of the rest (or that array); None takes
            Shapley's. Methods with a law of their own refuse another.

    Raises:
        InputTypeError: if an argument is no utility, sampler or rule.
        InputError: later, from `fit`, for a pair of method and sampler that can never be right.

    References:
        Dubey, Neyman & Weber, Value theory without efficiency (1981); Kwon & Zou, Beta Shapley (AISTATS 2022).
    """

    algorithm_name = "Semivalue"
    fixed_law: Callable[[int], SizeLaw] | None = None
    references: tuple[str, ...] = ("Dubey, Neyman & Weber, Value theory without efficiency, 1981",)

    def __init__(
        self,
        utility: Any,
        sampler: Sampler | None = None,
        is_done: StoppingRule | None = None,
        skip_converged: bool = False,
        show_warnings: bool = True,
        progress: bool = False,
        *,
        law: Callable[[int], SizeLaw] | SizeLaw | None = None,
    ) -> None:
        law = self._own_law(law)
        check_utility(utility)
        check_sampler(sampler)
        if getattr(sampler, "only_leaves_one_out", False) and law is not loo_law:
            raise InputError(
                f"LOOSampler evaluates only the subsets that lack one point, but {self.algorithm_name} looks at all "
                "sizes. Use LOOValuation(utility), or MSRSampler() or PermutationSampler() for this method."
            )
        if not callable(law):
            check_law(as_numbers(law))
        super().__init__(utility, RankCorrelation() if is_done is None else is_done, progress=progress)
        self.sampler: Sampler = MSRSampler() if sampler is None else sampler
        self.skip_converged = flag("skip_converged", skip_converged)
        self.show_warnings = flag("show_warnings", show_warnings)
        self.law = law

    def _own_law(self, law: Callable[[int], SizeLaw] | SizeLaw | None) -> Callable[[int], SizeLaw] | SizeLaw:
        if self.fixed_law is None:
            return shapley_law if law is None else law
        if law is not None:
            raise InputError(
                f"{type(self).__name__} has its own size law; for another one use SemivalueValuation(..., law=law)."
            )
        return self.fixed_law

    def size_law(self, n: int) -> SizeLaw:
        """The probabilities of the sizes 0..n-1 of the rest.

        Raises:
            InputError: if the law does not give n probabilities.
        """
        law = as_numbers(self.law(n) if callable(self.law) else self.law)
        if law.shape != (n,) or not np.isfinite(law).all() or (law < 0).any() or abs(law.sum() - 1) > 1e-6:
            raise InputError(
                f"the size law of {self.algorithm_name} must give {n} probabilities that sum to 1 for {n} points; "
                f"it gave shape {law.shape} with sum {law.sum():.6g}."
            )
        return law

    def _job(self, data: Any, seed: int) -> SubsetJob:
        bound = self.utility.with_dataset(data)
        sampler = self.sampler.bind(bound.n, self.size_law(bound.n), seed, self.algorithm_name)
        return SubsetJob(bound, self._resting(sampler) if self.skip_converged else sampler)

    def _resting(self, sampler: BoundSampler) -> BoundSampler:
        """The draws that leave out what only converged points need; the same draws, and a word, if none can be."""
        resting: BoundSampler | None = spared(sampler)
        if resting is not None:
            return resting
        warnings.warn(
            f"skip_converged=True saves nothing with {self.sampler!r}: what it evaluates informs on all points, or is "
            "needed as a whole. Use PermutationSampler() to let converged points rest.",
            UserWarning,
            stacklevel=5,
        )
        return sampler

    def _parts(self, data: Any, job: SubsetJob) -> tuple[dict[str, str], dict[str, Any]]:
        return job.utility.key_parts(), job.sampler.identity()

    def _method(self, n: int) -> str:
        return f"{type(self).__name__} with size law {digest(self.size_law(n))[:12]}"

    def _seed(self) -> int | None:
        return self.sampler.seed

    def _efficient(self, n: int) -> bool:
        # Shapley's are the only semivalues that do (Dubey, Neyman & Weber, 1981)
        return bool(np.allclose(self.size_law(n), 1.0 / n))

    def _configuration(self) -> dict[str, str]:
        return {
            "method": self.algorithm_name,
            "utility": repr(self.utility),
            "sampler": repr(self.sampler),
            "rule": repr(self.is_done),
        }

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.utility!r}, {self.sampler!r}, {self.is_done!r})"


class ShapleyValuation(SemivalueValuation):
    """Shapley values: every size of the rest alike; they sum to v(N) - v(empty).

    Arguments and errors as in `SemivalueValuation`.

    References:
        Shapley (1953); Ghorbani & Zou, Data Shapley (ICML 2019).
    """

    algorithm_name = "Shapley"
    references = ("Ghorbani & Zou, Data Shapley, ICML 2019",)
    fixed_law = staticmethod(shapley_law)


DataShapleyValuation = ShapleyValuation


class BanzhafValuation(SemivalueValuation):
    """Banzhaf values: every subset of the rest alike; the semivalue least disturbed by a noisy utility.

    Arguments and errors as in `SemivalueValuation`.

    References:
        Wang & Jia, Data Banzhaf: a robust data valuation framework for machine learning (AISTATS 2023).
    """

    algorithm_name = "Banzhaf"
    references = ("Wang & Jia, Data Banzhaf, AISTATS 2023",)
    fixed_law = staticmethod(banzhaf_law)


DataBanzhafValuation = BanzhafValuation


class LOOValuation(SemivalueValuation):
    """Leave-one-out: what the score loses when one point is taken away, v(N) - v(N without it); n + 1 fits, exact.

    Args:
        utility: a `Utility`.
        progress: draw a progress bar.

    Raises:
        InputTypeError: if the utility is none.

    References:
        Cook, Detection of influential observation in linear regression (1977).
    """

    fixed_law = staticmethod(loo_law)
    algorithm_name = "Leave-one-out"
    references = ("Cook, Detection of influential observation in linear regression, 1977",)

    def __init__(self, utility: Any, progress: bool = False) -> None:
        super().__init__(utility, LOOSampler(), NoStopping(), progress=progress)


def check_sampler(sampler: Any) -> None:
    """Refuse what draws no subsets.

    Raises:
        InputTypeError: for a class instead of an instance, a name, a rule or anything else.
    """
    if isinstance(sampler, type):
        raise InputTypeError(
            f"sampler is the class {sampler.__name__}; pass an instance: {sampler.__name__}()."
        )
    if sampler is not None and not callable(getattr(sampler, "bind", None)):
        raise InputTypeError(
            f"sampler must be a sampler such as MSRSampler() or PermutationSampler(), not {sampler!r}."
        )


def check_utility(utility: Any) -> None:
    """Refuse what is no utility, with the usual mistakes in words.

    Raises:
        InputTypeError: for a bare model, a class, a dataset or anything else.
    """
    if callable(getattr(utility, "with_dataset", None)) and not isinstance(utility, type):
        return
    if isinstance(utility, Dataset):
        hint = "the data go to fit(data)"
    elif hasattr(utility, "fit"):
        hint = 'a model needs a scorer: Utility(model, SupervisedScorer("accuracy", test))'
    elif callable(utility):
        hint = "wrap a function of masks: Utility.from_function(f)"
    else:
        hint = 'write Utility(model, SupervisedScorer("accuracy", test))'
    raise InputTypeError(f"utility must be a Utility, not {type(utility).__name__}; {hint}.")


__all__ = [
    "BanzhafValuation",
    "DataBanzhafValuation",
    "DataShapleyValuation",
    "LOOValuation",
    "SemivalueValuation",
    "ShapleyValuation",
]
