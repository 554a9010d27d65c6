"""What the training points are called."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..data.dataset import Dataset


@dataclass(frozen=True)
class Points:
    """The training points' names.

    Attributes:
        ids: persistent ids, shape (n,).
        names: names, shape (n,).
        fingerprint: of the data set, "" where it has none.
    """

    ids: NDArray[Any]
    names: NDArray[Any]
    fingerprint: str = ""

    @staticmethod
    def of(data: Any, n: int) -> Points:
        """Of a Dataset, or numbers."""
        if isinstance(data, Dataset):
            return Points(data.ids, data.names, data.fingerprint)
        return Points(np.arange(n), np.arange(n).astype(str))
