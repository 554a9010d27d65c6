"""What you have: data sets, their identity, and the examples' data."""

from __future__ import annotations

from dvlwidgets.data.dataset import Dataset, RawData
from dvlwidgets.data.grouped import GroupedDataset
from dvlwidgets.data.identity import digest

__all__ = ["Dataset", "GroupedDataset", "RawData", "digest"]
