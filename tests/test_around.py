"""What lies around a training point: against scikit-learn, KNN-Shapley itself, and all subsets of a game."""

from __future__ import annotations

from itertools import combinations
from math import comb
from pathlib import Path

import numpy as np
import pytest
from panel_fakes import panels
from sklearn.neighbors import KNeighborsClassifier, KNeighborsRegressor, NearestNeighbors
from sklearn.preprocessing import StandardScaler

from dvlwidgets import KNNShapleyValuation
from dvlwidgets.data import Dataset
from dvlwidgets.errors import InputError
from dvlwidgets.evaluation import around
from dvlwidgets.evaluation.around import Around
from dvlwidgets.widgets.parts.around import AroundPart


def points(n: int, seed: int, *, classes: bool = True) -> Dataset:
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(n, 3)) * [1.0, 100.0, 0.01]
    return Dataset(x, rng.integers(0, 3, n) if classes else x[:, 0] + rng.normal(size=n))


def test_the_nearest_are_those_of_standardised_features_without_the_point_itself() -> None:
    train = points(60, 0)
    scaled = StandardScaler().fit_transform(train.x)
    far, rows = NearestNeighbors(n_neighbors=6).fit(scaled).kneighbors(scaled)
    found = Around(train, None)
    for row in (0, 17, 59):
        near, distances = found.nearest(train.take([row]), 5, row)
        assert near.tolist() == rows[row, 1:].tolist()
        assert np.allclose(distances, far[row, 1:])
    assert len(found.nearest(train.take([0]), 100, 0)[0]) == 59


def test_a_model_of_neighbours_lends_its_metric_and_its_k() -> None:
    train, test = points(40, 1), points(12, 2)
    model = KNeighborsClassifier(3, metric="manhattan")
    valuation = KNNShapleyValuation(model, test, progress=False).fit(train)
    found = Around(train, test, model)
    effects = found.effects()
    assert effects.k == 3
    assert np.allclose(effects.worth.mean(axis=0), valuation.result.values, atol=1e-7)
    mean, rank = effects.rank(7)
    assert mean == pytest.approx(valuation.result.values[7], abs=1e-7)
    assert rank == 1 + (valuation.result.values < valuation.result.values[7] - 1e-9).sum()
    near = NearestNeighbors(n_neighbors=4, metric="manhattan").fit(train.x).kneighbors(train.x[[5]])[1][0]
    assert found.nearest(train.take([5]), 3, 5)[0].tolist() == near[1:].tolist()


def test_the_effect_of_a_target_on_a_test_point_is_its_shapley_value() -> None:
    train, test = points(7, 3, classes=False), points(3, 4, classes=False)
    effects = Around(train, test, KNeighborsRegressor(2)).effects()
    baseline = train.y.mean()

    def score(subset: tuple[int, ...], at: int) -> float:
        far = np.linalg.norm(train.x[list(subset)] - test.x[at], axis=1) if subset else np.zeros(0)
        nearest = [subset[i] for i in np.argsort(far)[:2]]
        mean = (sum(train.y[i] for i in nearest) + (2 - len(nearest)) * baseline) / 2
        return -(float(mean - test.y[at]) ** 2)

    for at in range(3):
        for i in range(7):
            rest = [j for j in range(7) if j != i]
            value = sum(
                (score((*s, i), at) - score(s, at)) / (7 * comb(6, k))
                for k in range(7)
                for s in combinations(rest, k)
            )
            assert effects.worth[at, i] == pytest.approx(value, abs=1e-5)


def test_of_many_test_points_some_are_asked_and_too_many_points_are_refused(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    train, test = points(40, 1), points(50, 2)
    monkeypatch.setattr(around, "MOST_PAIRS", 40 * 20)
    effects = Around(train, test).effects()
    assert (len(effects.tests), effects.of, effects.worth.shape) == (20, 50, (20, 40))
    assert np.array_equal(effects.tests, np.unique(effects.tests))
    monkeypatch.setattr(around, "MOST_PAIRS", 40 * 9)
    with pytest.raises(InputError, match="40 points are too many to compare"):
        Around(train, test).effects()
    monkeypatch.setattr(around, "MOST_NUMBERS", 119)
    with pytest.raises(InputError, match="too many to search"):
        Around(train, test)


@pytest.mark.parametrize(
    ("x", "words"),
    [
        (np.array([["a"], ["b"]], dtype=object), "Not all features are numbers"),
        (np.array([[1.0], [np.nan]]), "Some features are missing"),
        (np.array([[1e300], [-1e300]]), "features are so large"),
    ],
)
def test_what_has_no_distances_is_refused_in_words(x: np.ndarray, words: str) -> None:
    with pytest.raises(InputError, match=words):
        Around(Dataset(x, [0, 1]), None)


def test_the_panel_tells_of_labels_as_they_are_now_and_not_of_dropped_points(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)  # edits are kept there
    train, test = points(40, 1), points(12, 2)
    with panels() as make:
        panel, _ = make(train, valuation=KNNShapleyValuation(KNeighborsClassifier(3), test))
        part = next(part for part in panel._desk.parts.values() if isinstance(part, AroundPart))
        told = part._look(7, "r1").content
        near = told["near"]["rows"]
        effects = Around(train, test, KNeighborsClassifier(3)).effects()
        worth = effects.worth[:, 7]
        assert told["effects"]["rows"] == [at for at in np.argsort(worth, kind="stable")[:5] if worth[at] < 0]
        assert told["effects"]["hurt"] == (worth < 0).sum()
        assert told["effects"]["labels"] == [str(test.labels[at]) for at in told["effects"]["rows"]]

        panel.edits.drop(train, [near[0]])
        panel.edits.relabel(train, [7], int((train.labels[7] + 1) % 3))
        again = part._look(7, "r2").content
        assert again["near"]["rows"][:4] == near[1:]
        now = Around(panel.dataset(), test, KNeighborsClassifier(3)).effects()
        at = [*range(40)]
        at.remove(near[0])
        assert again["effects"]["mean"] == pytest.approx(now.rank(at.index(7))[0])
        assert part._look(near[0], "r3").content["effects"] is None


def test_test_points_of_other_features_and_targets_without_squares_are_refused_in_words() -> None:
    train = points(20, 0)
    with pytest.raises(InputError, match=r"features \(2\) than the training points \(3\)"):
        Around(train, Dataset(train.x[:, :2], train.y)).effects()
    large = Dataset(train.x, np.linspace(-1e300, 1e300, 20))
    with pytest.raises(InputError, match="targets are so large"):
        Around(large, large).effects()


def test_with_all_points_dropped_the_panel_says_why_nothing_is_near_and_refuses_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    train, test = points(10, 1), points(5, 2)
    with panels() as make:
        panel, _ = make(train, valuation=KNNShapleyValuation(KNeighborsClassifier(3), test))
        part = next(part for part in panel._desk.parts.values() if isinstance(part, AroundPart))
        panel.edits.drop(train, range(10))
        told = part._look(7, "r1").content
        assert told["near"] is None
        assert "all 10 points would be dropped" in told["why"]
        panel.edits.undo()
        assert part._look(7, "r2").content["near"]["rows"]
