"""Example data in three parts by chance: to fit models on, to compute values with, and to judge them by."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..errors import InputError
from ..typing import Indices


def three_parts(
    n: int, val_size: Any, test_size: Any, seed: int, *, what: str, of_rest: bool = False
) -> tuple[Indices, Indices, Indices]:
    """Positions of train, val and test, ascending within each.

    Args:
        n: how many there are.
        val_size: share of the validation set, in (0, 1).
        test_size: share of the test set, in (0, 1).
        seed: of the split.
        what: they are called in messages.
        of_rest: `val_size` is a share of what the test set leaves.

    Raises:
        InputError: for shares that are none, or that leave a part empty.
    """
    from sklearn.model_selection import train_test_split

    for name, share in (("val_size", val_size), ("test_size", test_size)):
        if isinstance(share, bool) or not isinstance(share, int | float | np.number) or not 0.0 < share < 1.0:
            raise InputError(f"{name}={share!r}; expected a share between 0 and 1, for example 0.2.")
    own = float(val_size) if of_rest else float(val_size) / (1.0 - float(test_size))
    try:
        rest, test = train_test_split(np.arange(n), test_size=float(test_size), random_state=seed)
        train, val = train_test_split(rest, test_size=own, random_state=seed)
    except ValueError as error:
        raise InputError(
            f"{n} {what} cannot be split in three with val_size={val_size} and test_size={test_size}. "
            "Take other shares."
        ) from error
    return np.sort(train), np.sort(val), np.sort(test)
