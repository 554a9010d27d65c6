"""What computes a tile: a fitted model, the factors of the test points, a store of training gradients."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ..errors import InputError
from .base import InfluenceFunctionModel
from .batches import Batches
from .reducers.base import Arrays, Reducer
from .reducers.self_influence import SelfInfluence
from .rows import Rows
from .scan import factors_of, precision, tile_scores
from .store import GradientStore


class Scanner:
    """Scores of all test points with some training points. One thread at a time may ask: see `Turns`.

    Args:
        model: is fitted on the training data when it is first needed, unless it is already.
        train: training points.
        test: test points.
        make_store: from nothing to the gradient store of the training points, once the model is fitted.
    """

    def __init__(
        self,
        model: InfluenceFunctionModel,
        train: Batches,
        test: Batches,
        make_store: Callable[[], GradientStore],
    ) -> None:
        self.model, self.train, self.test, self.make_store = model, train, test, make_store
        self._factors: Rows | None = None
        self._store: GradientStore | None = None
        self._store_key = ""
        self._settings = ""

    @property
    def ready(self) -> bool:
        """Whether scores can be had without a fit."""
        return self._factors is not None and self._store is not None

    @property
    def factors(self) -> Rows:
        """Preconditioned gradients of the test points; fits the model if need be."""
        if not self.model.is_fitted:
            self.model.fit(self.train)
        if self._factors is None:
            self._factors = factors_of(self.model, self.test)
            self._settings = settings_of(self.model)
        return self._factors

    @property
    def store(self) -> GradientStore:
        """The store of these data; one that somebody else put other samples into is left to them."""
        if self._store is None or self._store.key != self._store_key:
            self._store = self.make_store()
            self._store_key = self._store.key
        return self._store

    def rows(self, where: slice) -> Rows:
        """Gradients of these training points, in the precision of the factors."""
        like = precision(self.factors)
        return self.store.rows(where.start, where.stop).to(dtype=like)

    def scores(self, where: slice) -> Tensor:
        """Scores (n_test, w) of these training points."""
        return tile_scores(self.model, self.factors, self.rows(where), where)

    def row(self, test: int, where: slice) -> Tensor:
        """Scores (w,) of one test point with these training points."""
        return tile_scores(self.model, self.factors[test : test + 1], self.rows(where), where)[0]

    def look(
        self, where: slice, reducers: Sequence[Reducer]
    ) -> tuple[tuple[Arrays, ...], NDArray[np.float64]]:
        """What each reducer sees of these training points, and their losses (w,).

        Raises:
            InputError: if the model has changed since the factors were made.
        """
        rows = self.rows(where)
        self._require_same_settings()
        scores = tile_scores(self.model, self.factors, rows, where)
        parts = tuple(
            reducer.reduce_rows(self.model, rows, where)
            if isinstance(reducer, SelfInfluence)
            else reducer.reduce(scores, where)
            for reducer in reducers
        )
        return parts, self.store.losses[where].double().cpu().numpy()

    def replace(self, position: int, target: Tensor) -> None:
        """Another target of a training point; its gradient is computed anew. Raises as `look`."""
        self._require_same_settings()
        store = self.store
        at, batch = next(iter(store.batches.since(position)))
        old = batch[position - at : position - at + 1]
        value = torch.full_like(old.target, target.item())
        store.replace([position], old.with_tensors([*old.tensors()[:-1], value]))
        self.train, self._store_key = store.batches, store.key

    def _require_same_settings(self) -> None:
        if self._factors is not None and self._settings != settings_of(self.model):
            raise InputError(
                "the model was given another damping, or fitted again, since this run began; what it computes now does "
                "not go with what is there. Begin another run, or give it back what it had."
            )


def settings_of(model: InfluenceFunctionModel) -> str:
    """What the same object may do otherwise later: its snapshot of the network, and its damping."""
    return f"{model.store_key}|{getattr(model, 'regularization', None)}"
