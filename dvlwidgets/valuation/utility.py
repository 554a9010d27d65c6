"""Where users of pyDVL look for utilities; they live in `dvlwidgets.utility`."""

from __future__ import annotations

from ..utility.classwise import ClasswiseModelUtility
from ..utility.knn import KNNClassifierUtility
from ..utility.model import ModelUtility, Utility

__all__ = ["ClasswiseModelUtility", "KNNClassifierUtility", "ModelUtility", "Utility"]
