"""Where users of pyDVL look for converters, aggregators and modes; they live in `dvlwidgets.influence`."""

from __future__ import annotations

from typing import Any

from ..aggregators import NestedTorchCatAggregator, TorchCatAggregator
from ..converters import TorchNumpyConverter, torch_dataset_to_dask_array
from ..types import BlockMode, LossType, SecondOrderMode

__all__ = [
    "BlockMode",
    "LossType",
    "NestedTorchCatAggregator",
    "SecondOrderMode",
    "TorchCatAggregator",
    "TorchNumpyConverter",
    "torch_dataset_to_dask_array",
]


def __getattr__(name: str) -> Any:
    if name == "EkfacRepresentation":
        from .. import __getattr__ as of_influence

        return of_influence(name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
