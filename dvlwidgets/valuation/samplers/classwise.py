"""Subsets for classwise values: the points of one class step by step, among random points of the other classes."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...arguments import whole
from ...engine.draws import resolve_seed
from ...errors import InputError, InputTypeError
from .checks import check_batch_size, check_seed
from .classwise_all import ClasswiseEnumeration
from .classwise_walks import ClasswiseWalks, Environments
from .exhaustive import MOST_POINTS, DeterministicUniformSampler
from .msr import MSRSampler
from .permutation import AntitheticPermutationSampler, DeterministicPermutationSampler, PermutationSampler
from .truncation import NoTruncation
from .uniform import UniformSampler

MOST_IN_CLASS = 12
"""2**12 fits for each environment; beyond it walks are the better use of the fits."""


@dataclass(frozen=True)
class ClasswiseSampler:
    """Walks (or all subsets) within a class, each among random points of the other classes.

    A step takes one random subset of the points and, for every class in turn, one walk along the class among the
    subset's points of the other classes: after each step all points have the same number of observations, however
    rare their class.

    Args:
        in_class: `PermutationSampler`, `AntitheticPermutationSampler` (both with or without truncation),
            `DeterministicPermutationSampler` or `DeterministicUniformSampler` (both: all subsets of the class).
        out_of_class: `UniformSampler` or `MSRSampler()` for random subsets of the other classes, or
            `DeterministicUniformSampler` for all of them (with an exhaustive in_class: exact values).
        max_in_class_samples: walks of each class among one subset of the others; None is one (antithetic: a pair).
        min_elements_per_label: other classes are there with at least so many points (or all they have).
        seed: integer, or None: that of `in_class`, else that of `out_of_class`, else a fresh one (it is recorded).
        batch_size: accepted for pyDVL's sake; a step is one walk for each class.

    Raises:
        InputTypeError: for what is no such sampler.
        InputError: for pairs that are biased or have no end.

    References:
        Schoch, Xu & Ji, CS-Shapley (NeurIPS 2022).
    """

    in_class: Any = field(default_factory=PermutationSampler)
    out_of_class: Any = field(default_factory=UniformSampler)
    max_in_class_samples: int | None = field(default=None, kw_only=True)
    min_elements_per_label: int = field(default=1, kw_only=True)
    seed: int | None = field(default=None, kw_only=True)
    batch_size: int = field(default=1, kw_only=True)

    def __post_init__(self) -> None:
        check_seed(self.seed)
        check_batch_size(self.batch_size)
        if hasattr(getattr(self.in_class, "truncation", None), "planned"):
            raise InputError(
                f"{self.in_class.truncation!r} judges by the deviation of walks over all points, which classwise walks "
                "do not have. Pass RelativeTruncation(0.01), FixedTruncation(0.5) or no truncation."
            )
        kind, everything = in_class_kind(self.in_class), all_environments(self.out_of_class)
        if everything and kind != "all":
            raise InputError(
                "out_of_class enumerates all subsets of the other classes, but in_class is random, so the run would be "
                "neither exact nor quicker. Pass UniformSampler() as out_of_class, or DeterministicUniformSampler() as "
                "both for exact values of at most "
                f"{MOST_POINTS} points."
            )
        whole("min_elements_per_label", self.min_elements_per_label, 0, "1 is the default.")
        if self.max_in_class_samples is not None:
            hint = "It is the number of walks of a class among one subset of the others; None is one."
            whole("max_in_class_samples", self.max_in_class_samples, 1, hint)
            if kind == "all":
                raise InputError(
                    f"max_in_class_samples={self.max_in_class_samples} would cut an enumeration short, which biases "
                    "the values. Leave it out, or pass PermutationSampler() as in_class."
                )

    def bind_classes(
        self, codes: NDArray[np.intp], k: int, seed: int, *, normalize: bool
    ) -> ClasswiseWalks | ClasswiseEnumeration:
        """Draws for points of known classes.

        Args:
            codes: (n,) class of each point, 0..k-1.
            k: number of classes.
            seed: of the run.
            normalize: scale the values of a class to its in-class score.

        Raises:
            InputError: if an enumeration is not feasible.
        """
        n, largest = len(codes), int(np.bincount(codes, minlength=k).max())
        kind = in_class_kind(self.in_class)
        if all_environments(self.out_of_class):
            if n > MOST_POINTS:
                raise InputError(
                    f"DeterministicUniformSampler evaluates all 2**{n} subsets of {n} points; at most {MOST_POINTS} "
                    "points are feasible. Use ClasswiseSampler(PermutationSampler(), UniformSampler())."
                )
            return ClasswiseEnumeration(codes, k, self.min_elements_per_label, normalize)
        if kind == "all" and largest > MOST_IN_CLASS:
            raise InputError(
                f"in_class={self.in_class!r} evaluates all subsets of a class, and one has {largest} points; at most "
                f"{MOST_IN_CLASS} are feasible. Use PermutationSampler() as in_class."
            )
        other = self.out_of_class.seed
        environments = Environments(
            codes, k, seed if other is None else resolve_seed(other), self.min_elements_per_label
        )
        most = 1 if self.max_in_class_samples is None else self.max_in_class_samples
        walks = 2 * max(1, most // 2) if kind == "antithetic" else most
        truncation = getattr(self.in_class, "truncation", None) or NoTruncation()
        return ClasswiseWalks(environments, seed, kind, 1 if kind == "all" else walks, truncation, normalize)

    def first_seed(self) -> int | None:
        """The user's seed, if there is any."""
        given = (self.seed, self.in_class.seed, self.out_of_class.seed)
        return next((seed for seed in given if seed is not None), None)


def in_class_kind(sampler: Any) -> str:
    """How the points of a class are added: "random", "antithetic", or "all" subsets.

    Raises:
        InputTypeError: for anything else.
    """
    _refuse_class("in_class", sampler)
    if isinstance(sampler, DeterministicUniformSampler | DeterministicPermutationSampler):
        return "all"
    if isinstance(sampler, AntitheticPermutationSampler):
        return "antithetic"
    if type(sampler) is PermutationSampler:
        return "random"
    raise InputTypeError(
        f"in_class must be PermutationSampler(), AntitheticPermutationSampler(), DeterministicPermutationSampler() or "
        f"DeterministicUniformSampler(), not {sampler!r}: points of a class are added one after the other."
    )


def all_environments(sampler: Any) -> bool:
    """Whether the other classes' subsets are enumerated instead of drawn uniformly.

    Raises:
        InputTypeError: for a sampler that does neither.
    """
    _refuse_class("out_of_class", sampler)
    if isinstance(sampler, DeterministicUniformSampler):
        return True
    free = getattr(sampler, "law", None) is None or str(sampler.law) == "binomial"
    if type(sampler) in {UniformSampler, MSRSampler} and free:
        return False
    raise InputTypeError(
        "out_of_class must draw every subset of the other classes alike: UniformSampler(), MSRSampler() or, for all "
        f"of them, DeterministicUniformSampler(), not {sampler!r}."
    )


def _refuse_class(what: str, sampler: Any) -> None:
    if isinstance(sampler, type):
        raise InputTypeError(
            f"{what} is the class {sampler.__name__}; pass an instance: {sampler.__name__}()."
        )
