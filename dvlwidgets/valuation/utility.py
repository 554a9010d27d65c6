"""Where users of pyDVL look for utilities; they live in `dvlwidgets.utility`."""

from __future__ import annotations

from ..utility.averaged import CrossValidatedUtility
from ..utility.classwise import ClasswiseModelUtility
from ..utility.knn import KNNClassifierUtility
from ..utility.learned import DataUtilityLearning
from ..utility.learned_deep_set import DeepSetUtilityModel
from ..utility.learned_models import IndicatorUtilityModel
from ..utility.model import ModelUtility, Utility

__all__ = [
    "ClasswiseModelUtility",
    "CrossValidatedUtility",
    "DataUtilityLearning",
    "DeepSetUtilityModel",
    "IndicatorUtilityModel",
    "KNNClassifierUtility",
    "ModelUtility",
    "Utility",
]
