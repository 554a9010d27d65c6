"""One training point on one prediction: influence functions for torch models.

score(test, train) = grad L(test)^T (H + damping)^-1 grad L(train), positive where the training point helps;
`score / n` estimates the test point's loss after the removal of the training point, minus before.

Every public name is loaded when it is first used. Needs torch: `pip install 'dvlwidgets[torch]'`.
"""

from __future__ import annotations

import importlib
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .aggregators import (
        ListAggregator,
        NestedListAggregator,
        NestedSequenceAggregator,
        NestedTorchCatAggregator,
        SequenceAggregator,
        TorchCatAggregator,
    )
    from .arnoldi import ArnoldiInfluence
    from .base import InfluenceFunctionModel
    from .batches import Batch, Batches
    from .calculators import SequentialInfluenceCalculator
    from .cg import CgInfluence
    from .converters import NumpyConverter, TorchNumpyConverter, torch_dataset_to_dask_array
    from .damping import RegularizationExploration, explore_regularization, recommended_regularization
    from .dask_calculator import DaskInfluenceCalculator, DisableClientSingleThreadCheck
    from .direct import DirectInfluence
    from .ekfac import EkfacInfluence, EkfacRepresentation
    from .ensemble import EnsembleInfluence
    from .explorer import Explorer
    from .grad_dot import GradCosInfluence, GradDotInfluence
    from .harmonic import InverseHarmonicMeanInfluence
    from .lazy import LazyChunkSequence, NestedLazyChunkSequence
    from .lissa import LissaInfluence
    from .logra import LograInfluence
    from .nystroem import NystroemSketchInfluence
    from .plan import Plan, plan_of
    from .preconditioners import EkfacPreconditioner, JacobiPreconditioner, NystroemPreconditioner
    from .runs import InfluenceStatistics, influence_statistics
    from .separable import SeparableScan
    from .store import GradientStore
    from .summary import InfluenceSummary
    from .tracin import TracInInfluence
    from .trak import TrakInfluence
    from .types import BlockMode, InfluenceMode, LossType, SecondOrderMode
    from .zarr_writer import ZarrWriter

if find_spec("torch") is None:
    raise ImportError(
        "dvlwidgets.influence needs torch, which is not installed. Run: pip install 'dvlwidgets[torch]'",
        name="torch",
    )

_HOMES = {
    "aggregators": (
        "ListAggregator",
        "NestedListAggregator",
        "NestedSequenceAggregator",
        "NestedTorchCatAggregator",
        "SequenceAggregator",
        "TorchCatAggregator",
    ),
    "arnoldi": ("ArnoldiInfluence",),
    "base": ("InfluenceFunctionModel",),
    "batches": ("Batch", "Batches"),
    "calculators": ("SequentialInfluenceCalculator",),
    "cg": ("CgInfluence",),
    "converters": ("NumpyConverter", "TorchNumpyConverter", "torch_dataset_to_dask_array"),
    "dask_calculator": ("DaskInfluenceCalculator", "DisableClientSingleThreadCheck"),
    "damping": ("RegularizationExploration", "explore_regularization", "recommended_regularization"),
    "direct": ("DirectInfluence",),
    "ekfac": ("EkfacInfluence", "EkfacRepresentation"),
    "ensemble": ("EnsembleInfluence",),
    "explorer": ("Explorer",),
    "grad_dot": ("GradCosInfluence", "GradDotInfluence"),
    "harmonic": ("InverseHarmonicMeanInfluence",),
    "lazy": ("LazyChunkSequence", "NestedLazyChunkSequence"),
    "lissa": ("LissaInfluence",),
    "logra": ("LograInfluence",),
    "nystroem": ("NystroemSketchInfluence",),
    "preconditioners": ("EkfacPreconditioner", "JacobiPreconditioner", "NystroemPreconditioner"),
    "plan": ("Plan", "plan_of"),
    "runs": ("InfluenceStatistics", "influence_statistics"),
    "separable": ("SeparableScan",),
    "store": ("GradientStore",),
    "summary": ("InfluenceSummary",),
    "tracin": ("TracInInfluence",),
    "trak": ("TrakInfluence",),
    "types": ("BlockMode", "InfluenceMode", "LossType", "SecondOrderMode"),
    "zarr_writer": ("ZarrWriter",),
}
_HOME_OF = {name: home for home, names in _HOMES.items() for name in names}
_PARTS = ("array", "influence_calculator", "reducers", "torch", "types")

__all__ = [
    "ArnoldiInfluence",
    "Batch",
    "Batches",
    "BlockMode",
    "CgInfluence",
    "DaskInfluenceCalculator",
    "DirectInfluence",
    "DisableClientSingleThreadCheck",
    "EkfacInfluence",
    "EkfacPreconditioner",
    "EkfacRepresentation",
    "EnsembleInfluence",
    "Explorer",
    "GradCosInfluence",
    "GradDotInfluence",
    "GradientStore",
    "InfluenceFunctionModel",
    "InfluenceMode",
    "InfluenceStatistics",
    "InfluenceSummary",
    "InverseHarmonicMeanInfluence",
    "JacobiPreconditioner",
    "LazyChunkSequence",
    "LissaInfluence",
    "ListAggregator",
    "LograInfluence",
    "LossType",
    "NestedLazyChunkSequence",
    "NestedListAggregator",
    "NestedSequenceAggregator",
    "NestedTorchCatAggregator",
    "NumpyConverter",
    "NystroemPreconditioner",
    "NystroemSketchInfluence",
    "Plan",
    "RegularizationExploration",
    "SecondOrderMode",
    "SeparableScan",
    "SequenceAggregator",
    "SequentialInfluenceCalculator",
    "TorchCatAggregator",
    "TorchNumpyConverter",
    "TracInInfluence",
    "TrakInfluence",
    "ZarrWriter",
    "explore_regularization",
    "influence_statistics",
    "plan_of",
    "recommended_regularization",
    "torch_dataset_to_dask_array",
]


def __getattr__(name: str) -> Any:
    if name in _PARTS:
        return importlib.import_module(f"{__name__}.{name}")
    if name not in _HOME_OF:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(importlib.import_module(f"{__name__}.{_HOME_OF[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*_HOME_OF, *_PARTS, *globals()})
