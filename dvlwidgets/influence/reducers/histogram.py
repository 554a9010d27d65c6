"""How influences are spread: exact counts between edges, of all pairs and of each training point."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ...arguments import flag, whole
from ...errors import InputError
from .base import Arrays, Reducer, Shape, as_numpy

BINS_HINT = "It is the number of bars."


class Histogram(Reducer):
    """Counts of influences between edges, as `numpy.histogram` counts: [a, b), the last [a, b].

    `result()`: `edges` (bins + 1,); `counts` (2, bins), of pairs of the same label and of other pairs (all pairs are
    "other" without labels); `outside` (2, 2), counts below the first and above the last edge; with `per_point`,
    `counts_of_train` (n_train, bins).

    Args:
        bins: how many, of equal width.
        edges: ascending numbers; by default symmetric about 0 and as wide as the first tile needs, so that `outside`
            may count a few pairs of later ones. Edges are rounded to float32.
        per_point: also count for each training point.
    """

    def __init__(
        self, bins: int = 40, *, edges: Sequence[float] | NDArray[Any] | None = None, per_point: bool = False
    ) -> None:
        self.name = "histogram"
        self.per_point = flag("per_point", per_point)
        self.edges = None if edges is None else tuple(_checked(edges).tolist())
        self.bins = whole("bins", bins, 1, BINS_HINT) if self.edges is None else len(self.edges) - 1
        self._first_look: NDArray[np.float32] | None = None

    def blank(self, shape: Shape) -> Arrays:
        self._first_look = None
        arrays: Arrays = {
            "edges": np.full(self.bins + 1, np.nan, np.float32)
            if self.edges is None
            else np.array(self.edges, np.float32),
            "counts": np.zeros((2, self.bins), np.int64),
            "outside": np.zeros((2, 2), np.int64),
        }
        if self.per_point:
            arrays["counts_of_train"] = np.zeros((shape.n_train, self.bins), np.int64)
        return arrays

    def load(self, state: Arrays) -> None:
        super().load(state)
        self._first_look = None

    def reduce(self, scores: Tensor, train: slice) -> Arrays:
        edges = self._edges(scores)
        bins, width = self.bins + 2, scores.shape[1]
        at = torch.bucketize(scores.contiguous(), torch.from_numpy(edges).to(scores), right=True)
        at -= (scores == float(edges[-1])).to(at.dtype)  # the last bar has its right edge
        place = torch.arange(width, device=scores.device).mul_(2 * bins) + at
        if self.shape.has_labels:
            tests = torch.from_numpy(np.asarray(self.shape.test_labels)).to(scores.device)
            labels = torch.from_numpy(np.asarray(self.shape.train_labels)[train]).to(scores.device)
            place += (tests[:, None] != labels).to(place.dtype) * bins
        else:
            place += bins
        counted = as_numpy(torch.bincount(place.flatten(), minlength=2 * bins * width)).reshape(
            width, 2, bins
        )
        total = counted.sum(axis=0)
        part = {"edges": edges, "counts": total[:, 1:-1], "outside": total[:, [0, -1]]}
        if self.per_point:
            part["counts_of_train"] = counted[:, :, 1:-1].sum(axis=1)
        return part

    def fold(self, part: Mapping[str, NDArray[Any]], train: slice) -> None:
        self.arrays |= {
            "edges": part["edges"],
            "counts": self.arrays["counts"] + part["counts"],
            "outside": self.arrays["outside"] + part["outside"],
        }
        if self.per_point:
            self.arrays["counts_of_train"][train] = part["counts_of_train"]

    def notes(self) -> tuple[str, ...]:
        gone = int(self.arrays["outside"].sum())
        return (f"{gone:,} influences lie outside the histogram's edges",) if gone else ()

    def _edges(self, scores: Tensor) -> NDArray[np.float32]:
        known = self.arrays["edges"]
        if np.isfinite(known).all():
            return known
        if self._first_look is None:  # tiles may be looked at before the first one is folded
            far = float(scores.abs().max()) or 1.0
            self._first_look = np.linspace(-far, far, self.bins + 1).astype(np.float32)
            self._first_look[[0, -1]] = np.float32(far) * np.array([-1, 1], np.float32)
        return self._first_look


def _checked(edges: Any) -> NDArray[np.float32]:
    found = np.asarray(edges, dtype=np.float32)
    if found.ndim != 1 or len(found) < 2 or not np.isfinite(found).all() or not (np.diff(found) > 0).all():
        raise InputError(f"edges={edges!r} were given; expected at least two finite, ascending numbers.")
    return found
