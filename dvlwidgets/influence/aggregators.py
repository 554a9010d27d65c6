"""What `compute` makes of a lazy result: lists of blocks, one tensor, or anything else that a user writes."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

if TYPE_CHECKING:
    from .lazy import LazyChunkSequence, NestedLazyChunkSequence


class SequenceAggregator(ABC):
    """Makes one thing of a sequence of blocks; subclass it for `LazyChunkSequence.compute`."""

    @abstractmethod
    def __call__(self, tensor_sequence: LazyChunkSequence) -> Any:
        """One thing of the blocks that iteration over the sequence, or its `generator_factory()`, gives."""


class ListAggregator(SequenceAggregator):
    """The blocks in a list."""

    def __call__(self, tensor_sequence: LazyChunkSequence) -> list[Any]:
        """See the class."""
        return list(tensor_sequence)


class TorchCatAggregator(SequenceAggregator):
    """The blocks below each other, as one tensor."""

    def __call__(self, tensor_sequence: LazyChunkSequence) -> Tensor:
        """See the class."""
        return torch.cat(list(tensor_sequence))


class NestedSequenceAggregator(ABC):
    """Makes one thing of rows of blocks; subclass it for `NestedLazyChunkSequence.compute`."""

    @abstractmethod
    def __call__(self, nested_sequence_of_tensors: NestedLazyChunkSequence) -> Any:
        """One thing of what iteration, or `generator_factory()`, gives: for each row, a generator of its blocks."""


class NestedListAggregator(NestedSequenceAggregator):
    """The blocks in a list for each row, and the rows in a list."""

    def __call__(self, nested_sequence_of_tensors: NestedLazyChunkSequence) -> list[list[Any]]:
        """See the class."""
        return nested_sequence_of_tensors.blocks()


class NestedTorchCatAggregator(NestedSequenceAggregator):
    """The blocks as one tensor: those of a row beside each other (axis 1), the rows below each other (axis 0)."""

    def __call__(self, nested_sequence_of_tensors: NestedLazyChunkSequence) -> Tensor:
        """See the class."""
        return nested_sequence_of_tensors.whole()
