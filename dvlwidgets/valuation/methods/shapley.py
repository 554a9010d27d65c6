"""Where users of pyDVL look for Shapley values; they live in `semivalues` and its neighbours."""

from __future__ import annotations

from .semivalues import DataShapleyValuation, ShapleyValuation
from .stratified_shapley import StratifiedShapleyValuation
from .tmc_shapley import TMCShapleyValuation

__all__ = ["DataShapleyValuation", "ShapleyValuation", "StratifiedShapleyValuation", "TMCShapleyValuation"]
