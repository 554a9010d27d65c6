"""One method a name: a size law or a closed form, and a docstring."""

from __future__ import annotations

from .data_oob import DataOOBValuation, neg_l2_distance, point_wise_accuracy
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
    "DataOOBValuation",
    "DataShapleyValuation",
    "KNNShapleyValuation",
    "LOOValuation",
    "SemivalueValuation",
    "ShapleyValuation",
    "neg_l2_distance",
    "point_wise_accuracy",
]
