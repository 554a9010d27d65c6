"""Ranks by one sort of packed integers: those of sums of squared differences, ties to the lower row."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.spatial.distance import cdist

from dvlwidgets.utility import knn_order
from dvlwidgets.utility.knn_order import EuclideanOrder, ranked_cells, ranking

SHAPES = [(1, 3, 2), (2, 3, 1), (5, 1, 300), (60, 20, 3), (3000, 8, 64), (5000, 4, 1)]
GRIDS = [None, 1, 2, 3]


def tables(n: int, t: int, d: int, grid: int | None) -> tuple[np.ndarray, np.ndarray]:
    """Random numbers with some copies, or whole numbers of which many distances tie."""
    rng = np.random.default_rng([n, t, d])
    if grid is not None:
        return rng.integers(0, grid, (n, d)).astype(float), rng.integers(0, grid, (t, d)).astype(float)
    x = rng.normal(size=(n, d))
    x[rng.integers(0, n, n // 50)] = x[rng.integers(0, n)]
    return x, rng.normal(size=(t, d))


def expected(x: np.ndarray, x_test: np.ndarray) -> np.ndarray:
    return np.argsort(cdist(x_test, x), axis=1, kind="stable")


@pytest.mark.parametrize("grid", GRIDS)
@pytest.mark.parametrize(("n", "t", "d"), SHAPES)
def test_products_rank_as_sums_of_differences_do(n: int, t: int, d: int, grid: int | None) -> None:
    x, x_test = tables(n, t, d, grid)
    for shift, scale in [(0.0, 1.0), (1e6, 1.0), (0.0, 1e-200), (0.0, 1e200), (0.0, 1e-5)]:
        a, b = x * scale + shift, x_test * scale + shift
        found = EuclideanOrder(a, b)
        np.testing.assert_array_equal(found(np.arange(t)), expected(a, b), f"{shift}, {scale}")
        np.testing.assert_array_equal(found(np.arange(t)[::-1][:3]), expected(a, b)[::-1][:3])


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("n", [1, 400])
def test_pieces_of_some_test_points_rank_as_all_together(n: int, dtype: type) -> None:
    x, x_test = tables(n, 9, 5, None)
    order, at = EuclideanOrder(x.astype(dtype), x_test.astype(dtype), dtype), np.array([3, 1, 8, 0, 2])
    pieces = [piece.copy() for piece in order.pieces(at, 2)]
    assert [len(piece) for piece in pieces] == [2, 2, 1]
    np.testing.assert_array_equal(np.concatenate(pieces), order(at))


@pytest.mark.parametrize("grid", GRIDS)
@pytest.mark.parametrize(("n", "t", "d"), SHAPES)
def test_any_numbers_are_ranked_as_by_a_stable_sort(n: int, t: int, d: int, grid: int | None) -> None:
    distances = cdist(*reversed(tables(n, t, d, grid)))
    for numbers in (
        distances,
        distances - 5.0,
        -np.exp(3.0 * distances),
        np.where(distances > 2, np.inf, 1.0),
    ):
        np.testing.assert_array_equal(ranking(numbers), np.argsort(numbers, axis=1, kind="stable"))
    near_ties = 1.0 + np.round(distances, 1) * 1e-15
    near_ties[:, 0] = 1e6  # so that a cell is wider than their gaps
    np.testing.assert_array_equal(ranking(near_ties), np.argsort(near_ties, axis=1, kind="stable"))


def test_a_twin_that_believes_its_products_is_rejected(monkeypatch: pytest.MonkeyPatch) -> None:
    x, x_test = tables(3000, 8, 64, 3)
    believer = lambda cells, blur, measure: ranked_cells(cells, -1.0, measure)
    monkeypatch.setattr(knn_order, "ranked_cells", believer)
    assert (EuclideanOrder(x, x_test)(np.arange(8)) != expected(x, x_test)).any()


def test_single_precision_ranks_nearly_alike() -> None:
    x, x_test = tables(3000, 8, 64, None)
    order = EuclideanOrder(x.astype(np.float32), x_test.astype(np.float32), np.float32)(np.arange(8))
    distances = np.take_along_axis(cdist(x_test, x), order, axis=1)
    assert (np.sort(order, axis=1) == np.arange(3000)).all()
    assert np.diff(distances, axis=1).min() > -1e-5
