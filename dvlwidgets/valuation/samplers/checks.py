"""What all samplers refuse alike."""

from __future__ import annotations

import numpy as np

from ...engine.draws import resolve_seed
from ...errors import InputError, InputTypeError


def check_seed(seed: int | None) -> None:
    """Refuse what is neither None nor a non-negative integer."""
    if seed is not None:
        resolve_seed(seed)


def check_batch_size(size: int) -> None:
    """Refuse what is no positive integer.

    Raises:
        InputTypeError: for another type.
        InputError: for a number below 1.
    """
    if isinstance(size, bool) or not isinstance(size, int | np.integer):
        raise InputTypeError(f"batch_size must be an integer, not {size!r}; 1 lets the sampler decide.")
    if size < 1:
        raise InputError(f"batch_size must be at least 1, not {size}; 1 lets the sampler decide.")
