"""`ModelUtility`: any model, any data, failures and warnings as data, the first fit checked, fits seeded."""

from __future__ import annotations

import pickle
import random
import threading
import warnings
from pathlib import Path
from typing import Any

import joblib
import numpy as np
import pandas as pd
import pytest
from engine_worlds import blobs
from sklearn.compose import ColumnTransformer
from sklearn.ensemble import BaggingClassifier, RandomForestClassifier
from sklearn.linear_model import LinearRegression, LogisticRegression, SGDClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler
from sklearn.tree import DecisionTreeClassifier

from dvlwidgets import (
    Dataset,
    GroupedDataset,
    MaxUpdates,
    MSRSampler,
    PermutationSampler,
    ShapleyValuation,
    SupervisedScorer,
    Utility,
)
from dvlwidgets.engine.records import FAILED, OK
from dvlwidgets.errors import FirstFitError, InputError, ScorerError, TooManyFailuresError
from dvlwidgets.utility.warning_tap import warnings_counted

TRAIN, TEST = blobs(16)
MASKS = np.array([[j % (k + 3) != 0 for j in range(16)] for k in range(5)])


def accuracy(model: Any, mask: np.ndarray) -> float:
    """The definition: fit on the rows of the mask, share of right answers on the test set."""
    return float((model.fit(TRAIN.x[mask], TRAIN.y[mask]).predict(TEST.x) == TEST.y).mean())


def bound(model: Any, scoring: Any = "accuracy", data: Dataset = TRAIN, **kwargs: Any) -> Any:
    default = kwargs.pop("default", None)
    return Utility(model, SupervisedScorer(scoring, TEST, default), **kwargs).with_dataset(data)


class Nearest:
    """Fit and predict, nothing else: the label of the nearest class mean."""

    def fit(self, x: Any, y: Any) -> None:
        self.labels = np.unique(y)
        self.means = np.array([x[y == c].mean(axis=0) for c in self.labels])

    def predict(self, x: Any) -> Any:
        return self.labels[((x[:, None] - self.means) ** 2).sum(axis=2).argmin(axis=1)]


class Scored:
    """Fit and score, nothing else: minus the distance of the means."""

    def fit(self, x: Any, y: Any) -> None:
        self.mean = x.mean()

    def score(self, x: Any, y: Any) -> float:
        return -abs(float(x.mean() - self.mean))


class Picky(Nearest):
    """Fails without a certain point."""

    def fit(self, x: Any, y: Any) -> None:
        if not (x == TRAIN.x[3]).all(axis=1).any():
            raise ArithmeticError("point 3 is missing")
        super().fit(x, y)


class Loud(Nearest):
    """Warns twice a fit, once from Python and once from C."""

    def fit(self, x: Any, y: Any) -> None:
        warnings.warn("did not converge", RuntimeWarning, stacklevel=2)
        np.log(np.zeros(1))
        super().fit(x, y)


# --- any model, any data --------------------------------------------------------------------------------------


def test_fit_and_predict_are_enough() -> None:
    found = bound(Nearest())(MASKS)
    expected = []
    for mask in MASKS:
        model = Nearest()
        model.fit(TRAIN.x[mask], TRAIN.y[mask])
        expected.append((model.predict(TEST.x) == TEST.y).mean())
    np.testing.assert_array_equal(found, expected)


def test_fit_and_score_are_enough_with_the_models_own_score() -> None:
    found = bound(Scored(), "score", default=-1.0)(MASKS)
    np.testing.assert_allclose(found, [-abs(TEST.x.mean() - TRAIN.x[m].mean()) for m in MASKS])
    with pytest.raises(FirstFitError, match="predict"):
        bound(Scored(), "accuracy").first()


def test_estimators_and_pipelines_equal_a_fit_by_hand() -> None:
    for model in (LogisticRegression(), make_pipeline(StandardScaler(), LogisticRegression(C=0.1))):
        np.testing.assert_array_equal(bound(model)(MASKS), [accuracy(model, mask) for mask in MASKS])


