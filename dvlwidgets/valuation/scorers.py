"""Where users of pyDVL look for scorers; they live in `dvlwidgets.utility`."""

from __future__ import annotations

from ..utility.averaged_scorer import AveragedScorer
from ..utility.classwise_scorer import ClasswiseSupervisedScorer
from ..utility.scorer import SupervisedScorer, compose_score, sigmoid
from ..utility.scorer_skorch import SkorchSupervisedScorer

__all__ = [
    "AveragedScorer",
    "ClasswiseSupervisedScorer",
    "SkorchSupervisedScorer",
    "SupervisedScorer",
    "compose_score",
    "sigmoid",
]
