"""Where users of pyDVL look for removal experiments; they live in `dvlwidgets.evaluation`."""

from __future__ import annotations

from ..evaluation.experiment import run_removal_experiment

__all__ = ["run_removal_experiment"]
