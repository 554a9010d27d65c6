"""What you have: data sets, their identity, and the examples' data."""

from __future__ import annotations

from .dataset import Dataset, RawData
from .grouped import GroupedDataset
from .identity import digest

__all__ = ["Dataset", "GroupedDataset", "RawData", "digest"]