def test_frames_stay_frames_up_to_fit() -> None:
    frame = pd.DataFrame(TRAIN.x, columns=["a", "b", "c"]).assign(colour=list("rgbw") * 4)
    frame["colour"] = frame["colour"].astype("category")
    train = Dataset(frame, pd.Series(TRAIN.y, name="label"))
    test = Dataset(frame[["colour", "c", "b", "a"]], TRAIN.y)  # other order: columns are taken by name
    by_name = ColumnTransformer([("n", StandardScaler(), ["a", "b"]), ("c", OneHotEncoder(), ["colour"])])
    utility = Utility(make_pipeline(by_name, LogisticRegression()), SupervisedScorer("accuracy", test))
    masks = np.ones((2, 16), bool)
    masks[1, :4] = False
    expected = [
        make_pipeline(by_name, LogisticRegression()).fit(frame[m], TRAIN.y[m]).score(frame, TRAIN.y)
        for m in masks
    ]
    np.testing.assert_array_equal(utility.with_dataset(train)(masks), expected)


def test_masks_of_grouped_data_are_over_groups() -> None:
    groups = GroupedDataset.from_dataset(TRAIN, np.arange(16) // 4)
    utility = bound(Nearest(), data=groups)
    assert utility.n == 4
    masks = np.array([[True, False, True, False], [True, True, True, True], [False, True, False, False]])
    np.testing.assert_array_equal(utility(masks), bound(Nearest())(np.repeat(masks, 4, axis=1)))


def test_several_metrics_at_once_and_values_refer_to_the_first() -> None:
    utility = bound(LogisticRegression(), ["neg_log_loss", "accuracy"])
    found = utility(MASKS)
    assert found.shape == (5, 2)
    np.testing.assert_array_equal(found[:, 1], bound(LogisticRegression())(MASKS))
    np.testing.assert_array_equal(found[:, 0], bound(LogisticRegression(), "neg_log_loss")(MASKS))
    assert utility.metrics == ("neg_log_loss", "accuracy")

    def values(scoring: Any) -> Any:
        scorer = SupervisedScorer(scoring, TEST)
        valuation = ShapleyValuation(
            Utility(LogisticRegression(), scorer), PermutationSampler(seed=0), MaxUpdates(2)
        )
        return valuation.fit(TRAIN).result

    both, one = values(["neg_log_loss", "accuracy"]), values("neg_log_loss")
    np.testing.assert_array_equal(both.values, one.values)
    assert "neg_log_loss" in both.unit


def test_the_empty_set_scores_the_default_without_a_fit() -> None:
    nothing = np.zeros((1, 16), bool)
    assert bound(Picky(), default=0.25)(nothing)[0] == 0.25
    evaluations = bound(Picky(), default=0.25).evaluate(nothing)
    assert evaluations.status.tolist() == [OK]
    assert evaluations.failure is None


@pytest.mark.parametrize(
    ("masks", "words"),
    [
        ([True] * 16, "mask\\[None, :\\]"),
        (np.ones((2, 15)), r"\(B, 16\)"),
        (np.full((1, 16), 2), "boolean"),
        (np.full((1, 16), np.nan), "boolean"),
        (np.arange(16)[None], "from_set_function"),
    ],
)
def test_masks_are_checked(masks: Any, words: str) -> None:
    with pytest.raises(InputError, match=words):
        bound(Nearest())(masks)


def test_masks_of_zeros_and_ones_are_masks() -> None:
    np.testing.assert_array_equal(bound(Nearest())(MASKS.astype(int)), bound(Nearest())(MASKS))


# --- failures are data ----------------------------------------------------------------------------------------


def test_failing_fits_are_data() -> None:
    evaluations = bound(Picky(), default=0.125).evaluate(MASKS)
    failed = ~MASKS[:, 3]
    assert failed.any()
    assert (~failed).any()
    np.testing.assert_array_equal(evaluations.status, np.where(failed, FAILED, OK))
    np.testing.assert_array_equal(evaluations.values[failed, 0], 0.125)
    np.testing.assert_array_equal(
        evaluations.values[~failed], bound(Nearest()).evaluate(MASKS[~failed]).values
    )


def test_the_first_traceback_is_kept() -> None:
    class Counted(Picky):
        def fit(self, x: Any, y: Any) -> None:
            raise ArithmeticError(f"{len(x)} rows")

    text = bound(Counted()).evaluate(MASKS).failure
    assert text is not None
    assert f"ArithmeticError: {MASKS[0].sum()} rows" in text
    assert "Traceback" in text
    assert Path(__file__).name in text


def test_errors_are_raised_on_request() -> None:
    with pytest.raises(ArithmeticError, match="point 3"):
        bound(Picky(), catch_errors=False).evaluate(~np.eye(16, dtype=bool))


def test_a_score_that_is_no_number_is_a_failure() -> None:
    def nan_below_ten(model: Any, x: Any, y: Any) -> float:
        return float("nan") if model.rows < 10 else 1.0

    class Sized(Nearest):
        def fit(self, x: Any, y: Any) -> None:
            self.rows = len(x)
            super().fit(x, y)

    masks = np.tri(16, dtype=bool)[1:]
    evaluations = bound(Sized(), nan_below_ten, default=0.0).evaluate(masks)
    np.testing.assert_array_equal(evaluations.status, np.where(masks.sum(axis=1) < 10, FAILED, OK))
    assert np.isfinite(evaluations.values).all()


def test_failures_are_counted_and_shown_by_a_run() -> None:
    scorer = SupervisedScorer("accuracy", TEST)
    valuation = ShapleyValuation(Utility(Flaky(), scorer), MSRSampler(seed=0), MaxUpdates(30))
    frames = list(valuation.stream(TRAIN))
    assert frames[-1].failures > 0
    assert "ArithmeticError" in frames[-1].first_failure
    assert any("fits failed" in note for note in valuation.result.provenance.notes)


class Flaky(Nearest):
    """Fails on sets of one class."""

    def fit(self, x: Any, y: Any) -> None:
        if len(np.unique(y)) < 2:
            raise ArithmeticError("one class")
        super().fit(x, y)


# --- warnings are counted -------------------------------------------------------------------------------------


def test_warnings_are_counted_and_not_printed(capfd: pytest.CaptureFixture[str]) -> None:
    before = list(warnings.filters)
    evaluations = bound(Loud()).evaluate(
        MASKS
    )  # pytest makes warnings errors: none of the fits may fail by that
    assert evaluations.warnings == 2 * len(MASKS)
    assert evaluations.warning == "RuntimeWarning: did not converge"
    assert (evaluations.status == OK).all()
    assert list(warnings.filters) == before
    assert capfd.readouterr() == ("", "")


def test_lines_that_warned_before_are_counted_again() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("default")  # once a line
        with warnings.catch_warnings(record=True):
            Loud().fit(TRAIN.x, TRAIN.y)
        assert bound(Loud()).evaluate(MASKS).warnings == 2 * len(MASKS)


def test_warnings_of_other_threads_obey_the_users_filters() -> None:
    raised: list[str] = []

    def elsewhere() -> None:
        try:
            warnings.warn("mine", UserWarning, stacklevel=1)
        except UserWarning as error:
            raised.append(str(error))

    with warnings_counted() as counted:
        thread = threading.Thread(target=elsewhere)
        thread.start()
        thread.join()
        warnings.warn("ours", UserWarning, stacklevel=1)
    assert raised == ["mine"]  # the test suite's filter is "error"
    assert counted == ["UserWarning: ours"]


def test_filters_that_the_user_changes_meanwhile_stay_changed() -> None:
    with warnings.catch_warnings():
        with warnings_counted() as counted:
            warnings.filterwarnings("ignore", message="a filter of mine")
            changed = [entry for entry in warnings.filters if "counted" not in repr(entry)]
            with warnings_counted() as inner:
                warnings.warn("ours", UserWarning, stacklevel=1)
        assert inner == ["UserWarning: ours"]
        assert counted == []
        assert warnings.filters[0][1].match("a filter of mine")
        assert len(warnings.filters) == len(changed) - 1  # without the tap


def test_a_model_that_silences_its_own_warnings_stays_silent() -> None:
    class Quiet(Loud):
        def fit(self, x: Any, y: Any) -> None:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                super().fit(x, y)

    assert bound(Quiet()).evaluate(MASKS).warnings == 0


def test_warnings_in_the_parallel_parts_of_a_model_are_counted() -> None:
    class Step(StandardScaler):
        def fit(self, *args: Any, **kwargs: Any) -> Any:
            warnings.warn("scaled", UserWarning, stacklevel=2)
            return super().fit(*args, **kwargs)

    # a ColumnTransformer runs its parts by joblib, with copies of the filters
    model = make_pipeline(ColumnTransformer([("a", Step(), [0]), ("b", Step(), [1])]), LogisticRegression())
    evaluations = bound(model).evaluate(MASKS)
    assert evaluations.failure is None
    assert evaluations.warnings == 2 * len(MASKS)
    assert "UserWarning" in str(evaluations.warning)


def test_fit_says_once_how_many_warnings_there_were() -> None:
    def fit(**kwargs: Any) -> None:
        utility = Utility(Loud(), SupervisedScorer("accuracy", TEST), **kwargs)
        ShapleyValuation(utility, PermutationSampler(seed=0), MaxUpdates(1)).fit(TRAIN)

    with pytest.warns(UserWarning, match="30 warnings in 15 fits; the first: RuntimeWarning: did not"):
        fit()
    fit(show_warnings=False)  # a warning would be an error here


# --- the first fit is checked ---------------------------------------------------------------------------------


def counting(base: type, log: list[int]) -> Any:
    class Counting(base):  # type: ignore[misc]
        def fit(self, x: Any, y: Any) -> Any:
            log.append(len(x))
            return super().fit(x, y)

        def __deepcopy__(self, memo: Any) -> Any:
            return type(self)()

    return Counting()


def test_a_model_that_cannot_fit_everything_fails_before_any_subset() -> None:
    class Broken(Nearest):
        def fit(self, x: Any, y: Any) -> None:
            raise ArithmeticError("never works")

    valuation = ShapleyValuation(Utility(Broken(), SupervisedScorer("accuracy", TEST)), MSRSampler(seed=0))
    with pytest.raises(
        FirstFitError, match=r"Broken could not be fitted on all 16 points .* never works"
    ) as e:
        valuation.fit(TRAIN)
    assert isinstance(e.value.__cause__, ArithmeticError)
    assert "Nothing was valued yet" in str(e.value)
    with pytest.raises(FirstFitError, match="could not be fitted on the only point and scored"):
        valuation.fit(TRAIN[[0]])


def test_a_scorer_that_cannot_score_fails_at_the_first_fit_even_with_caught_errors() -> None:
    log: list[int] = []

    def broken(model: Any, x: Any, y: Any) -> float:
        raise KeyError("age")

    utility = Utility(counting(Nearest, log), SupervisedScorer(broken, TEST, default=0.0))
    with pytest.raises(FirstFitError, match="KeyError: 'age'"):
        ShapleyValuation(utility, MSRSampler(seed=0)).fit(TRAIN)
    assert log == [16]


def test_a_regressor_scored_by_accuracy_fails_before_any_fit() -> None:
    with pytest.raises(ScorerError, match="accuracy"):
        bound(LinearRegression())


def test_the_first_fit_is_the_value_of_everything() -> None:
    utility = bound(LogisticRegression())
    first = utility.first()
    assert first.full[0] == utility(np.ones((1, 16), bool))[0]
    assert first.empty[0] == utility(np.zeros((1, 16), bool))[0]
    assert first.seconds > 0


class Fragile(Nearest):
    """Only everything works."""

    def fit(self, x: Any, y: Any) -> None:
        if len(x) < 16:
            raise ArithmeticError("too few rows")
        super().fit(x, y)


def test_too_many_failures_stop_the_run_after_its_first_round() -> None:
    valuation = ShapleyValuation(
        Utility(Fragile(), SupervisedScorer("accuracy", TEST)), MSRSampler(seed=0), MaxUpdates(10_000)
    )
    with pytest.raises(TooManyFailuresError, match="ArithmeticError: too few rows") as caught:
        valuation.fit(TRAIN)
    assert "catch_errors=False" in str(caught.value)
    assert valuation._loop.tally.done == 8 * 64


def test_failures_of_small_subsets_do_not_stop_a_run() -> None:
    class Half(Nearest):
        def fit(self, x: Any, y: Any) -> None:
            if len(x) < 8:
                raise ArithmeticError("too few rows")
            super().fit(x, y)

    utility = Utility(Half(), SupervisedScorer("accuracy", TEST))
    valuation = ShapleyValuation(utility, MSRSampler(seed=0), MaxUpdates(300)).fit(TRAIN)
    assert np.isfinite(valuation.result.values).all()


def test_failures_of_large_subsets_are_told_by_their_own_cause() -> None:
    class Odd(Nearest):
        def fit(self, x: Any, y: Any) -> None:
            if len(np.unique(y)) < 2:
                raise ValueError("two classes, please")  # as many models do: the first subset of every walk
            if len(x) in {9, 12}:
                raise ArithmeticError("an odd size")
            super().fit(x, y)

    def valuation(**options: Any) -> Any:
        utility = Utility(Odd(), SupervisedScorer("accuracy", TEST), **options)
        return ShapleyValuation(utility, PermutationSampler(seed=0), MaxUpdates(2))

    with pytest.warns(
        UserWarning, match="fits, 4 fits on at least half of the points failed: ArithmeticError: an odd"
    ):
        found = valuation().fit(TRAIN).result
    assert "fits failed and counted with the default score" in found.describe()
    valuation(show_warnings=False).fit(TRAIN)


def test_a_sentence_about_an_error_has_one_full_stop() -> None:
    class Refusing(Nearest):
        def fit(self, x: Any, y: Any) -> None:
            raise ValueError("no such luck.")

    with pytest.raises(FirstFitError, match=r"ValueError: no such luck\. Nothing was valued"):
        bound(Refusing()).first()


def test_a_metric_of_one_class_says_how_to_name_it() -> None:
    words = Dataset(TRAIN.x, np.where(TRAIN.y == TRAIN.y[0], "yes", "no"))
    utility = Utility(LogisticRegression(), SupervisedScorer("f1", words))
    with pytest.raises(FirstFitError, match=r"make_scorer\(f1_score, pos_label='yes'\)"):
        utility.with_dataset(words).first()


def test_a_score_that_test_points_of_one_class_make_impossible_says_so() -> None:
    one = Dataset(TRAIN.x[:5], np.array(["no"] * 5))
    words = Dataset(TRAIN.x, np.where(TRAIN.y == TRAIN.y[0], "yes", "no"))
    utility = Utility(LogisticRegression(), SupervisedScorer("roc_auc", one))
    with pytest.raises(FirstFitError, match="All 5 test labels are 'no': take test points with several"):
        utility.with_dataset(words).first()


def test_a_warning_inside_of_a_pipeline_names_its_place() -> None:
    from sklearn.utils.parallel import Parallel, delayed

    def warn() -> None:
        warnings.warn("sklearn copies filters by their pattern", UserWarning, stacklevel=1)

    with warnings_counted() as counted:
        Parallel(n_jobs=1)(delayed(warn)() for _ in range(1))
    assert len(counted) == 1
    assert "test_model_utility.py, line" in counted[0]


# --- seeds ----------------------------------------------------------------------------------------------------


def stochastic() -> list[Any]:
    return [
        RandomForestClassifier(n_estimators=2),
        make_pipeline(StandardScaler(), SGDClassifier(max_iter=5, tol=None)),
        BaggingClassifier(DecisionTreeClassifier(max_features=1), n_estimators=3),
    ]


@pytest.mark.parametrize("k", range(3))
def test_one_subset_has_one_score(k: int) -> None:
    utility = bound(stochastic()[k], "neg_log_loss" if k != 1 else "accuracy")
    once = utility(MASKS)
    np.testing.assert_array_equal(utility(MASKS[::-1])[::-1], once)
    np.testing.assert_array_equal(pickle.loads(pickle.dumps(utility))(MASKS), once)
    with joblib.parallel_config(backend="loky", n_jobs=2):
        parts = joblib.Parallel()(joblib.delayed(utility)(MASKS[b : b + 1]) for b in range(len(MASKS)))
    np.testing.assert_array_equal(np.concatenate(parts), once)


def test_seeds_differ_between_subsets_models_and_parts_of_a_model() -> None:
    seen: list[tuple[int, int]] = []

    class Noted(SGDClassifier):
        def fit(self, x: Any, y: Any) -> Any:
            seen.append((len(x), self.random_state))
            return super().fit(x, y)

    masks = np.tri(16, dtype=bool)[7:12]
    for seed in (0, 1):
        bound(Noted(), seed=seed)(masks)
    assert all(isinstance(s, int) for _, s in seen)
    assert len({s for _, s in seen}) == len(seen) == 10
    utility = bound(BaggingClassifier(DecisionTreeClassifier()))
    assert utility._seeds == ("estimator__random_state", "random_state")


def test_a_random_state_of_the_user_is_kept() -> None:
    seen: list[Any] = []

    class Noted(RandomForestClassifier):
        def fit(self, x: Any, y: Any) -> Any:
            seen.append(self.random_state)
            return super().fit(x, y)

    bound(Noted(n_estimators=2, random_state=7))(MASKS)
    assert set(seen) == {7}


class Dice(Nearest):
    """Draws from the global generators."""

    def predict(self, x: Any) -> Any:
        return np.where(np.random.random(len(x)) + random.random() < 1.0, 0, 1)  # noqa: NPY002


def test_the_global_generators_of_this_process_are_left_alone() -> None:
    utility = bound(RandomForestClassifier(n_estimators=2))
    before = pickle.dumps((random.getstate(), np.random.get_state()))  # noqa: NPY002
    utility(MASKS)
    assert pickle.dumps((random.getstate(), np.random.get_state())) == before  # noqa: NPY002


def test_a_model_that_draws_globally_is_called_not_reproducible() -> None:
    assert any("not reproducible" in note for note in bound(Dice()).notes)
    assert bound(RandomForestClassifier(random_state=0)).notes == ()
    assert bound(LogisticRegression()).notes == ()


def test_a_model_that_draws_globally_is_seeded_in_worker_processes() -> None:
    def values() -> bytes:
        utility = Utility(Dice(), SupervisedScorer("accuracy", TEST))
        valuation = ShapleyValuation(utility, MSRSampler(seed=0), MaxUpdates(40))
        with joblib.parallel_config(backend="loky", n_jobs=2):
            journal = valuation.fit(TRAIN).result.journal
        found = np.concatenate([e.values for step in journal.steps() for _, _, e, _ in journal.read(step)])
        return found.tobytes()

    assert values() == values()


# --- nothing of the user's is touched ---------------------------------------------------------------------------


def test_the_users_model_and_arrays_are_never_touched() -> None:
    x, y = np.array(TRAIN.x), np.array(TRAIN.y)

    class Rude(Nearest):
        def fit(self, x: Any, y: Any) -> None:
            super().fit(x, y)
            x[:] = 0.0
            y[:] = 0

    kept_x, kept_y = x.copy(), y.copy()
    for model in (LogisticRegression(), Rude()):
        data = Dataset(x, y)
        utility = bound(model, data=data)
        state = pickle.dumps(model.__dict__)
        utility.first()
        utility(np.vstack([MASKS, np.ones((1, 16), bool)]))
        assert pickle.dumps(model.__dict__) == state
        np.testing.assert_array_equal(x, kept_x)
        np.testing.assert_array_equal(y, kept_y)
        np.testing.assert_array_equal(data.x, kept_x)


def test_without_clones_one_copy_is_fitted_again_and_again() -> None:
    class Warm(Nearest):
        fits = 0

        def fit(self, x: Any, y: Any) -> None:
            self.fits += 1
            super().fit(x, y)

        def score(self, x: Any, y: Any) -> float:
            return float(self.fits)

    model = Warm()
    assert bound(model, "score", default=0.0, clone_before_fit=False)(MASKS).tolist() == [1, 2, 3, 4, 5]
    assert bound(model, "score", default=0.0)(MASKS).tolist() == [1] * 5
    assert model.fits == 0


def test_a_bound_utility_pickles_and_gives_the_same() -> None:
    for utility in (bound(Nearest()), bound(LogisticRegression(), clone_before_fit=False)):
        expected = utility(MASKS)
        again = pickle.loads(pickle.dumps(utility))
        np.testing.assert_array_equal(again(MASKS), expected)


def test_a_failure_text_names_the_users_line_not_ours() -> None:
    text = bound(Picky()).evaluate(~np.eye(16, dtype=bool)[3:4]).failure
    assert text is not None
    assert "point 3 is missing" in text.splitlines()[-1]
    assert 'raise ArithmeticError("point 3 is missing")' in text


def test_interrupts_are_not_failures() -> None:
    class Interrupted(Nearest):
        def fit(self, x: Any, y: Any) -> None:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        bound(Interrupted()).evaluate(MASKS)
