"""One method a name: a size law or a closed form, and a docstring."""

from __future__ import annotations

from .beta_shapley import BetaShapleyValuation
from .classwise_shapley import ClasswiseShapleyValuation
from .closed_form_loo import ClosedFormLOOValuation
from .data_oob import DataOOBValuation, neg_l2_distance, point_wise_accuracy
from .delta_shapley import DeltaShapleyValuation
from .gt_shapley import GroupTestingShapleyValuation, compute_n_samples
from .knn_calibrated import CalibratedKNNShapleyValuation
from .knn_regression import KNNRegressionShapleyValuation
from .knn_shapley import KNNShapleyValuation, SoftLabelKNNShapleyValuation
from .knn_threshold import ThresholdKNNShapleyValuation
from .knn_weighted import WeightedKNNShapleyValuation
from .least_core import ExactLeastCoreValuation, LeastCoreValuation, MonteCarloLeastCoreValuation
from .msr_banzhaf import MSRBanzhafValuation
from .random import RandomValuation
from .residual import CrossValidatedResidualValuation
from .self_confidence import SelfConfidenceValuation
from .semivalues import (
    BanzhafValuation,
    DataBanzhafValuation,
    DataShapleyValuation,
    LOOValuation,
    SemivalueValuation,
    ShapleyValuation,
)
from .stratified_shapley import StratifiedShapleyValuation
from .tmc_shapley import TMCShapleyValuation
from .weighted_banzhaf import WeightedBanzhafValuation, weight_from_noise

__all__ = [
    "BanzhafValuation",
    "BetaShapleyValuation",
    "CalibratedKNNShapleyValuation",
    "ClasswiseShapleyValuation",
    "ClosedFormLOOValuation",
    "CrossValidatedResidualValuation",
    "DataBanzhafValuation",
    "DataOOBValuation",
    "DataShapleyValuation",
    "DeltaShapleyValuation",
    "ExactLeastCoreValuation",
    "GroupTestingShapleyValuation",
    "KNNRegressionShapleyValuation",
    "KNNShapleyValuation",
    "LOOValuation",
    "LeastCoreValuation",
    "MSRBanzhafValuation",
    "MonteCarloLeastCoreValuation",
    "RandomValuation",
    "SelfConfidenceValuation",
    "SemivalueValuation",
    "ShapleyValuation",
    "SoftLabelKNNShapleyValuation",
    "StratifiedShapleyValuation",
    "TMCShapleyValuation",
    "ThresholdKNNShapleyValuation",
    "WeightedBanzhafValuation",
    "WeightedKNNShapleyValuation",
    "compute_n_samples",
    "neg_l2_distance",
    "point_wise_accuracy",
    "weight_from_noise",
]
