"""Where users of pyDVL look for plots; they live in `dvlwidgets.evaluation`."""

from __future__ import annotations

from ..evaluation.plots import (
    plot_ci_array,
    plot_ci_values,
    plot_influence_distribution,
    plot_influence_distribution_by_label,
    plot_result_errors,
)

__all__ = [
    "plot_ci_array",
    "plot_ci_values",
    "plot_influence_distribution",
    "plot_influence_distribution_by_label",
    "plot_result_errors",
]
