"""Removal experiments, and plots: what is drawn is what was computed."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import joblib
import matplotlib as mpl
import numpy as np
import pytest
from scipy import stats
from sklearn.datasets import make_classification
from sklearn.naive_bayes import GaussianNB

from dvlwidgets import (
    Dataset,
    LOOValuation,
    MaxUpdates,
    MSRSampler,
    ShapleyValuation,
    SupervisedScorer,
    Utility,
)
from dvlwidgets.errors import InputError, InputTypeError, InstallationError
from dvlwidgets.reporting import (
    compute_removal_score,
    plot_ci_array,
    plot_ci_values,
    plot_influence_distribution,
    plot_influence_distribution_by_label,
    plot_result_errors,
    run_removal_experiment,
)
from dvlwidgets.valuation.result import ValuationResult

mpl.use("Agg")


@pytest.fixture(autouse=True)
def _close() -> Iterator[None]:
    yield
    from matplotlib import pyplot as plt

    plt.close("all")


# --- removal experiments --------------------------------------------------------------------------------------


def make_data(random_state: int) -> tuple[Dataset, Dataset]:
    x, y = make_classification(40, 4, random_state=random_state)
    return Dataset.from_arrays(x, y, train_size=20, random_state=random_state)


def make_utility(test: Dataset, random_state: int) -> Utility:
    return Utility(GaussianNB(), SupervisedScorer("accuracy", test), show_warnings=False)


def make_loo(train: Dataset, random_state: int) -> LOOValuation:
    return LOOValuation(Utility(GaussianNB(), SupervisedScorer("probability", train), show_warnings=False))


def make_shapley(utility: Any, random_state: int) -> ShapleyValuation:
    return ShapleyValuation(utility, MSRSampler(seed=random_state), MaxUpdates(20))


SHARES = [0.0, 0.1, 0.5]


def test_curves_are_those_of_the_methods_on_the_same_data() -> None:
    curves = run_removal_experiment(
        make_data, [make_loo, make_shapley, make_loo], make_utility, SHARES, n_runs=2, random_state=7
    )
    low, high = curves
    for frame in curves:
        assert frame["run"].tolist() == [0, 0, 0, 1, 1, 1]
        names = ["Leave-one-out", "Shapley", "Leave-one-out (2)"]
        assert frame["method_name"].tolist() == names * 2
        assert list(frame.columns) == ["run", "method_name", *SHARES]
        assert (frame[0.0].to_numpy().reshape(2, 3) == frame[0.0].to_numpy().reshape(2, 3)[:, :1]).all()
        np.testing.assert_array_equal(frame.loc[[0, 3], SHARES], frame.loc[[2, 5], SHARES])
    seeds: list[int] = []
    run_removal_experiment(
        lambda random_state: seeds.append(random_state) or make_data(random_state),
        [make_loo],
        make_utility,
        SHARES,
        n_runs=2,
        random_state=7,
    )
    assert len(set(seeds)) == 2
    train, test = make_data(seeds[1])
    utility = make_utility(test, 0)
    result = make_loo(train, 0).fit(train).values()
    assert low.loc[3, SHARES].to_dict() == compute_removal_score(utility, result, train, SHARES)
    assert high.loc[3, SHARES].to_dict() == compute_removal_score(
        utility, result, train, SHARES, remove_best=True
    )


def test_the_same_seed_gives_the_same_curves_also_with_workers() -> None:
    with joblib.parallel_config(backend="threading"):
        one, two = (
            run_removal_experiment(
                make_data, [make_shapley], make_utility, SHARES, n_jobs=n_jobs, random_state=3
            ).low.to_numpy()
            for n_jobs in (1, 2)
        )
    assert one.tolist() == two.tolist()


def test_factories_with_names_of_their_own_are_called_in_order() -> None:
    def data(s: int) -> Any:
        return make_data(s)

    def loo(points: Any, s: int) -> Any:
        return make_loo(points, s)

    def utility(judges: Any, s: int) -> Any:
        return make_utility(judges, s)

    mine, plain = (
        run_removal_experiment(*factories, SHARES, random_state=1).high
        for factories in ((data, [loo], utility), (make_data, [make_loo], make_utility))
    )
    assert mine.equals(plain)


@pytest.mark.parametrize(
    ("change", "error", "words"),
    [
        ({"data_factory": make_data(0)}, InputTypeError, "data_factory must be a function"),
        ({"utility_factory": None}, InputTypeError, "utility_factory must be a function"),
        ({"valuation_factories": []}, InputTypeError, "at least one function"),
        ({"valuation_factories": make_loo}, InputTypeError, "at least one function"),
        ({"valuation_factories": ["loo"]}, InputTypeError, "each of valuation_factories must be"),
        ({"removal_percentages": [10]}, InputError, "A tenth is 0.1"),
        ({"n_runs": 0}, InputError, "n_runs must be at least 1"),
        ({"n_jobs": 1.5}, InputTypeError, "n_jobs must be an integer"),
        (
            {"data_factory": lambda random_state: make_data(0)[0]},
            InputTypeError,
            "pair of a training and a test",
        ),
    ],
)
def test_wrong_factories_are_refused(change: Any, error: Any, words: str) -> None:
    arguments = {
        "data_factory": make_data,
        "valuation_factories": [make_loo],
        "utility_factory": make_utility,
        "removal_percentages": SHARES,
    }
    with pytest.raises(error, match=words):
        run_removal_experiment(**{**arguments, **change})


# --- plots ----------------------------------------------------------------------------------------------------


def band(ax: Any) -> tuple[np.ndarray, np.ndarray]:
    """Lower and upper edge of the shaded interval."""
    vertices = ax.collections[0].get_paths()[0].vertices
    where = np.unique(vertices[:, 0])
    edges = [vertices[vertices[:, 0] == x, 1] for x in where]
    return np.array([e.min() for e in edges]), np.array([e.max() for e in edges])


def result(counts: Any = 50) -> ValuationResult:
    return ValuationResult(
        values=np.array([0.1, 0.3, -0.2, 0.5]),
        variances=np.array([0.04, 0.01, 0.09, 0.0]) * 50,
        counts=np.broadcast_to(counts, 4),
        data_names=["a", "b", "c", "d"],
        algorithm="Shapley",
    )


def test_runs_are_drawn_with_the_interval_of_their_mean() -> None:
    runs = np.random.default_rng(0).normal(size=(6, 5))
    for kind, quantile in [
        ("normal", stats.norm.ppf(0.975)),
        ("t", stats.t.ppf(0.975, 5)),
        ("auto", stats.t.ppf(0.975, 5)),
    ]:
        ax = plot_ci_array(runs, 0.05, type=kind, label=kind)
        mean, half = runs.mean(axis=0), quantile * stats.sem(runs, axis=0)
        np.testing.assert_allclose(ax.lines[0].get_ydata(), mean)
        low, high = band(ax)
        np.testing.assert_allclose(low, mean - half)
        np.testing.assert_allclose(high, mean + half)
        assert ax.lines[0].get_label() == kind


def test_values_are_drawn_in_their_present_order_with_their_intervals() -> None:
    sorted_result = result().sort()
    ax = plot_ci_values(sorted_result, level=0.1, type="normal", abscissa=[10, 20, 30, 40])
    np.testing.assert_allclose(ax.lines[0].get_ydata(), [-0.2, 0.1, 0.3, 0.5])
    np.testing.assert_allclose(ax.lines[0].get_xdata(), [10, 20, 30, 40])
    low, high = band(ax)
    half = stats.norm.ppf(0.95) * np.array([0.3, 0.2, 0.1, 0.0])
    np.testing.assert_allclose(low, [-0.2, 0.1, 0.3, 0.5] - half)
    np.testing.assert_allclose(high - half, [-0.2, 0.1, 0.3, 0.5])
    few, many = (band(plot_ci_values(result(n), type="auto")) for n in (5, 500))
    known = slice(0, 3)
    assert ((few[1] - few[0])[known] / (many[1] - many[0])[known]).min() > 10 * 1.4  # sqrt(100), and t of 4


def test_errors_are_drawn_under_the_points_names() -> None:
    from matplotlib import pyplot as plt

    _, given = plt.subplots()
    ax = plot_result_errors(result().sort(reverse=True), level=0.05, ax=given, title="mine", ylabel="score")
    assert ax is given
    assert [tick.get_text() for tick in ax.get_xticklabels()] == ["d", "b", "a", "c"]
    bars = ax.collections[0].get_segments()
    halves = [(bar[1, 1] - bar[0, 1]) / 2 for bar in bars]
    np.testing.assert_allclose(halves, stats.norm.ppf(0.975) * np.array([0.0, 0.1, 0.2, 0.3]))
    assert (ax.get_title(), ax.get_ylabel()) == ("mine", "score")
    assert "Shapley" in plot_result_errors(result()).get_title()


def test_exact_values_have_no_interval_and_unknown_ones_are_left_out() -> None:
    exact = ValuationResult(values=np.ones(3), variances=np.zeros(3), counts=np.ones(3, int))
    low, high = band(plot_ci_values(exact))
    np.testing.assert_array_equal(low, high)
    unknown = ValuationResult(
        values=np.array([1.0, np.nan, 2.0]), variances=np.full(3, np.nan), counts=np.array([1, 0, 1])
    )
    assert np.isnan(plot_ci_values(unknown).lines[0].get_ydata()[1])
    plot_result_errors(unknown).figure.canvas.draw()


def test_influences_are_counted_in_bars() -> None:
    influences = np.random.default_rng(1).normal(size=(3, 200))
    ax = plot_influence_distribution(influences, 2, "of a net", bins=20)
    heights = [patch.get_height() for patch in ax.patches]
    np.testing.assert_array_equal(heights, np.histogram(influences[2], 20)[0])
    assert "test point 2 of a net" in ax.get_title()
    labels = np.array(["cat", "dog"])[np.arange(200) % 2]
    ax = plot_influence_distribution_by_label(influences[0], labels, bins=10)
    assert [label.get_text() for label in ax.get_legend().get_texts()] == ["cat", "dog"]
    assert sum(patch.get_height() for patch in ax.patches) == 200


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: plot_ci_array([1.0, 2.0], 0.05), "runs, n"),
        (lambda: plot_ci_array([[1.0, 2.0]], 0.05), "at least two runs"),
        (lambda: plot_ci_array(np.ones((3, 2)), 0.95), "For 95 % intervals pass 0.05"),
        (lambda: plot_ci_array(np.ones((3, 2)), type="wide"), "'normal', 't' or 'auto'"),
        (lambda: plot_ci_array(np.ones((3, 2)), abscissa=[1]), "abscissa has shape"),
        (lambda: plot_ci_values(np.ones(3)), "must be a ValuationResult"),
        (lambda: plot_result_errors([1.0]), "must be a ValuationResult"),
        (lambda: plot_influence_distribution(np.ones(3), 0), "test points, training points"),
        (lambda: plot_influence_distribution(np.ones((2, 3)), 2), "at most 1"),
        (lambda: plot_influence_distribution(np.ones((2, 3)), -1), "at least 0"),
        (lambda: plot_influence_distribution_by_label(np.ones(3), [0, 1]), "expected \\(n,\\) each"),
    ],
)
def test_wrong_input_to_plots_is_refused(call: Any, words: str) -> None:
    with pytest.raises((InputError, InputTypeError), match=words):
        call()


def test_without_matplotlib_one_sentence_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    import sys

    monkeypatch.setitem(sys.modules, "matplotlib", None)
    monkeypatch.delitem(sys.modules, "matplotlib.pyplot", raising=False)
    with pytest.raises(InstallationError, match=r"pip install 'dvlwidgets\[plots\]'"):
        plot_ci_array(np.ones((3, 2)))
