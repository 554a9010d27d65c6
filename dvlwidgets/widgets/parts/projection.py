"""Two coordinates a point, to draw the points as a map: those that a person passed, or a projection of the features."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from dvlwidgets.data import arrays
from dvlwidgets.errors import InputError, InputTypeError

if TYPE_CHECKING:
    from dvlwidgets.data.dataset import Dataset

MOST_POINTS = 1_000_000
FIT_CELLS = 8_000_000
"""Numbers that the axes are found from: of more points a sample is taken, and all are projected upon what it gives."""
BLOCK_CELLS = 4_000_000
WIDE = 500
"""Columns above which the axes are found by a randomised method."""
INSTEAD = (
    "Pass coordinates instead: ValuationPanel(..., map=array of shape (n, 2)), e.g. UMAP of an embedding."
)


@dataclass(frozen=True)
class Coordinates:
    """Where the points are on a map.

    Attributes:
        name: what the map is.
        axes: name of each axis.
        words: how the coordinates came about, in a sentence.
        xy: (n, 2); NaN where a point has no place.
    """

    name: str
    axes: tuple[str, str]
    words: str
    xy: NDArray[np.float32]


def passed(given: Any, n: int) -> Coordinates | None:
    """The coordinates that a person passed; None where they are to be computed.

    Args:
        given: (n, 2) numbers (NaN: not drawn; the names of a frame's columns become those of the axes), or "pca",
            or None for the same.
        n: number of points.

    Raises:
        InputError, InputTypeError: neither.
    """
    if given is None or (isinstance(given, str) and given == "pca"):
        return None
    if isinstance(given, str):
        raise InputError(
            f"map={given!r} was given; expected 'pca' or coordinates, an array of shape ({n}, 2)."
        )
    try:
        table = arrays.as_numpy(given) if arrays.is_tensor(given) else np.asarray(given)
        exact = table.astype(np.float64)
    except (TypeError, ValueError) as refusal:
        raise InputTypeError(
            f"map={type(given).__name__} was given; expected 'pca' or coordinates, an array of shape ({n}, 2)."
        ) from refusal
    if exact.shape != (n, 2):
        raise InputError(f"map has shape {exact.shape}; expected ({n}, 2): x and y of each point.")
    with np.errstate(over="ignore"):
        xy = exact.astype(np.float32)
    if np.isinf(xy).any():
        raise InputError("map holds infinite coordinates; expected finite ones, or NaN for a point without.")
    names = [str(name) for name in given.columns] if arrays.is_frame(given) else ["x", "y"]
    return Coordinates("Map", (names[0], names[1]), "Coordinates as they were passed.", xy)


def project(dataset: Dataset) -> Coordinates:
    """The two main axes of the standardised numeric features; of groups, of the means of their rows.

    Unknown numbers count as the mean of their column. Sparse features are scaled, not centred: they stay sparse.

    Raises:
        InputError: there is nothing numeric, or there are too many points; the sentence says what to do.
    """
    n = len(dataset)
    if n > MOST_POINTS:
        raise InputError(f"A map of {n:,} points is too large; at most {MOST_POINTS:,} are drawn.")
    x = _numeric(dataset)
    what = "features"
    if dataset.n_rows != n:
        x, what = _means(x, dataset.logical_indices(), n), "features, means of each group"
    d = x.shape[1]
    if d == 0:
        raise InputError(f"The points have no numeric features to make a map of. {INSTEAD}")
    if min(n, d) < 2:
        known = arrays.is_sparse(x)
        first = np.asarray(x.toarray() if known else x, dtype=np.float32)[:, 0]
        xy = np.column_stack([first, np.zeros(n, dtype=np.float32)])
        return Coordinates("Map", ("feature", ""), "There is one feature: nothing to project.", xy)
    xy, shares = _sparse_axes(x) if arrays.is_sparse(x) else _axes(x)
    across, up = (f"PC {i} ({100 * share:.0f} %)" for i, share in enumerate(shares, 1))
    of = f"Principal components of {d:,} standardised {what}; in brackets the share of the variance."
    return Coordinates("PCA", (across, up), of, xy)


def _numeric(dataset: Dataset) -> Any:
    """(rows, d) numbers: an array, or a sparse matrix."""
    x = dataset.x
    if arrays.is_sparse(x):
        return x.tocsr()
    if arrays.is_frame(x):
        return x.select_dtypes(["number", "bool"]).to_numpy(dtype=np.float32, na_value=np.nan)
    table = arrays.as_numpy(x)
    if table.dtype.kind not in "biuf":
        raise InputError(
            f"The points are no numbers ({table.dtype}), so that there is no map of them. {INSTEAD}"
        )
    return table.reshape(len(table), -1)


def _means(x: Any, groups: NDArray[np.intp], n: int) -> Any:
    from scipy import sparse

    size = np.bincount(groups, minlength=n)
    average = sparse.csr_matrix(
        (1.0 / size[groups], (groups, np.arange(len(groups)))), shape=(n, len(groups))
    )
    return average @ x


def _axes(x: NDArray[Any]) -> tuple[NDArray[np.float32], list[float]]:
    from sklearn.decomposition import PCA

    n, d = x.shape
    sample = _block(x[_sample(n, d)])
    count = np.isfinite(sample).sum(axis=0)
    clean = np.where(np.isfinite(sample), sample, 0.0)
    mean = clean.sum(axis=0, dtype=np.float64) / np.maximum(count, 1)
    spread = np.where(np.isfinite(sample), sample - mean, 0.0)
    scale = np.sqrt((spread**2).sum(axis=0) / np.maximum(count, 1))
    scale[~(scale > 1e-12 * np.maximum(1.0, np.abs(mean)))] = 1.0

    def standard(rows: NDArray[Any]) -> NDArray[np.float32]:
        z = (_block(rows) - mean) / scale
        z[~np.isfinite(z)] = 0.0
        small: NDArray[np.float32] = z.astype(np.float32)
        return small

    pca = PCA(2, svd_solver="randomized" if d > WIDE else "auto", random_state=0).fit(spread / scale)
    xy = np.empty((n, 2), dtype=np.float32)
    step = max(1, BLOCK_CELLS // d)
    for start in range(0, n, step):
        xy[start : start + step] = pca.transform(standard(x[start : start + step]))
    shares = np.nan_to_num(pca.explained_variance_ratio_)
    return xy, [float(share) for share in shares]


def _sparse_axes(x: Any) -> tuple[NDArray[np.float32], list[float]]:
    from sklearn.decomposition import TruncatedSVD
    from sklearn.preprocessing import StandardScaler

    x = x.astype(np.float64)
    x.data[~np.isfinite(x.data)] = 0.0
    scaled = StandardScaler(with_mean=False).fit_transform(x)
    svd = TruncatedSVD(2, random_state=0)
    xy = svd.fit_transform(scaled).astype(np.float32)
    return xy, [float(share) for share in np.nan_to_num(svd.explained_variance_ratio_)]


def _sample(n: int, d: int) -> NDArray[np.intp] | slice:
    size = max(2, FIT_CELLS // d)
    if size >= n:
        return slice(None)
    return np.sort(np.random.default_rng(0).choice(n, size, replace=False))


def _block(rows: NDArray[Any]) -> NDArray[np.float64]:
    return np.asarray(rows, dtype=np.float64)
