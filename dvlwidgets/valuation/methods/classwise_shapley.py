"""Classwise Shapley values: what a point does for its own class, among random points of the others."""

from __future__ import annotations

from typing import Any

from ...arguments import flag
from ...engine.stopping import RankCorrelation, StoppingRule
from ...errors import InputError, InputTypeError
from ...utility.classwise import class_codes
from ..samplers.classwise import ClasswiseSampler
from ..samplers.classwise_walks import REFERENCE
from ..subset_job import SubsetJob
from ..valuation import Valuation
from .semivalues import check_utility


class ClasswiseJob(SubsetJob):
    """Classwise walks as a job of the loop."""

    value_unit = "points of the classwise score"
    ends = None  # type: ignore[assignment] # there is one pair a class: no sum to compare all values with


class ClasswiseShapleyValuation(Valuation):
    """Shapley values within each class, averaged over random subsets of the other classes.

    The value of a point of class c: the mean change that it makes to f(in-class score) g(out-of-class score) when it
    joins a random prefix of its class and a random subset of the other classes. Every point gets an observation in
    every step, whatever the size of its class; `counts` shows them, and a value is NaN until there is one.

    Args:
        utility: a `ClasswiseModelUtility`.
        sampler: a `ClasswiseSampler`; None takes `ClasswiseSampler()`, random walks in random environments.
        is_done: a stopping rule; None takes `RankCorrelation()`.
        progress: draw a progress bar.
        normalize_values: scale the values of each class so that they sum to the in-class score of the model fitted on
            all points, as the paper does; then all values sum to its accuracy (if that is the score, rescaled).
        show_warnings: say once, at the end of `fit`, how many fits warned.

    Raises:
        InputTypeError: if an argument is no utility, classwise sampler or rule.
        InputError: later, from `fit`: for a utility without a score for each class, and for groups of several classes.

    References:
        Schoch, Xu & Ji, CS-Shapley (NeurIPS 2022).

    Example:
        >>> scorer = ClasswiseSupervisedScorer("accuracy", test)  # doctest: +SKIP
        >>> utility = ClasswiseModelUtility(LogisticRegression(), scorer)  # doctest: +SKIP
        >>> ClasswiseShapleyValuation(utility, ClasswiseSampler(), MaxUpdates(100)).fit(
        ...     train
        ... )  # doctest: +SKIP
    """

    algorithm_name = "Classwise Shapley"
    references = (REFERENCE,)

    def __init__(
        self,
        utility: Any,
        sampler: ClasswiseSampler | None = None,
        is_done: StoppingRule | None = None,
        progress: bool = False,
        *,
        normalize_values: bool = True,
        show_warnings: bool = True,
    ) -> None:
        check_utility(utility)
        given: Any = sampler
        if given is not None and not isinstance(given, ClasswiseSampler):
            raise InputTypeError(
                f"sampler must be a ClasswiseSampler, not {given!r}. Write ClasswiseSampler(PermutationSampler(), "
                "UniformSampler()): the first for the point's own class, the second for the others."
            )
        super().__init__(utility, RankCorrelation() if is_done is None else is_done, progress=progress)
        self.sampler = ClasswiseSampler() if sampler is None else sampler
        self.normalize_values = flag("normalize_values", normalize_values)
        self.show_warnings = flag("show_warnings", show_warnings)

    def _job(self, data: Any, seed: int) -> ClasswiseJob:
        codes, classes = class_codes(data)
        k = len(classes)
        if k < 2:
            raise InputError(
                f"the training data have one class ({classes[0]}); classwise values compare a class with the others, "
                "so at least two are needed. Use ShapleyValuation for one."
            )
        bound = self.utility.with_dataset(data)
        wanted = 2 * k if self.normalize_values else k
        if len(bound.metrics) not in {wanted, 2 * k}:
            raise InputError(
                f"the utility gives {len(bound.metrics)} score{'s' if len(bound.metrics) > 1 else ''} a subset, but "
                f"classwise values of {k} classes need {wanted}"
                f"{': the utilities of the classes and their in-class scores' if self.normalize_values else ''}. "
                "Use ClasswiseModelUtility(model, ClasswiseSupervisedScorer('accuracy', test))."
            )
        sampler = self.sampler.bind_classes(codes, k, seed, normalize=self.normalize_values)
        return ClasswiseJob(bound, sampler)

    def _parts(self, data: Any, job: ClasswiseJob) -> tuple[dict[str, str], dict[str, Any]]:
        return job.utility.key_parts(), job.sampler.identity()

    def _method(self, n: int) -> str:
        return f"ClasswiseShapleyValuation{' (normalized)' if self.normalize_values else ''}"

    def _seed(self) -> int | None:
        return self.sampler.first_seed()

    def _configuration(self) -> dict[str, str]:
        return {
            "method": self.algorithm_name,
            "utility": repr(self.utility),
            "sampler": repr(self.sampler),
            "rule": repr(self.is_done),
        }

    def __repr__(self) -> str:
        return f"ClasswiseShapleyValuation({self.utility!r}, {self.sampler!r}, {self.is_done!r})"
