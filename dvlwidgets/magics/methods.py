"""The valuation methods and samplers by their short names; what a method takes is read from its signature."""

from __future__ import annotations

import importlib
import inspect
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from dvlwidgets.magics.usage import UsageError

METHODS: dict[str, tuple[str, str]] = {
    "shapley": ("ShapleyValuation", "the mean change to the score, all sizes alike"),
    "banzhaf": ("BanzhafValuation", "all subsets alike; least disturbed by noise"),
    "beta-shapley": ("BetaShapleyValuation", "small subsets count more: --alpha 16 --beta 1"),
    "weighted-banzhaf": ("WeightedBanzhafValuation", "each point is there with chance --weight"),
    "msr-banzhaf": ("MSRBanzhafValuation", "Banzhaf by pyDVL's estimator"),
    "tmc-shapley": ("TMCShapleyValuation", "Shapley from walks that are cut short"),
    "stratified-shapley": ("StratifiedShapleyValuation", "Shapley, size by size"),
    "group-testing": ("GroupTestingShapleyValuation", "Shapley from --n-samples tests within --epsilon"),
    "classwise": ("ClasswiseShapleyValuation", "Shapley class by class, for classifiers"),
    "loo": ("LOOValuation", "what the score loses without the point; n + 1 fits"),
    "closed-form-loo": (
        "ClosedFormLOOValuation",
        "the same from one fit: linear and nearest-neighbour models",
    ),
    "least-core": ("LeastCoreValuation", "the most equal fair payments, from --n-samples subsets"),
    "exact-least-core": ("ExactLeastCoreValuation", "from all subsets: a dozen points at most"),
    "knn-shapley": ("KNNShapleyValuation", "of a KNeighborsClassifier, exact, in seconds"),
    "soft-knn-shapley": (
        "SoftLabelKNNShapleyValuation",
        "the same for the share of neighbours that are right",
    ),
    "calibrated-knn-shapley": ("CalibratedKNNShapleyValuation", "the same with calibrated neighbours"),
    "threshold-knn-shapley": ("ThresholdKNNShapleyValuation", "of a RadiusNeighborsClassifier"),
    "weighted-knn-shapley": ("WeightedKNNShapleyValuation", "of a classifier whose neighbours have weights"),
    "knn-regression": ("KNNRegressionShapleyValuation", "of a KNeighborsRegressor"),
    "data-oob": ("DataOOBValuation", "out-of-bag scores of a forest or a bagged model"),
    "self-confidence": ("SelfConfidenceValuation", "cross-validated probability of the given label"),
    "residual": ("CrossValidatedResidualValuation", "cross-validated error of a regressor"),
}
"""Short name: (public name, its line in the help)."""

SAMPLERS: dict[str, tuple[str, str]] = {
    "msr": ("MSRSampler", "every subset informs on every point; learns the score on the way"),
    "permutation": ("PermutationSampler", "points join one by one in random order"),
    "antithetic-permutation": ("AntitheticPermutationSampler", "each order and its reverse"),
    "deterministic-permutation": ("DeterministicPermutationSampler", "all orders: eight points or so"),
    "uniform": ("UniformSampler", "random subsets, point by point"),
    "antithetic": ("AntitheticSampler", "random subsets and their complements"),
    "deterministic-uniform": ("DeterministicUniformSampler", "all subsets: a dozen points"),
    "owen": ("OwenSampler", "each other point is there with a chance from a grid"),
    "antithetic-owen": ("AntitheticOwenSampler", "the same with complements"),
    "stratified": ("StratifiedSampler", "so many subsets of each size"),
    "vrds": ("VRDSSampler", "half of them where the values vary most"),
}
"""Short name: (public name, its line in the help)."""

_FIRST = {
    "OwenSampler": ("GridOwenStrategy", "GridOwenStrategy(20)"),
    "AntitheticOwenSampler": ("GridOwenStrategy", "GridOwenStrategy(10)"),
    "StratifiedSampler": ("ConstantSampleSize", "ConstantSampleSize(200)"),
    "VRDSSampler": (None, "200"),
}
"""What a sampler must be given first: (a public name in it, the code)."""

DRAWS = {"ClasswiseShapleyValuation": "ClasswiseSampler"}
"""The sampler that a method has when none is named, where it is not `MSRSampler`."""

PARAMETERS = {
    "sampler": "sampler",
    "until": "is_done",
    "seed": "seed",
    "alpha": "alpha",
    "beta": "beta",
    "weight": "weight",
    "n-samples": "n_samples",
    "epsilon": "epsilon",
    "cv": "cv",
    "repetitions": "repetitions",
    "skip-converged": "skip_converged",
}
"""Options that go to the method's constructor, and its names for them."""


@dataclass(frozen=True)
class Method:
    """A method by its short name.

    Attributes:
        name: the short one.
        public: the class in `dvlwidgets`.
        parameters: of its constructor; True for those that it cannot do without.
    """

    name: str
    public: str
    parameters: Mapping[str, bool]

    @property
    def first(self) -> str:
        """Its first argument: "utility" or "model"."""
        return next(iter(self.parameters))

    @property
    def tests(self) -> bool:
        """Whether test data decide its values."""
        return self.first == "utility" or "test_data" in self.parameters

    def takes(self, option: str) -> bool:
        """Whether an option is for it."""
        if option == "metric":
            return self.first == "utility"
        if option == "test":
            return self.tests
        if option == "seed" and "sampler" in self.parameters:
            return True
        parameter = PARAMETERS.get(option)
        return parameter is None or parameter in self.parameters

    def refuse(self, option: str) -> UsageError:
        """The error for an option that is not for it."""
        reasons = {
            "metric": "it judges by the model's own predictions, not by a score",
            "test": "it needs no test data",
            "sampler": "it draws no subsets of its user's choice",
            "until": "it ends by itself",
            "seed": "nothing in it is drawn",
        }
        others = [f"--{name}" for name in PARAMETERS if self.takes(name)]
        why = f": {reasons[option]}" if option in reasons else ""
        there = f" It takes {', '.join(others)}." if others else ""
        return UsageError(f"--{option} is not for --method {self.name}{why}. Leave it out.{there}")


def method(name: str) -> Method:
    """A method by a short name that is known."""
    public = METHODS[name][0]
    found = inspect.signature(public_class(public)).parameters
    needed = {key: item.default is inspect.Parameter.empty for key, item in found.items()}
    return Method(name, public, needed)


def public_class(name: str) -> Any:
    """A public class of the package; its front door is looked at only now, and so are heavy libraries."""
    return getattr(importlib.import_module(__name__.partition(".")[0]), name)


def sampler_code(public: str, seed: int | None) -> tuple[list[str], str]:
    """(public names in it, the code) of a sampler."""
    name, first = _FIRST.get(public, (None, ""))
    arguments = [first] if first else []
    if seed is not None:
        arguments.append(f"seed={seed}")
    return [public, *([name] if name else [])], f"{public}({', '.join(arguments)})"


def metrics() -> dict[str, str]:
    """Names of metrics that are worth completing."""
    from dvlwidgets.utility.plain import ALIASES, PLAIN

    return dict.fromkeys([*PLAIN, *ALIASES], "")
