"""Where users of pyDVL look for calculators; they live in `calculators` and `dask_calculator`."""

from __future__ import annotations

from .calculators import SequentialInfluenceCalculator
from .dask_calculator import (
    DaskInfluenceCalculator,
    DisableClientSingleThreadCheck,
    InvalidDimensionChunksError,
    ThreadSafetyViolationError,
    UnalignedChunksError,
)

__all__ = [
    "DaskInfluenceCalculator",
    "DisableClientSingleThreadCheck",
    "InvalidDimensionChunksError",
    "SequentialInfluenceCalculator",
    "ThreadSafetyViolationError",
    "UnalignedChunksError",
]
