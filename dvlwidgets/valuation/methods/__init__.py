"""One method a name: a size law or a closed form, and a docstring."""

from __future__ import annotations

from .beta_shapley import BetaShapleyValuation
from .classwise_shapley import ClasswiseShapleyValuation
from .data_oob import DataOOBValuation, neg_l2_distance, point_wise_accuracy
from .gt_shapley import GroupTestingShapleyValuation, compute_n_samples
from .knn_shapley import KNNShapleyValuation
from .msr_banzhaf import MSRBanzhafValuation
from .random import RandomValuation
from .semivalues import (
    BanzhafValuation,
    DataBanzhafValuation,
    DataShapleyValuation,
    LOOValuation,
    SemivalueValuation,
    ShapleyValuation,
)
from .weighted_banzhaf import WeightedBanzhafValuation, weight_from_noise

__all__ = [
    "BanzhafValuation",
    "BetaShapleyValuation",
    "ClasswiseShapleyValuation",
    "DataBanzhafValuation",
    "DataOOBValuation",
    "DataShapleyValuation",
    "GroupTestingShapleyValuation",
    "KNNShapleyValuation",
    "LOOValuation",
    "MSRBanzhafValuation",
    "RandomValuation",
    "SemivalueValuation",
    "ShapleyValuation",
    "WeightedBanzhafValuation",
    "compute_n_samples",
    "neg_l2_distance",
    "point_wise_accuracy",
    "weight_from_noise",
]
