"""Pictures of values and influences, by matplotlib (`pip install 'dvlwidgets[plots]'`).

Each function draws on `ax`, or on a new figure, and returns the axes.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import stats

from ..arguments import number, text, whole
from ..data.arrays import as_numpy
from ..errors import InputError, InputTypeError, InstallationError

if TYPE_CHECKING:
    from ..valuation.result import ValuationResult

IntervalType = Literal["normal", "t", "auto"]
_FEW = 30
"""With fewer observations "auto" takes t quantiles."""


def plot_ci_array(
    data: ArrayLike,
    level: float = 0.05,
    type: IntervalType = "normal",  # noqa: A002 -- pyDVL's name
    abscissa: Sequence[Any] | NDArray[Any] | None = None,
    mean_color: str = "dodgerblue",
    shade_color: str = "lightblue",
    ax: Any = None,
    **kwargs: Any,
) -> Any:
    """The mean of several runs as a line, with the confidence interval of that mean.

    Args:
        data: shape (runs, n), at least two runs.
        level: how often an interval may miss: 0.05 draws 95 % intervals.
        type: quantiles of the normal distribution, of Student's t, or "auto": t below 30 runs.
        abscissa: n positions or labels on the horizontal axis; by default 0..n-1.
        mean_color: color of the line.
        shade_color: color of the interval.
        ax: where to draw; None makes a figure.
        **kwargs: for `ax.plot`.

    Returns:
        The axes.
    """
    runs = np.asarray(data, dtype=np.float64)
    if runs.ndim != 2 or runs.shape[0] < 2 or runs.shape[1] < 1:
        raise InputError(f"data has shape {runs.shape}; expected (runs, n) with at least two runs.")
    m = runs.shape[0]
    stderr = runs.std(axis=0, ddof=1) / np.sqrt(m)
    half = _quantile(type, level, np.full(runs.shape[1], m)) * stderr
    return _shaded(runs.mean(axis=0), half, abscissa, mean_color, shade_color, ax, kwargs)


def plot_ci_values(
    values: ValuationResult,
    level: float = 0.05,
    type: IntervalType = "auto",  # noqa: A002 -- pyDVL's name
    abscissa: Sequence[Any] | NDArray[Any] | None = None,
    mean_color: str = "dodgerblue",
    shade_color: str = "lightblue",
    ax: Any = None,
    **kwargs: Any,
) -> Any:
    """Values as a line, in the result's present order, with their confidence intervals.

    Args:
        values: a result; sort it first for a rising line.
        level: how often an interval may miss: 0.05 draws 95 % intervals.
        type: quantiles of the normal distribution, of Student's t, or "auto": t below 30 observations.
        abscissa: n positions or labels on the horizontal axis; by default 0..n-1.
        mean_color: color of the line.
        shade_color: color of the interval.
        ax: where to draw; None makes a figure.
        **kwargs: for `ax.plot`.

    Returns:
        The axes.
    """
    _check_result(values, "values")
    half = _quantile(type, level, values.counts) * values.stderr
    return _shaded(values.values, half, abscissa, mean_color, shade_color, ax, kwargs)


def plot_result_errors(
    result: ValuationResult,
    *,
    level: float = 0.05,
    ax: Any = None,
    title: str | None = None,
    xlabel: str | None = None,
    ylabel: str | None = None,
    color: str = "dodgerblue",
    ecolor: str = "gray",
    **kwargs: Any,
) -> Any:
    """Each value as a dot with its confidence interval, under the point's name, in the result's present order.

    Args:
        result: the values.
        level: how often an interval may miss: 0.05 draws 95 % intervals.
        ax: where to draw; None makes a figure.
        title: above the picture.
        xlabel: under the horizontal axis; by default "point".
        ylabel: beside the vertical axis; by default the unit of the values.
        color: of the dots.
        ecolor: of the intervals.
        **kwargs: for `ax.errorbar`.

    Returns:
        The axes.
    """
    _check_result(result, "result")
    half = _quantile("auto", level, result.counts) * result.stderr
    ax = _axes(ax)
    where = np.arange(len(result))
    ax.errorbar(where, result.values, yerr=half, **{"fmt": "o", "color": color, "ecolor": ecolor, **kwargs})
    ax.set_xticks(where, [str(name) for name in result.names], rotation=60)
    ax.set_title(f"{result.algorithm} values" if title is None else title)
    ax.set_xlabel("point" if xlabel is None else xlabel)
    ax.set_ylabel(getattr(result, "unit", "value") if ylabel is None else ylabel)
    return ax


def plot_influence_distribution(
    influences: Any, index: int, title_extra: str = "", *, bins: int = 50, ax: Any = None
) -> Any:
    """A histogram of the influences of all training points on one test point.

    Args:
        influences: shape (test points, training points), an array or a tensor.
        index: which test point.
        title_extra: added to the title.
        bins: bars.
        ax: where to draw; None makes a figure.

    Returns:
        The axes.
    """
    table = _table(influences)
    row = whole("index", index, 0, f"It is a test point from 0 to {len(table) - 1}.")
    if row >= len(table):
        raise InputError(
            f"index must be at most {len(table) - 1}, not {row}: there are {len(table)} test points."
        )
    text("title_extra", title_extra, "It is added to the title.")
    ax = _axes(ax)
    ax.hist(table[row], bins=bins)
    ax.set_xlabel("influence")
    ax.set_ylabel("training points")
    ax.set_title(f"Influences on test point {row} {title_extra}".rstrip())
    return ax


def plot_influence_distribution_by_label(
    influences: Any, labels: Any, title_extra: str = "", *, bins: int = 50, ax: Any = None
) -> Any:
    """Histograms of influences, one for each label, over the same bars.

    Args:
        influences: shape (n,), one influence a point, an array or a tensor.
        labels: shape (n,).
        title_extra: added to the title.
        bins: bars.
        ax: where to draw; None makes a figure.

    Returns:
        The axes.
    """
    numbers, marks = as_numpy(influences), as_numpy(labels)
    if numbers.ndim != 1 or numbers.shape != marks.shape or not len(numbers):
        raise InputError(
            f"influences have shape {numbers.shape}, labels {marks.shape}; expected (n,) each. Pass one row, or the "
            "mean over the test points."
        )
    text("title_extra", title_extra, "It is added to the title.")
    ax = _axes(ax)
    edges = np.histogram_bin_edges(numbers, bins)
    for label in np.unique(marks):
        ax.hist(numbers[marks == label], bins=edges, alpha=0.5, label=str(label))
    ax.set_xlabel("influence")
    ax.set_ylabel("training points")
    ax.set_title(f"Influences by label {title_extra}".rstrip())
    ax.legend()
    return ax


def _quantile(kind: Any, level: Any, counts: NDArray[Any]) -> NDArray[np.float64]:
    """Half-widths of the intervals in standard errors, one for each count."""
    share = number("level", level, "0.05 draws 95 % intervals.")
    if not 0 < share < 0.5:
        raise InputError(
            f"level must lie between 0 and 0.5, not {share}: it says how often an interval may miss. "
            "For 95 % intervals pass 0.05."
        )
    if kind not in ("normal", "t", "auto"):
        raise InputError(f"type must be 'normal', 't' or 'auto', not {kind!r}. Take 'auto' if in doubt.")
    n = np.asarray(counts, dtype=np.float64)
    normal = np.full(n.shape, stats.norm.ppf(1 - share / 2))
    # of a single observation the standard error is 0 (exact) or NaN (not known): any quantile will do
    student = np.asarray(stats.t.ppf(1 - share / 2, np.maximum(n - 1, 1)))
    if kind == "auto":
        return np.where(n < _FEW, student, normal)
    return student if kind == "t" else normal


def _shaded(
    mean: NDArray[Any],
    half: NDArray[Any],
    abscissa: Any,
    mean_color: str,
    shade_color: str,
    ax: Any,
    kwargs: dict[str, Any],
) -> Any:
    where = np.arange(len(mean)) if abscissa is None else np.asarray(abscissa)
    if where.shape != mean.shape:
        raise InputError(f"abscissa has shape {where.shape}; expected ({len(mean)},), one position a value.")
    ax = _axes(ax)
    ax.fill_between(where, mean - half, mean + half, alpha=0.3, color=shade_color)
    ax.plot(where, mean, **{"color": mean_color, **kwargs})
    return ax


def _check_result(result: Any, name: str) -> None:
    if not all(hasattr(result, part) for part in ("values", "stderr", "counts", "names")):
        raise InputTypeError(
            f"{name} must be a ValuationResult, not {type(result).__name__}. For an array of runs use plot_ci_array."
        )


def _table(influences: Any) -> NDArray[Any]:
    table = as_numpy(influences)
    if table.ndim != 2 or not table.size:
        raise InputError(f"influences have shape {table.shape}; expected (test points, training points).")
    return table


def _axes(ax: Any) -> Any:
    if ax is not None:
        return ax
    try:
        from matplotlib import pyplot as plt
    except ImportError as error:
        raise InstallationError(
            "plots need matplotlib, which is not installed. Run: pip install 'dvlwidgets[plots]'"
        ) from error
    return plt.subplots()[1]
