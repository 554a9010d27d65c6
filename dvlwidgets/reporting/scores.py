"""Where users of pyDVL look for removal scores; they live in `dvlwidgets.evaluation`."""

from __future__ import annotations

from ..evaluation.removal import compute_removal_score

__all__ = ["compute_removal_score"]
