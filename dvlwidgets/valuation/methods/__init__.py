"""One method a name: a size law or a closed form, and a docstring."""

from __future__ import annotations

from .knn_shapley import KNNShapleyValuation
from .semivalues import (
    BanzhafValuation,
    DataBanzhafValuation,
    DataShapleyValuation,
    LOOValuation,
    SemivalueValuation,
    ShapleyValuation,
)

__all__ = [
    "BanzhafValuation",
    "DataBanzhafValuation",
    "DataShapleyValuation",
    "KNNShapleyValuation",
    "LOOValuation",
    "SemivalueValuation",
    "ShapleyValuation",
]
