"""Are the values any good: what the lowest ones find, and what removing them does to a score."""

from __future__ import annotations

from .detection import (
    Detection,
    DetectionScores,
    detection_scores,
    precision_among_lowest,
    two_means_split,
)
from .judging import DropJudgement, judge_dropping
from .removal import compute_removal_score

__all__ = [
    "Detection",
    "DetectionScores",
    "DropJudgement",
    "compute_removal_score",
    "detection_scores",
    "judge_dropping",
    "precision_among_lowest",
    "two_means_split",
]
