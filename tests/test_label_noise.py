"""The script behind the table of label noise, on what takes a second of it."""

from __future__ import annotations

import numpy as np
import pytest
from bench.label_noise import (
    LEFT_OUT,
    METHODS,
    NOISE,
    REFERENCE,
    SIZES,
    Cell,
    beside_reference,
    make_task,
    score,
    table,
)
from scipy import stats

KNN = "KNN-Shapley, k = 5"


@pytest.mark.parametrize("name", SIZES)
def test_the_protocol(name: str) -> None:
    task = make_task(name, seed=1)
    assert len(task.train) == SIZES[name]
    assert len(task.wrong) == round(NOISE * SIZES[name])
    assert 50 <= len(task.val) <= 300
    assert task.train.x.mean(axis=0) == pytest.approx(0, abs=1e-9)


@pytest.mark.parametrize("name", ["iris", "wine"])
def test_knn_shapley_finds_what_the_reference_finds(name: str) -> None:
    cell = score(KNN, name, range(5))
    # two means of five seeds each, three scores on two data sets: one-sided at 1 % for all together
    error = cell.scores.std(axis=0, ddof=1) * np.sqrt(2 / 5)
    limit = stats.t.ppf(1 - 0.01 / 6, 8)
    assert (cell.scores.mean(axis=0) > np.array(REFERENCE[KNN][name]) - limit * error).all()
    assert cell.mean.precision > 0.9


def test_random_values_find_as_much_as_chance() -> None:
    cell = score("Random", "iris", range(40))
    # 40 draws of 18 out of 90 of which 18 are wrong: the mean's standard deviation is .0135
    assert abs(cell.scores[:, 0].mean() - NOISE) < 4 * 0.0135


def test_the_tables_say_what_was_found() -> None:
    scores = np.array([[0.5, 0.6, 0.7], [0.7, 0.8, 0.9]])
    cells = {(KNN, "iris"): Cell(scores, 1.0), ("Random", "iris"): Cell(scores / 2, 0.1)}
    assert "| KNN-Shapley, k = 5 | **0.600** / 0.700 / 0.800 (1 s) |" in table(cells)
    assert "| Random | 0.300 / 0.350 / 0.400 (0.1 s) |" in table(cells)
    assert "| KNN-Shapley, k = 5 | iris | 0.600 (-0.322, -2.7 se)" in beside_reference(cells)
    assert "Random" not in beside_reference(cells)


def test_pairs_that_are_left_out_exist() -> None:
    assert all(method in METHODS and name in SIZES for method, name in LEFT_OUT)
    assert set(REFERENCE) <= set(METHODS)
