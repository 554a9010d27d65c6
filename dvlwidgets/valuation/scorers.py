"""Where users of pyDVL look for scorers; they live in `dvlwidgets.utility`."""

from __future__ import annotations

from ..utility.classwise_scorer import ClasswiseSupervisedScorer
from ..utility.scorer import SupervisedScorer, compose_score, sigmoid

__all__ = ["ClasswiseSupervisedScorer", "SupervisedScorer", "compose_score", "sigmoid"]
