"""Where users of pyDVL look for removal curves and plots; they live in `dvlwidgets.evaluation`."""

from __future__ import annotations

from ..evaluation.experiment import run_removal_experiment
from ..evaluation.plots import (
    plot_ci_array,
    plot_ci_values,
    plot_influence_distribution,
    plot_influence_distribution_by_label,
    plot_result_errors,
)
from ..evaluation.removal import compute_removal_score

__all__ = [
    "compute_removal_score",
    "plot_ci_array",
    "plot_ci_values",
    "plot_influence_distribution",
    "plot_influence_distribution_by_label",
    "plot_result_errors",
    "run_removal_experiment",
]
