"""Influences of whole data sets: lazily, each gradient and each solve once."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from os import PathLike
from typing import Any

import numpy as np
import torch
from torch import Tensor

from ..errors import InputError, InputTypeError
from .base import InfluenceFunctionModel, require_model
from .batches import Batches, bytes_of
from .lazy import LazyChunkSequence
from .rows import Rows
from .scan import factors_of
from .score_matrix import InfluenceMatrix, LocalScores, key_of
from .types import InfluenceMode, choose


class SequentialInfluenceCalculator:
    """Influences batch by batch in this process.

    Args:
        influence_function_model: a fitted influence model, such as `DirectInfluence(model, loss).fit(train)`.
        gradients_path: a folder for training gradients, which are computed once and found there again by later
            sessions; by default they are kept in memory as long as a result is.

    Raises:
        InputTypeError: for something that is no influence model.

    Example:
        >>> calculator = SequentialInfluenceCalculator(if_model)  # doctest: +SKIP
        >>> values = calculator.influences(test, train).to_zarr("influences.zarr")  # doctest: +SKIP
    """

    def __init__(
        self,
        influence_function_model: InfluenceFunctionModel,
        *,
        gradients_path: str | PathLike[str] | None = None,
    ) -> None:
        require_model(influence_function_model, "influence_function_model")
        self.influence_function_model, self._path = influence_function_model, gradients_path

    @property
    def n_parameters(self) -> int:
        """Numbers of a factor."""
        return self.influence_function_model.n_parameters

    def influence_factors(self, data_iterable: Any) -> FactorSequence:
        """H^-1 grad L of every sample, (b, p) for each batch of b samples.

        Args:
            data_iterable: a DataLoader, a torch or dvlwidgets Dataset, (x, y), or batches.

        Raises:
            NotFittedError: if the model was not fitted.
        """
        self.influence_function_model.require_fit()
        return FactorSequence(self.influence_function_model, Batches.of(data_iterable))

    def influences(
        self,
        test_data_iterable: Any,
        train_data_iterable: Any,
        mode: InfluenceMode | str = InfluenceMode.Up,
    ) -> InfluenceMatrix:
        """Influences of all training samples (columns) on all test samples (rows).

        Args:
            test_data_iterable: a DataLoader, a torch or dvlwidgets Dataset, (x, y), or batches.
            train_data_iterable: the same.
            mode: "up", or "perturbation" for the gradient with respect to the training inputs.

        Raises:
            NotFittedError: if the model was not fitted.
            InputError, InputTypeError: for data that cannot be read.
        """
        model = self.influence_function_model
        model.require_fit()
        test, chosen = Batches.of(test_data_iterable), choose(InfluenceMode, mode, "mode")
        source = LocalScores(
            model,
            lambda: factors_of(model, test),
            test_sizes=lambda: test.sizes,
            test_key=lambda: test.fingerprint,
            train=Batches.of(train_data_iterable),
            mode=chosen,
            path=self._path,
        )
        return InfluenceMatrix(source)

    def influences_from_factors(
        self,
        z_test_factors: Any,
        train_data_iterable: Any,
        mode: InfluenceMode | str = InfluenceMode.Up,
    ) -> InfluenceMatrix:
        """As `influences`, from factors.

        Args:
            z_test_factors: what `influence_factors` gave, or an iterable of tensors (b, p), or one such tensor.
            train_data_iterable: see `influences`.
            mode: see `influences`.

        Raises:
            NotFittedError: if the model was not fitted.
            InputTypeError: for what are no factors, or no data.
            InputError: for factors of other shapes, when they are read.
        """
        self.influence_function_model.require_fit()
        given = GivenFactors(self.influence_function_model, z_test_factors)
        source = LocalScores(
            self.influence_function_model,
            given.rows,
            test_sizes=lambda: given.sizes,
            test_key=lambda: given.key,
            train=Batches.of(train_data_iterable),
            mode=choose(InfluenceMode, mode, "mode"),
            path=self._path,
        )
        return InfluenceMatrix(source)


class FactorSequence(LazyChunkSequence):
    """Factors of all samples, one tensor (b, p) for each batch."""

    def __init__(self, model: InfluenceFunctionModel, batches: Batches) -> None:
        super().__init__(lambda: factor_blocks(model, batches, 0), lambda: len(batches.sizes))
        self.model, self.batches = model, batches

    @property
    def shape(self) -> tuple[int, ...]:
        """(samples, p); reads data only."""
        return len(self.batches), self.model.n_parameters

    def _rows(self) -> int:
        return len(self.batches)

    @property
    def key(self) -> str:
        """What decides the factors."""
        parts = f"factors|{key_of(self.model)}|{self.batches.fingerprint}"
        return hashlib.blake2b(parts.encode(), digest_size=20).hexdigest()

    def _key(self) -> str:
        return self.key

    def _blocks_from(self, row: int) -> Iterator[Tensor]:
        return factor_blocks(self.model, self.batches, row)


def factor_blocks(model: InfluenceFunctionModel, batches: Batches, row: int) -> Iterator[Tensor]:
    """Factors from a row on, batch by batch."""
    for at, batch in batches.since(row):
        yield model.precondition(model.gradients(batch[max(0, row - at) :])).flat()


class GivenFactors:
    """Factors that a user brings: read when they are first needed, kept then."""

    def __init__(self, model: InfluenceFunctionModel, given: Any) -> None:
        if isinstance(given, (str, bytes)) or not isinstance(given, (Iterable, Tensor)):
            raise InputTypeError(
                f"factors of the type {type(given).__name__} were given; expected what influence_factors(test) "
                "returns, or tensors of shape (batch, parameters)."
            )
        self._model, self._given = model, given
        self._blocks: list[Tensor] | None = None

    def rows(self) -> Rows:
        """All of them."""
        return Rows.of_flat(self._model.layout, torch.cat(self.blocks).to(self._model.device))

    @property
    def sizes(self) -> tuple[int, ...]:
        """Rows of each block."""
        if isinstance(self._given, FactorSequence):
            return self._given.batches.sizes
        return tuple(len(block) for block in self.blocks)

    @property
    def key(self) -> str:
        """A hash of the numbers, or of what they come from."""
        if isinstance(self._given, FactorSequence):
            return self._given.key
        hasher = hashlib.blake2b(digest_size=20)
        for block in self.blocks:
            hasher.update(bytes_of(block))
        return hasher.hexdigest()

    @property
    def blocks(self) -> list[Tensor]:
        """The factors as tensors (b, p).

        Raises:
            InputError: for other shapes, or none at all.
        """
        if self._blocks is None:
            items = [self._given] if isinstance(self._given, (Tensor, np.ndarray)) else self._given
            self._blocks = [self._checked(item) for item in items]
            if not self._blocks:
                raise InputError(
                    "no factors were given; expected at least one tensor of shape (batch, parameters)."
                )
        return self._blocks

    def _checked(self, item: Any) -> Tensor:
        if isinstance(item, (tuple, list)) and len(item) == 1:
            item = item[0]
        if isinstance(item, np.ndarray):
            item = torch.from_numpy(np.array(item))
        p = self._model.n_parameters
        if not isinstance(item, Tensor) or item.ndim != 2 or item.shape[1] != p:
            what = f"the shape {tuple(item.shape)}" if isinstance(item, Tensor) else type(item).__name__
            raise InputError(
                f"a block of factors has {what}; expected tensors of shape (batch, {p}), as influence_factors gives."
            )
        return item
