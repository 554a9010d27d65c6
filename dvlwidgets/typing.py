"""One alias per array shape, so that a signature says what it takes.

B is the number of subsets in a batch, n the number of logical points (rows, or groups),
m the number of metrics of a scorer.
"""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

Masks: TypeAlias = NDArray[np.bool_]
"""Subsets, one a row: shape (B, n), True where the point is in the subset."""

Utilities: TypeAlias = NDArray[np.float64]
"""Scores of subsets: shape (B, m)."""

Status: TypeAlias = NDArray[np.uint8]
"""What became of each evaluation: shape (B,); codes in `engine.records`."""

Values: TypeAlias = NDArray[np.float64]
"""One number per point: shape (n,)."""

Counts: TypeAlias = NDArray[np.int64]
"""Observations per point: shape (n,)."""

SizeLaw: TypeAlias = NDArray[np.float64]
"""A semivalue: p[k] for k = size of the rest without the point, shape (n,), sums to 1."""

DrawLaw: TypeAlias = NDArray[np.float64]
"""The law of a drawn subset's size: Q[s] for s = 0..n, shape (n + 1,), sums to 1."""

Indices: TypeAlias = NDArray[np.intp]
"""Positions in a data set: shape (k,)."""
