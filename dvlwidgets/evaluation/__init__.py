"""Are the values any good: what the lowest ones find, and what removing them does to a score."""

from __future__ import annotations

from .detection import Detection, precision_among_lowest
from .judging import DropJudgement, judge_dropping
from .removal import compute_removal_score

__all__ = [
    "Detection",
    "DropJudgement",
    "compute_removal_score",
    "judge_dropping",
    "precision_among_lowest",
]
