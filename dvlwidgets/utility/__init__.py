"""How a subset of the data is scored."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from .scorer import BoundScorer, SupervisedScorer, compose_score, sigmoid

if TYPE_CHECKING:
    from .model import ModelUtility, Utility

__all__ = ["BoundScorer", "ModelUtility", "SupervisedScorer", "Utility", "compose_score", "sigmoid"]


def __getattr__(name: str) -> Any:
    if name in ("ModelUtility", "Utility"):
        return getattr(importlib.import_module("dvlwidgets.utility.model"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
