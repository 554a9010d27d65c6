"""Which subsets are evaluated, and what each says about each point."""

from __future__ import annotations

from .classwise import ClasswiseSampler
from .exhaustive import DeterministicUniformSampler, LOOSampler
from .msr import MSRSampler
from .permutation import AntitheticPermutationSampler, DeterministicPermutationSampler, PermutationSampler
from .truncation import NoTruncation, RelativeTruncation

__all__ = [
    "AntitheticPermutationSampler",
    "ClasswiseSampler",
    "DeterministicPermutationSampler",
    "DeterministicUniformSampler",
    "LOOSampler",
    "MSRSampler",
    "NoTruncation",
    "PermutationSampler",
    "RelativeTruncation",
]
