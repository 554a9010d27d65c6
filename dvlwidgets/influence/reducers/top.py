"""The most helpful and the most harmful points: for each test point, and for each training point."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ...arguments import whole
from .base import Arrays, Reducer, Shape, as_numpy

HINT = "It is how many points to keep on either side."
SIDES = ("helpful", "harmful")


class TopPerTest(Reducer):
    """Of each test point the k training points with the highest and the k with the lowest influences on it.

    `result()`: `helpful`, `harmful` (n_test, k) positions, most extreme first, and `helpful_scores`,
    `harmful_scores`; among equal scores the lowest position comes first. With fewer than k training points, k is
    their number. Places of tiles that did not come yet hold -1 and NaN.
    """

    merges = True

    def __init__(self, k: int = 20) -> None:
        self.k = whole("k", k, 1, HINT)
        self.name = "top"

    def blank(self, shape: Shape) -> Arrays:
        return _blank(shape.n_test, min(self.k, shape.n_train))

    def reduce(self, scores: Tensor, train: slice) -> Arrays:
        found = {}
        for side in SIDES:
            positions, values = self._candidates(scores, side)
            known = positions >= 0
            found[side] = np.where(known, positions + train.start, -1)
            found[f"{side}_scores"] = np.where(known, values, np.nan)
        return found

    def _candidates(self, scores: Tensor, side: str) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
        """Columns of a tile that may be among the k, and their scores: (n_test, c), -1 where a row has fewer.

        After the first tiles few scores reach the k-th of a row, and finding those is much cheaper than ordering all.
        """
        largest = side == "helpful"
        last = torch.from_numpy(self.arrays[f"{side}_scores"][:, -1:]).to(scores)
        if not bool(torch.isnan(last).any()):
            rows, columns = torch.nonzero(scores >= last if largest else scores <= last, as_tuple=True)
            several = torch.bincount(rows, minlength=len(scores))
            most = int(several.max())
            if most < self.k:
                slot = torch.arange(len(rows), device=rows.device) - (several.cumsum(0) - several)[rows]
                positions = torch.full((len(scores), most), -1, device=scores.device)
                positions[rows, slot] = columns
                values = scores.gather(1, positions.clamp(min=0))
                return as_numpy(positions), as_numpy(values).astype(np.float64)
        positions, values = extremes(scores, self.k, largest=largest)
        return as_numpy(positions), as_numpy(values).astype(np.float64)

    def fold(self, part: Mapping[str, NDArray[Any]], train: slice) -> None:
        for side in SIDES:
            sign = -1.0 if side == "helpful" else 1.0
            k = self.arrays[side].shape[1]
            positions = np.concatenate([self.arrays[side], part[side]], axis=1)
            values = np.concatenate([self.arrays[f"{side}_scores"], part[f"{side}_scores"]], axis=1)
            first = _order(sign * values, positions)[:, :k]
            self.arrays[side] = np.take_along_axis(positions, first, axis=1)
            self.arrays[f"{side}_scores"] = np.take_along_axis(values, first, axis=1)


class TopPerTrain(Reducer):
    """Of each training point the k test points that it helps and the k that it harms most.

    `result()`: `helped`, `harmed` (n_train, k) positions, most extreme first, and `helped_scores`, `harmed_scores`;
    among equal scores the lowest position comes first.
    """

    def __init__(self, k: int = 5) -> None:
        self.k = whole("k", k, 1, HINT)
        self.name = "top_of_train"

    def blank(self, shape: Shape) -> Arrays:
        return _blank(shape.n_train, min(self.k, shape.n_test), sides=("helped", "harmed"))

    def reduce(self, scores: Tensor, train: slice) -> Arrays:
        found = {}
        turned = scores.T.contiguous()
        for side in ("helped", "harmed"):
            positions, values = extremes(turned, self.k, largest=side == "helped")
            found[side] = as_numpy(positions)
            found[f"{side}_scores"] = as_numpy(values).astype(np.float64)
        return found


def _order(values: NDArray[np.float64], positions: NDArray[np.int64]) -> NDArray[np.int64]:
    """The order of each row by value, equal values by position; NaN is last."""
    order = np.argsort(values, axis=1, kind="stable")
    ranked = np.take_along_axis(values, order, axis=1)
    tied = (ranked[:, 1:] == ranked[:, :-1]).any(axis=1)  # seldom: the second key costs more than the first
    order[tied] = np.lexsort((positions[tied], values[tied]), axis=1)
    return order


def _blank(n: int, k: int, sides: tuple[str, str] = SIDES) -> Arrays:
    arrays: Arrays = {side: np.full((n, k), -1, np.int64) for side in sides}
    return arrays | {f"{side}_scores": np.full((n, k), np.nan) for side in sides}


def extremes(scores: Tensor, k: int, *, largest: bool) -> tuple[Tensor, Tensor]:
    """Positions and values of the k most extreme entries of each row of (r, w), most extreme first.

    Among equal entries the lowest positions are taken, and come first.

    Returns:
        Two tensors of shape (r, min(k, w)).
    """
    k = min(k, scores.shape[1])
    values, positions = torch.topk(scores, k, dim=1, largest=largest)
    last = values[:, -1:]
    as_good = (scores >= last) if largest else (scores <= last)
    if tied := torch.nonzero(as_good.sum(1) > k).flatten().tolist():
        rows = torch.as_tensor(tied, device=scores.device)
        positions[rows] = _lowest(scores[rows], as_good[rows], last[rows], k)
    positions = positions.sort(dim=1).values
    values = scores.gather(1, positions)
    order = torch.sort(values, dim=1, descending=largest, stable=True).indices
    return positions.gather(1, order), values.gather(1, order)


def _lowest(scores: Tensor, as_good: Tensor, last: Tensor, k: int) -> Tensor:
    """Rows with more than k entries as good as the k-th: all better ones, and the first of the equal ones."""
    equal = scores == last
    better = as_good & ~equal
    wanted = k - better.sum(1, keepdim=True)
    chosen = better | (equal & (equal.cumsum(1) <= wanted))
    return torch.nonzero(chosen)[:, 1].view(len(scores), k)
