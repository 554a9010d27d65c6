"""Running minima: NumPy's `accumulate` goes number by number, this goes many rows at a time."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray


def running_minima(rows: NDArray[Any]) -> NDArray[Any]:
    """Minima (m, c) of each row of (m, c) and those before it: of pairs, of fours, and so on."""
    now, new, apart = rows, np.empty_like(rows), 1
    spare = np.empty_like(rows)
    while apart < len(rows):
        new[:apart] = now[:apart]
        np.minimum(now[apart:], now[:-apart], out=new[apart:])
        now, new, spare = new, spare, new
        apart *= 2
    return now
