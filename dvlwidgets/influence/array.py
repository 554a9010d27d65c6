"""Where users of pyDVL look for lazy results; they live in `lazy`, `aggregators` and `converters`."""

from __future__ import annotations

from .aggregators import ListAggregator, NestedListAggregator, NestedSequenceAggregator, SequenceAggregator
from .converters import NumpyConverter
from .lazy import LazyChunkSequence, NestedLazyChunkSequence

__all__ = [
    "LazyChunkSequence",
    "ListAggregator",
    "NestedLazyChunkSequence",
    "NestedListAggregator",
    "NestedSequenceAggregator",
    "NumpyConverter",
    "SequenceAggregator",
]
