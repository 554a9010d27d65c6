"""Which subsets are evaluated, and what each says about each point."""

from __future__ import annotations

from .classwise import ClasswiseSampler
from .exhaustive import DeterministicUniformSampler, LOOSampler
from .msr import MSRSampler
from .owen import (
    AntitheticOwenSampler,
    GaussLegendreOwenStrategy,
    GridOwenStrategy,
    OwenSampler,
    UniformOwenStrategy,
)
from .permutation import AntitheticPermutationSampler, DeterministicPermutationSampler, PermutationSampler
from .sample_sizes import (
    ConstantSampleSize,
    GroupTestingSampleSize,
    HarmonicSampleSize,
    LinearSampleSize,
    PowerLawSampleSize,
)
from .sgd_sample_size import DeltaShapleyNCSGDSampleSize, NonConvexSGDConfig
from .size_iterations import FiniteSequentialSizeIteration, RandomSizeIteration, RoundRobinSizeIteration
from .stratified import StratifiedPermutationSampler, StratifiedSampler
from .truncation import DeviationTruncation, FixedTruncation, NoTruncation, RelativeTruncation
from .uniform import AntitheticSampler, UniformSampler
from .vrds import VRDSSampler

__all__ = [
    "AntitheticOwenSampler",
    "AntitheticPermutationSampler",
    "AntitheticSampler",
    "ClasswiseSampler",
    "ConstantSampleSize",
    "DeltaShapleyNCSGDSampleSize",
    "DeterministicPermutationSampler",
    "DeterministicUniformSampler",
    "DeviationTruncation",
    "FiniteSequentialSizeIteration",
    "FixedTruncation",
    "GaussLegendreOwenStrategy",
    "GridOwenStrategy",
    "GroupTestingSampleSize",
    "HarmonicSampleSize",
    "LOOSampler",
    "LinearSampleSize",
    "MSRSampler",
    "NoTruncation",
    "NonConvexSGDConfig",
    "OwenSampler",
    "PermutationSampler",
    "PowerLawSampleSize",
    "RandomSizeIteration",
    "RelativeTruncation",
    "RoundRobinSizeIteration",
    "StratifiedPermutationSampler",
    "StratifiedSampler",
    "UniformOwenStrategy",
    "UniformSampler",
    "VRDSSampler",
]
