"""One method a name: a size law or a closed form, and a docstring."""

from __future__ import annotations

from .beta_shapley import BetaShapleyValuation
from .classwise_shapley import ClasswiseShapleyValuation
from .data_oob import DataOOBValuation, neg_l2_distance, point_wise_accuracy
from .gt_shapley import GroupTestingShapleyValuation, compute_n_samples
from .knn_calibrated import CalibratedKNNShapleyValuation
from .knn_regression import KNNRegressionShapleyValuation
from .knn_shapley import KNNShapleyValuation, SoftLabelKNNShapleyValuation
from .knn_threshold import ThresholdKNNShapleyValuation
from .knn_weighted import WeightedKNNShapleyValuation
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
    "CalibratedKNNShapleyValuation",
    "ClasswiseShapleyValuation",
    "DataBanzhafValuation",
    "DataOOBValuation",
    "DataShapleyValuation",
    "GroupTestingShapleyValuation",
    "KNNRegressionShapleyValuation",
    "KNNShapleyValuation",
    "LOOValuation",
    "MSRBanzhafValuation",
    "RandomValuation",
    "SemivalueValuation",
    "ShapleyValuation",
    "SoftLabelKNNShapleyValuation",
    "ThresholdKNNShapleyValuation",
    "WeightedBanzhafValuation",
    "WeightedKNNShapleyValuation",
    "compute_n_samples",
    "neg_l2_distance",
    "point_wise_accuracy",
    "weight_from_noise",
]
