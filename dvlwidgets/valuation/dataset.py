"""Where users of pyDVL look for data sets; they live in `dvlwidgets.data`."""

from __future__ import annotations

from ..data.dataset import Dataset, RawData
from ..data.grouped import GroupedDataset

__all__ = ["Dataset", "GroupedDataset", "RawData"]
