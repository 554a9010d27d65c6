"""Which rows stand in which batch of which model: the batches of the plain loop, for many subsets in arrays."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from .torch_recipe import Recipe


class Plan:
    """Batches of b subsets, the largest first; the last ones of a subset are filled up with rows that weigh nothing.

    Args:
        masks: (b, n) non-empty subsets.
        recipe: batch size and order of the rows.
        width: rows of a batch -> rows that it is filled up to.
        like: a tensor of the device and type of the weights.

    Attributes:
        batches: of an epoch of the largest subset.
        models: for each of them how many models have it, and how many of the first take part in its arrays.
    """

    def __init__(
        self, masks: NDArray[np.bool_], recipe: Recipe, width: Callable[[int], int], like: Tensor
    ) -> None:
        self.recipe = recipe
        self.members = np.nonzero(masks)[1]
        self.sizes = masks.sum(axis=1)
        self.starts = np.cumsum(self.sizes) - self.sizes
        self.longest = int(self.sizes.max())
        self.batch = min(recipe.batch_size or self.longest, self.longest)
        self.batches = -(-self.longest // self.batch)
        self.width = width(self.batch)
        low = np.arange(self.batches) * self.batch
        rows = np.clip(self.sizes[:, None] - low, 0, self.batch)  # (b, batches) of each batch
        having = (rows > 0).sum(axis=0).tolist()
        self.models = [(m, min(1 << (m - 1).bit_length(), len(masks))) for m in having]
        inside = np.arange(self.width) < rows[:, :, None]
        self.shares = torch.as_tensor(inside / np.maximum(rows[:, :, None], 1)).to(like)
        places = np.arange(self.batches * self.width)
        self.places = np.where(places < self.sizes[:, None], places, 0)

    def of_epoch(self, epoch: int) -> tuple[Tensor, Tensor]:
        """Rows and their weights in the mean over a batch: (b, batches, width)."""
        places = self._places(epoch)
        rows = self.members[self.starts[:, None] + places].reshape(self.shares.shape)
        return torch.as_tensor(rows, device=self.shares.device), self.shares

    def _places(self, epoch: int) -> NDArray[np.intp]:
        """(b, batches * width) which of its rows a model takes when; rows that are one batch keep their order."""
        places = self.places.copy()
        several = int((self.sizes > self.batch).sum())
        if several:
            order = self.recipe.order(epoch, self.longest)
            kept = order < self.sizes[:several, None]
            model, when = np.nonzero(kept)
            places[model, np.cumsum(kept, axis=1)[model, when] - 1] = order[when]
        return places
