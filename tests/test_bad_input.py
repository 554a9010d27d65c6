"""Wrong input is refused before any work, in words: what was given, what was expected, what to do.

`CASES` has a row for every public name; a public name without one fails the test, and so does a method of `METHODS`.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from sklearn.ensemble import BaggingRegressor, RandomForestClassifier
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.neighbors import KNeighborsClassifier, KNeighborsRegressor, RadiusNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import dvlwidgets as dvl
from dvlwidgets.engine.journal import Journal
from dvlwidgets.errors import (
    DvlError,
    EditError,
    IdentityError,
    InputError,
    InputTypeError,
    JournalError,
    NotFittedError,
    RunError,
    ScorerError,
    UnhashableError,
)

Case = tuple[Callable[[], Any], type[DvlError], str]

WORK: list[str] = []
"""What a refused call did nevertheless: must stay empty."""


class Model:
    """Fit and predict, and a note of each fit."""

    def fit(self, x: Any, y: Any) -> Model:
        WORK.append(f"fit on {len(x)} rows")
        return self

    def predict(self, x: Any) -> Any:
        return np.zeros(len(x), int)


def size(masks: np.ndarray) -> np.ndarray:
    """A utility function, and a note of each call."""
    WORK.append(f"{len(masks)} subsets")
    return masks.sum(axis=1).astype(float)


X, Y = np.array([[0.0], [1.0], [0.2], [0.8], [0.1], [0.9]]), np.array([0, 1, 0, 1, 0, 1])
TRAIN, TEST = dvl.Dataset(X, Y), dvl.Dataset(X + 0.01, Y)
GROUPS = dvl.GroupedDataset(X, Y, [0, 0, 1, 1, 2, 2])
NUMBERS = dvl.Dataset(X, Y + 0.25)
WORDS = dvl.Dataset(X, list("ababab"))
PAIRS = dvl.Dataset(X, np.column_stack([Y, Y]), multi_output=True)
SCORER = dvl.SupervisedScorer("accuracy", TEST)
LINEAR = dvl.Utility(Ridge(), dvl.SupervisedScorer("r2", TEST))
NAN = float("nan")
MASKS = np.array([[True, False, False], [True, True, False]])
QUIET = {"progress": False}


def utility(**kwargs: Any) -> Any:
    return dvl.Utility(Model(), SCORER, **kwargs)


def ranked() -> Any:
    return dvl.ValuationResult(values=np.arange(6.0))


def cached(**kwargs: Any) -> Any:
    return utility(cache_backend=dvl.InMemoryCacheBackend(), **kwargs)


def shapley(sampler: Any = None, **kwargs: Any) -> Any:
    return dvl.ShapleyValuation(utility(), sampler or dvl.MSRSampler(seed=0), dvl.MaxUpdates(5), **kwargs)


def influence(features: int = 1) -> Any:
    return dvl.GradDotInfluence(torch.nn.Linear(features, 2), torch.nn.CrossEntropyLoss())


def folded(scoring: Any = "accuracy", **kwargs: Any) -> Any:
    return dvl.CrossValidatedUtility(Model(), scoring, **kwargs)


def indicators(n: Any = 6, predictor: Any = None) -> Any:
    return dvl.IndicatorUtilityModel(Model() if predictor is None else predictor, n)


def learning(training_budget: Any = 10, model: Any = None, **kwargs: Any) -> Any:
    return dvl.DataUtilityLearning(
        utility(), training_budget, indicators() if model is None else model, **kwargs
    )


def shapley_of(learned: Any) -> Any:
    return dvl.ShapleyValuation(learned, dvl.MSRSampler(seed=0), dvl.MaxUpdates(5))


def by_class(scoring: Any = "accuracy", **kwargs: Any) -> Any:
    return dvl.ClasswiseSupervisedScorer(scoring, TEST, **kwargs)


def classwise(**kwargs: Any) -> Any:
    return dvl.ClasswiseShapleyValuation(dvl.ClasswiseModelUtility(Model(), by_class()), **kwargs)


def knn(test: Any = TEST, **kwargs: Any) -> Any:
    return dvl.KNNShapleyValuation(KNeighborsClassifier(**kwargs), test, progress=False)


def oob(**kwargs: Any) -> Any:
    return dvl.DataOOBValuation(RandomForestClassifier(3, **kwargs))


def confidence(**kwargs: Any) -> Any:
    return dvl.SelfConfidenceValuation(KNeighborsClassifier(1), **{"cv": 2, **kwargs})


def residual(**kwargs: Any) -> Any:
    return dvl.CrossValidatedResidualValuation(Model(), **{"cv": 2, **kwargs})


def closed_form() -> Any:
    return knn(n_neighbors=1).fit(TRAIN).result


def semivalue_cases(method: Any) -> list[Case]:
    """What every method over a utility refuses."""
    return [
        (lambda: method(Model()), InputTypeError, "Utility, not Model; a model needs a scorer"),
        (lambda: method(dvl.Utility), InputTypeError, "must be a Utility"),
        (lambda: method(TRAIN), InputTypeError, "the data go to fit"),
        (lambda: method(size), InputTypeError, "from_function"),
        (lambda: method(utility(), progress="no"), InputTypeError, "progress"),
        (lambda: method(utility()).fit(X), InputTypeError, "must be a Dataset, not ndarray"),
        (lambda: method(utility()).fit((X, Y)), InputTypeError, "Dataset, not tuple"),
        (lambda: method(utility()).fit([]), InputTypeError, "Dataset, not list"),
        (lambda: method(utility()).fit(dvl.Dataset), InputTypeError, "Dataset, not"),
        (lambda: method(utility()).result, NotFittedError, "fit"),
    ]


def sampled_cases(method: Any) -> list[Case]:
    """What every method with a sampler and a rule refuses besides."""
    return [
        *semivalue_cases(method),
        (lambda: method(utility(), dvl.MSRSampler), InputTypeError, "the class MSRSampler"),
        (lambda: method(utility(), "msr"), InputTypeError, "not 'msr'"),
        (lambda: method(utility(), dvl.MaxUpdates(3)), InputTypeError, "sampler must be"),
        (lambda: method(utility(), None, 60), InputTypeError, "stopping rule was expected, not int"),
        (lambda: method(utility(), None, dvl.MaxTime), InputTypeError, "the class MaxTime"),
        (
            lambda: method(utility(), skip_converged="no"),
            InputTypeError,
            "skip_converged must be True or False",
        ),
        (lambda: method(utility(), show_warnings="no"), InputTypeError, "show_warnings"),
    ]


def least_core_cases(method: Any) -> list[Case]:
    """What every least core refuses."""
    return [
        *semivalue_cases(lambda u, **kw: method(u, **QUIET | kw)),
        *NO_FLAG(lambda v: method(utility(), v), "non_negative_subsidy must be True or False"),
        *several("ECOS", [1], 3)(lambda v: method(utility(), False, v), "solver_options must be"),
        (lambda: method(utility(), False, {"solver": "ECOS"}), InputError, "solver_options has 'solver'"),
    ]


def seed_cases(sampler: Any) -> list[Case]:
    """What every sampler refuses."""
    return [
        (lambda: sampler(seed="0"), InputTypeError, "seed must be None or an integer"),
        (lambda: sampler(seed=0.5), InputTypeError, "not float"),
        (lambda: sampler(seed=True), InputTypeError, "not bool"),
        (lambda: sampler(seed=-1), InputError, "between 0"),
        (lambda: sampler(batch_size=0), InputError, "batch_size must be at least 1"),
        (lambda: sampler(batch_size=2.0), InputTypeError, "batch_size must be an integer"),
        (lambda: sampler(batch_size=True), InputTypeError, "batch_size"),
    ]


def walk_cases(sampler: Any) -> list[Case]:
    """What every sampler of permutations refuses."""
    return [
        *seed_cases(sampler),
        (lambda: sampler(0.01), InputTypeError, "truncation"),
        (lambda: sampler(dvl.RelativeTruncation), InputTypeError, "truncation"),
    ]


def owen_cases(sampler: Any) -> list[Case]:
    """What Owen samplers refuse."""
    grid = dvl.GridOwenStrategy(2)
    return [
        *seed_cases(lambda **kw: sampler(grid, **kw)),
        *several(5, None, "grid", dvl.GridOwenStrategy)(sampler, "outer_sampling_strategy must be"),
        *several(0, 2.5, True, "2")(lambda v: sampler(grid, v), "n_samples_inner"),
        (
            lambda: dvl.BanzhafValuation(utility(), sampler(dvl.GridOwenStrategy(1))).fit(TRAIN),
            InputError,
            "cannot integrate the sizes of Banzhaf",
        ),
    ]


def size_cases(sizes: Any) -> list[Case]:
    """What every strategy of sample sizes refuses."""
    return [
        *several(3, 2.5, True, "100")(lambda v: sizes(n_samples=v), "n_samples must be"),
        *several(-1, 2.5, True, "1")(lambda v: sizes(lower_bound=v), "lower_bound must be"),
        *several(-1, 2.5, True, "1")(lambda v: sizes(upper_bound=v), "upper_bound must be"),
        (lambda: sizes(lower_bound=5, upper_bound=2), InputError, "no size is left"),
    ]


def sgd(**kwargs: Any) -> Any:
    given = {
        "max_loss": 1.0,
        "lipschitz_loss": 1.0,
        "lipschitz_grad": 1.0,
        "lr_factor": 0.1,
        "n_sgd_iter": 100,
    }
    return dvl.NonConvexSGDConfig(**{**given, "n_val": 100, "n_train": 6, **kwargs})


def count_cases(rule: Any) -> list[Case]:
    """What every rule that counts refuses."""
    return [
        (lambda: rule(0), InputError, "at least 1, not 0"),
        (lambda: rule(1.5), InputTypeError, "integer, not float"),
        (lambda: rule(True), InputTypeError, "integer, not bool"),
        (lambda: rule("3"), InputTypeError, "integer, not str"),
        (lambda: rule(5) | 60, InputTypeError, "stopping rule was expected"),
        (lambda: rule(5) & dvl.MaxTime, InputTypeError, "stopping rule was expected"),
    ]


def several(*wrong: Any) -> Callable[[Callable[[Any], Any], str], list[Case]]:
    """One case a wrong value, all with the same words."""

    def cases(call: Callable[[Any], Any], words: str) -> list[Case]:
        return [(lambda value=value: call(value), DvlError, words) for value in wrong]  # type: ignore[misc]

    return cases


NO_NUMBER = several("0.1", True, NAN, None, [0.1])
NO_NUMBER_OR_NONE = several("0.1", True, NAN, [0.1])
NO_FLAG = several("no", 1, None)


def threshold() -> Any:
    return dvl.ThresholdKNNShapleyValuation(RadiusNeighborsClassifier(1.0), TEST)


def knn_utility() -> Any:
    return dvl.KNNClassifierUtility(KNeighborsClassifier(2), TEST)


def neighbour_cases(
    method: Any, kind: Any = KNeighborsClassifier, weights: Any = ("distance", "nearest")
) -> list[Case]:
    """What every method over neighbours refuses; the last two rows are about classes."""
    return [
        *several(LogisticRegression(), kind, None)(lambda v: method(v, TEST), f"must be a {kind.__name__}()"),
        *several(X, None, dvl.Dataset)(lambda v: method(kind(), v), "test_data must be a Dataset"),
        (lambda: method(kind(), GROUPS), InputError, "averaged over points"),
        *several(*weights)(lambda v: method(kind(weights=v), TEST), "weights must be"),
        *several("0", 0.5, True, -1)(lambda v: method(kind(), TEST, seed=v), "seed must"),
        *NO_FLAG(lambda v: method(kind(), TEST, progress=v), "progress"),
        (lambda: method(kind(), TEST).fit(X), InputTypeError, "Dataset, not ndarray"),
        (lambda: method(kind(), TEST).fit(GROUPS), InputError, "values points, not groups"),
        (lambda: method(kind(metric="as the crow flies"), TEST).fit(TRAIN), InputError, "no distances"),
        (lambda: method(kind(metric="precomputed"), TEST).fit(TRAIN), InputError, "shape (t, 6)"),
        (lambda: method(kind(), dvl.Dataset(np.hstack([X, X]), Y)).fit(TRAIN), InputError, "1 feature "),
        (lambda: method(kind(), TEST).fit(NUMBERS), InputError, "no classes"),
        (lambda: method(kind(), WORDS).fit(TRAIN), InputError, "no class in common"),
    ]


LISTS = np.empty(6, dtype=object)
LISTS[:] = [[0], [1], [0], [1], [0], [1]]

DATA: list[Case] = [
    (lambda: dvl.Dataset(X, Y[:3]), InputError, "6 rows, but y has 3"),
    (lambda: dvl.Dataset(None, Y), InputTypeError, "x is of type NoneType"),
    (lambda: dvl.Dataset("data.csv", Y), InputTypeError, "x is of type str"),
    (lambda: dvl.Dataset([], []), InputError, "expected two dimensions"),
    (lambda: dvl.Dataset(np.empty((0, 2)), []), InputError, "no rows"),
    (lambda: dvl.Dataset(X.ravel(), Y), InputError, "expected two dimensions"),
    (lambda: dvl.Dataset([[1.0], [2.0, 3.0]], [0, 1]), InputError, "different lengths"),
    (lambda: dvl.Dataset(X, [0.0, 1.0, NAN, 0.0, 0.0, 0.0]), InputError, "NaN"),
    (lambda: dvl.Dataset(X, np.column_stack([Y, Y])), InputError, "multi_output=True"),
    (lambda: dvl.Dataset(X, Y, ids=[0, 0, 1, 2, 3, 4]), InputError, "given 2 times"),
    (lambda: dvl.Dataset(X, Y, ids=[1]), InputError, "one per point"),
    (lambda: dvl.Dataset(X, Y, ids=X.ravel()), InputTypeError, "ids are of type float64"),
    (lambda: dvl.Dataset(X, Y, ids=[1, "a", (2, 3), 4, 5, 6]), InputTypeError, "ids are of several kinds"),
    (lambda: dvl.Dataset(X, Y, ids=["a", None, "b", "c", "d", "e"]), InputError, "first at row 1"),
    (lambda: dvl.Dataset(X, Y, ids=np.arange(6, dtype=np.uint64) + 2**63), InputError, "below 2**63"),
    (lambda: dvl.Dataset(X, LISTS), InputTypeError, "labels are of type list"),
    (lambda: dvl.Dataset(X, Y, feature_names=["a", "b"]), InputError, "feature_names"),
    (lambda: dvl.Dataset(X, Y, target_names=3), InputTypeError, "target_names"),
    (lambda: dvl.Dataset(X, Y, data_names=["a"]), InputError, "data_names"),
    (lambda: dvl.Dataset(X, Y, description=3), InputTypeError, "description"),
    *NO_FLAG(lambda v: dvl.Dataset(X, Y, mmap=v), "mmap must be True or False"),
    *NO_FLAG(lambda v: dvl.Dataset(X, Y, multi_output=v), "multi_output must be True or False"),
    (lambda: dvl.Dataset.from_arrays(X, Y, train_size="most"), InputTypeError, "train_size"),
    (lambda: dvl.Dataset.from_arrays(X, Y, train_size=1.5), InputError, "train_size"),
    (lambda: dvl.Dataset.from_sklearn(X), InputTypeError, "Bunch"),
    (lambda: dvl.Dataset.from_frame(X, "y"), InputTypeError, "data frame"),
    (lambda: TRAIN[99], InputError, "position 99"),
    (lambda: TRAIN[["a"]], InputTypeError, "positions must be integers"),
    (lambda: TRAIN.drop(3), InputTypeError, "ValuationResult"),
    (lambda: TRAIN.relabel([0]), InputError, "no labels"),
    (lambda: TRAIN.column("age"), InputError, "no feature 'age'"),
    (lambda: np.asarray(TRAIN), InputTypeError, "no array"),
]

CASES: dict[str, list[Case]] = {
    "AveragedScorer": [
        (lambda: dvl.AveragedScorer("accuracy", TEST), InputTypeError, "list of Datasets"),
        (lambda: dvl.AveragedScorer("accuracy", None), InputTypeError, "list of Datasets"),
        (lambda: dvl.AveragedScorer("accuracy", [TEST]), InputError, "at least two"),
        (lambda: dvl.AveragedScorer("acuracy", [TEST, TEST]), InputError, "Did you mean 'accuracy'"),
        (lambda: dvl.AveragedScorer("accuracy", [TEST, 3]), InputTypeError, "expected a Dataset"),
        (lambda: dvl.AveragedScorer("accuracy", [TEST, TEST], name=3), InputTypeError, "name must be"),
    ],
    "CrossValidatedUtility": [
        (lambda: dvl.CrossValidatedUtility(Model, "accuracy"), InputTypeError, "the class Model"),
        (lambda: dvl.CrossValidatedUtility(Model(), SCORER), InputTypeError, "not the scorer"),
        (lambda: dvl.CrossValidatedUtility(Model(), "acuracy"), InputError, "Did you mean 'accuracy'"),
        *several(1, 2.5, True, "5", None)(lambda v: folded(folds=v), "folds must be"),
        (lambda: folded(folds=[1, 1]), InputError, "one fold for all points"),
        *NO_FLAG(lambda v: folded(stratify=v), "stratify must be True or False"),
        *NO_FLAG(lambda v: folded(catch_errors=v), "catch_errors must be True or False"),
        *several("0", 0.5, True, -1)(lambda v: folded(seed=v), "seed must"),
        (lambda: shapley_of(folded(folds=9)).fit(TRAIN), InputError, "cannot make 9 folds"),
        (lambda: shapley_of(folded(folds=[0, 1])).fit(TRAIN), InputError, "folds of 2 points"),
        (lambda: shapley_of(folded()).fit(X), InputTypeError, "must be a Dataset, not ndarray"),
    ],
    "DataUtilityLearning": [
        (lambda: dvl.DataUtilityLearning(Model(), 10, indicators()), InputTypeError, "Utility to learn"),
        (lambda: dvl.DataUtilityLearning(dvl.Utility, 10, indicators()), InputTypeError, "Utility to learn"),
        *several(1, 2.5, True, "5", None)(lambda v: learning(training_budget=v), "training_budget must be"),
        (lambda: learning(model=LogisticRegression()), InputTypeError, "Wrap it"),
        (lambda: learning(model=dvl.IndicatorUtilityModel), InputTypeError, "the class Indicator"),
        (lambda: learning(model="linear"), InputTypeError, "utility model such as"),
        *NO_FLAG(lambda v: learning(show_warnings=v), "show_warnings must be True or False"),
        *several("0", 0.5, True, -1)(lambda v: learning(seed=v), "seed must"),
        (lambda: shapley_of(learning(model=indicators(5))).fit(TRAIN), InputError, "n_data=5 points"),
    ],
    "IndicatorUtilityModel": [
        (lambda: indicators(6, LogisticRegression), InputTypeError, "the class LogisticRegression"),
        (lambda: indicators(6, "ridge"), InputTypeError, "must have fit"),
        *several(0, 2.5, True, "5", None)(indicators, "n_data must be"),
    ],
    "DeepSetUtilityModel": [
        (lambda: dvl.DeepSetUtilityModel(X), InputTypeError, "must be the training Dataset"),
        *several(0, 2.5, True, "5")(lambda v: dvl.DeepSetUtilityModel(TRAIN, v), "phi_hidden_dim must be"),
        *several(0, 2.5, True)(lambda v: dvl.DeepSetUtilityModel(TRAIN, num_epochs=v), "num_epochs must be"),
        *NO_NUMBER(lambda v: dvl.DeepSetUtilityModel(TRAIN, lr=v), "lr must be a"),
        (lambda: dvl.DeepSetUtilityModel(TRAIN, lr=0.0), InputError, "must be positive"),
        (lambda: dvl.DeepSetUtilityModel(TRAIN, device=0), InputTypeError, "device must be a string"),
        (
            lambda: shapley_of(learning(model=dvl.DeepSetUtilityModel(TRAIN, device="fpga"))).fit(TRAIN),
            InputError,
            "device='fpga' is not there",
        ),
        (
            lambda: shapley_of(learning(model=dvl.DeepSetUtilityModel(TEST))).fit(TRAIN),
            InputError,
            "other data than those",
        ),
    ],
    "SkorchSupervisedScorer": [
        (lambda: dvl.SkorchSupervisedScorer("acuracy", TEST), InputError, "Did you mean 'accuracy'"),
        (lambda: dvl.SkorchSupervisedScorer("accuracy", X), InputTypeError, "expected a Dataset"),
        (
            lambda: dvl.SkorchSupervisedScorer("accuracy", (X.astype(str), Y)),
            InputTypeError,
            "numbers for a net",
        ),
        (lambda: dvl.SkorchSupervisedScorer("accuracy", TEST, default=NAN), InputError, "default=nan"),
    ],
    "ClasswiseSampler": [
        *several("0", 0.5, True, -1)(lambda v: dvl.ClasswiseSampler(seed=v), "seed must"),
        (
            lambda: dvl.ClasswiseSampler(dvl.PermutationSampler),
            InputTypeError,
            "the class PermutationSampler",
        ),
        (lambda: dvl.ClasswiseSampler(dvl.MSRSampler()), InputTypeError, "in_class must be"),
        (lambda: dvl.ClasswiseSampler(out_of_class=dvl.LOOSampler()), InputTypeError, "out_of_class must"),
        (lambda: dvl.ClasswiseSampler(out_of_class=dvl.DeterministicUniformSampler()), InputError, "enum"),
        *several(0, 1.5, True, "3")(lambda v: dvl.ClasswiseSampler(max_in_class_samples=v), "max_in_class"),
        *several(-1, 1.5, True, "3")(lambda v: dvl.ClasswiseSampler(min_elements_per_label=v), "min_elem"),
        *several(0, 1.5, "3")(lambda v: dvl.ClasswiseSampler(batch_size=v), "batch_size must"),
    ],
    "ClasswiseShapleyValuation": [
        (lambda: dvl.ClasswiseShapleyValuation(Model()), InputTypeError, "Utility, not Model"),
        (lambda: classwise(sampler=dvl.MSRSampler()), InputTypeError, "must be a ClasswiseSampler"),
        (lambda: classwise(sampler=dvl.ClasswiseSampler), InputTypeError, "must be a ClasswiseSampler"),
        (lambda: classwise(is_done=3), InputTypeError, "stopping rule was expected"),
        *NO_FLAG(lambda v: classwise(normalize_values=v), "normalize_values must be True or False"),
        *NO_FLAG(lambda v: classwise(progress=v), "progress must be True or False"),
        (lambda: classwise().fit(X), InputTypeError, "must be a Dataset, not ndarray"),
        (lambda: classwise().fit(NUMBERS), InputError, "fractions"),
        (lambda: classwise().fit(GROUPS), InputError, "rows of several classes"),
        (lambda: dvl.ClasswiseShapleyValuation(utility()).fit(TRAIN), InputError, "ClasswiseModelUtility"),
        (lambda: classwise().result, NotFittedError, "fit"),
    ],
    "ClasswiseModelUtility": [
        (lambda: dvl.ClasswiseModelUtility(Model(), SCORER), InputTypeError, "ClasswiseSupervisedScorer"),
        (lambda: dvl.ClasswiseModelUtility(Model, by_class()), InputTypeError, "the class Model"),
        (lambda: dvl.ClasswiseModelUtility(Model(), by_class(), seed="0"), InputTypeError, "seed must"),
    ],
    "ClasswiseSupervisedScorer": [
        (lambda: by_class(scoring=["accuracy", "f1_macro"]), InputError, "one metric"),
        (lambda: by_class(scoring="acuracy"), InputError, "Did you mean 'accuracy'"),
        (lambda: by_class(default=2.0), InputError, "within the range"),
        (lambda: by_class(range=(1, 0)), InputError, "pair"),
        (lambda: by_class(in_class_discount_fn=2), InputTypeError, "function of one score"),
        (lambda: by_class(out_of_class_discount_fn="exp"), InputTypeError, "function of one score"),
        *NO_FLAG(lambda v: by_class(rescale_scores=v), "rescale_scores must be True or False"),
    ],
    "AbsoluteStandardError": [
        *NO_NUMBER(dvl.AbsoluteStandardError, "threshold of AbsoluteStandardError must be a"),
        (lambda: dvl.AbsoluteStandardError(0), InputError, "threshold above 0"),
        *NO_NUMBER(lambda v: dvl.AbsoluteStandardError(1, fraction=v), "fraction"),
        (lambda: dvl.AbsoluteStandardError(1, fraction=1.5), InputError, "share of points"),
        *several(1, 2.5, True, "8", None)(lambda v: dvl.AbsoluteStandardError(1, burn_in=v), "burn_in"),
    ],
    "RankCorrelation": [
        *NO_NUMBER(dvl.RankCorrelation, "rtol of RankCorrelation must be a"),
        *several(0, 1, -0.5, 5)(dvl.RankCorrelation, "0 < rtol < 1"),
        *several(1, 2.5, True, "8", None)(lambda v: dvl.RankCorrelation(burn_in=v), "burn_in"),
        *NO_NUMBER(lambda v: dvl.RankCorrelation(fraction=v), "fraction"),
    ],
    "CachedFuncConfig": [
        (lambda: dvl.CachedFuncConfig(hash_prefix=3), InputTypeError, "hash_prefix must be a string"),
        *several("data", 3, None)(lambda v: dvl.CachedFuncConfig(ignore_args=v), "list of names"),
        *several(-1, "0", True, None, NAN)(
            lambda v: dvl.CachedFuncConfig(time_threshold=v), "time_threshold"
        ),
        *NO_FLAG(lambda v: dvl.CachedFuncConfig(allow_repeated_evaluations=v), "allow_repeated_evaluations"),
        *several(0, -1, "0", True, NAN)(lambda v: dvl.CachedFuncConfig(rtol_stderr=v), "rtol_stderr must"),
        *several(1, 2.5, True, "3", None)(
            lambda v: dvl.CachedFuncConfig(min_repetitions=v), "min_repetitions"
        ),
        *several(2, 3.5, "3")(lambda v: dvl.CachedFuncConfig(max_repetitions=v), "max_repetitions must"),
    ],
    "InMemoryCacheBackend": [
        *several(0, 0.5, True, "9")(lambda v: dvl.InMemoryCacheBackend(max_entries=v), "max_entries must"),
    ],
    "DiskCacheBackend": [
        *several(3, True, b"x", ["a"])(dvl.DiskCacheBackend, "cache_dir must be a folder"),
        (lambda: dvl.DiskCacheBackend("/proc/dvlwidgets"), InputError, "cannot be written to"),
    ],
    "MemcachedClientConfig": [
        *several("localhost", 11211, ("localhost",), None)(dvl.MemcachedClientConfig, "pair (host, port)"),
        (lambda: dvl.MemcachedClientConfig((1, "localhost")), InputTypeError, "host of server"),
        *several(0, "11211", True)(lambda v: dvl.MemcachedClientConfig(("localhost", v)), "port of server"),
        (lambda: dvl.MemcachedClientConfig(("localhost", 70000)), InputError, "at most 65535"),
        *several(0, -1, "1", NAN)(lambda v: dvl.MemcachedClientConfig(timeout=v), "timeout must"),
        *several(0, True, NAN)(
            lambda v: dvl.MemcachedClientConfig(connect_timeout=v), "connect_timeout must"
        ),
        *NO_FLAG(lambda v: dvl.MemcachedClientConfig(no_delay=v), "no_delay must be True or False"),
    ],
    "MemcachedCacheBackend": [
        *several("localhost", ("localhost", 11211))(
            dvl.MemcachedCacheBackend, "must be a MemcachedClientConfig"
        ),
    ],
    "Model": [
        (lambda: dvl.Model(Model), InputTypeError, "the class Model"),
        (lambda: dvl.Model(None), InputTypeError, "must have fit"),
        (lambda: dvl.Model(Model()).fit(TRAIN, Y), InputTypeError, "Dataset and labels"),
        (lambda: dvl.Model(Model()).score(TEST), InputTypeError, "has no score"),
    ],
    "compute_removal_score": [
        (lambda: dvl.compute_removal_score(utility(), ranked(), TRAIN, [10]), InputError, "A tenth is 0.1"),
        (
            lambda: dvl.compute_removal_score(utility(), ranked(), TRAIN[:3], [0.1]),
            InputError,
            "the training data",
        ),
    ],
    "run_removal_experiment": [
        (
            lambda: dvl.run_removal_experiment(TRAIN, [utility], utility, [0.1]),
            InputTypeError,
            "data_factory must",
        ),
        (
            lambda: dvl.run_removal_experiment(utility, [], utility, [0.1]),
            InputTypeError,
            "at least one function",
        ),
        (lambda: dvl.run_removal_experiment(utility, [utility], utility, [10]), InputError, "A tenth is 0.1"),
        *several(0, 1.5, "2")(
            lambda v: dvl.run_removal_experiment(utility, [utility], utility, [0.1], n_runs=v),
            "n_runs must be",
        ),
    ],
    "plot_ci_array": [
        (lambda: dvl.plot_ci_array([1.0, 2.0]), InputError, "at least two runs"),
        (lambda: dvl.plot_ci_array(np.ones((2, 3)), 0.95), InputError, "For 95 % intervals pass 0.05"),
        *NO_NUMBER(lambda v: dvl.plot_ci_array(np.ones((2, 3)), v), "level must be"),
    ],
    "plot_ci_values": [
        (lambda: dvl.plot_ci_values(np.ones(3)), InputTypeError, "must be a ValuationResult"),
        (lambda: dvl.plot_ci_values(ranked(), type="wide"), InputError, "'normal', 't' or 'auto'"),
    ],
    "plot_result_errors": [
        (lambda: dvl.plot_result_errors([1.0]), InputTypeError, "must be a ValuationResult"),
        (lambda: dvl.plot_result_errors(ranked(), level=95), InputError, "For 95 % intervals pass 0.05"),
    ],
    "plot_influence_distribution": [
        (
            lambda: dvl.plot_influence_distribution(np.ones(3), 0),
            InputError,
            "(test points, training points)",
        ),
        *several(-1, 2, 0.5, "0")(
            lambda v: dvl.plot_influence_distribution(np.ones((2, 3)), v), "index must be"
        ),
    ],
    "plot_influence_distribution_by_label": [
        (
            lambda: dvl.plot_influence_distribution_by_label(np.ones(3), [0, 1]),
            InputError,
            "expected (n,) each",
        ),
    ],
    "MaxTime": [
        *NO_NUMBER(dvl.MaxTime, "seconds of MaxTime must be a"),
        *several(0, -1)(dvl.MaxTime, "positive number of seconds"),
        (lambda: dvl.MaxTime(math.inf), InputError, "finite"),
    ],
    "MaxUpdates": count_cases(dvl.MaxUpdates),
    "MaxChecks": count_cases(dvl.MaxChecks),
    "MaxSamples": [
        *count_cases(lambda n: dvl.MaxSamples(dvl.MSRSampler(), n)),
        (lambda: dvl.MaxSamples(1000), InputError, "Write MaxSamples(sampler, 1000)"),
    ],
    "History": [
        *count_cases(dvl.History),
        *several(-1, 1.5, True, "3")(lambda v: dvl.History(5, v), "skip_steps of History must be"),
    ],
    "HistoryDeviation": [
        *count_cases(lambda n: dvl.HistoryDeviation(n, 0.05)),
        *NO_NUMBER(lambda v: dvl.HistoryDeviation(5, v), "rtol of HistoryDeviation must be a"),
        *several(0, -0.1)(lambda v: dvl.HistoryDeviation(5, v), "rtol above 0"),
        *NO_FLAG(lambda v: dvl.HistoryDeviation(5, 0.05, v), "pin_converged must be True or False"),
    ],
    "MinUpdates": count_cases(dvl.MinUpdates),
    "NoStopping": [
        (lambda: dvl.NoStopping() | "never", InputTypeError, "stopping rule was expected, not str"),
    ],
    "MSRSampler": [
        *seed_cases(dvl.MSRSampler),
        (lambda: dvl.MSRSampler(law="binom"), InputError, "'binom' is unknown"),
        (lambda: dvl.MSRSampler(law=3), InputError, "probabilities"),
        (lambda: dvl.MSRSampler(law=[0.5, 0.2]), InputError, "sum to 1"),
        (lambda: dvl.MSRSampler(law=[1.5, -0.5]), InputError, "smallest -0.5"),
        (lambda: dvl.MSRSampler(law=["a", "b"]), InputTypeError, "array of probabilities"),
        (lambda: shapley(dvl.MSRSampler(law=[0.5, 0.5])).fit(TRAIN), InputError, "7 are expected"),
        (
            lambda: shapley(dvl.MSRSampler(law=np.eye(7)[3])).fit(TRAIN),
            InputError,
            "sizes that carry weight are never drawn",
        ),
    ],
    "PermutationSampler": walk_cases(dvl.PermutationSampler),
    "AntitheticPermutationSampler": walk_cases(dvl.AntitheticPermutationSampler),
    "DeterministicPermutationSampler": [
        *walk_cases(dvl.DeterministicPermutationSampler),
        (
            lambda: shapley(dvl.DeterministicPermutationSampler()).fit(large()),
            InputError,
            "at most 8 points",
        ),
    ],
    "DeterministicUniformSampler": [
        *seed_cases(dvl.DeterministicUniformSampler),
        (lambda: shapley(dvl.DeterministicUniformSampler()).fit(large()), InputError, "at most 25"),
    ],
    "LOOSampler": [
        *seed_cases(dvl.LOOSampler),
        (lambda: shapley(dvl.LOOSampler()).fit(TRAIN), InputError, "LOOValuation"),
    ],
    "RelativeTruncation": [
        *NO_NUMBER(dvl.RelativeTruncation, "rtol must be a"),
        *several(0, 1, 2)(dvl.RelativeTruncation, "0 < rtol < 1"),
        *NO_NUMBER(lambda v: dvl.RelativeTruncation(0.1, v), "burn_in_fraction must be a"),
        (lambda: dvl.RelativeTruncation(0.1, 1.5), InputError, "between 0 and 1"),
    ],
    "UniformSampler": [
        *seed_cases(dvl.UniformSampler),
        (lambda: dvl.UniformSampler(law="binom"), InputError, "'binom' is unknown"),
        (lambda: dvl.UniformSampler(law=[0.5, 0.2]), InputError, "sum to 1"),
        (lambda: shapley(dvl.UniformSampler(law=[0.5, 0.5])).fit(TRAIN), InputError, "6 are expected"),
        (lambda: shapley(dvl.UniformSampler(law=np.eye(6)[3])).fit(TRAIN), InputError, "never drawn"),
    ],
    "AntitheticSampler": [
        *seed_cases(dvl.AntitheticSampler),
        (lambda: dvl.AntitheticSampler(law=3), InputError, "probabilities"),
        (lambda: shapley(dvl.AntitheticSampler(law=np.eye(6)[3])).fit(TRAIN), InputError, "never drawn"),
    ],
    "OwenSampler": owen_cases(dvl.OwenSampler),
    "AntitheticOwenSampler": owen_cases(dvl.AntitheticOwenSampler),
    "UniformOwenStrategy": [
        *several(1, 2.5, True, "8", None)(dvl.UniformOwenStrategy, "n_samples_outer"),
        (lambda: dvl.UniformOwenStrategy(9, seed="0"), InputTypeError, "seed must be None or an integer"),
    ],
    "GridOwenStrategy": several(0, 2.5, True, "8", None)(dvl.GridOwenStrategy, "n_samples_outer"),
    "GaussLegendreOwenStrategy": several(0, 2.5)(dvl.GaussLegendreOwenStrategy, "n_samples_outer"),
    "StratifiedSampler": [
        *seed_cases(lambda **kw: dvl.StratifiedSampler(dvl.ConstantSampleSize(), **kw)),
        *several(100, None, "constant", dvl.ConstantSampleSize)(dvl.StratifiedSampler, "sample_sizes must"),
        *several("random", None, dvl.ConstantSampleSize())(
            lambda v: dvl.StratifiedSampler(dvl.ConstantSampleSize(), v), "sample_sizes_iteration"
        ),
        (
            lambda: shapley(dvl.StratifiedSampler(dvl.ConstantSampleSize(upper_bound=3))).fit(TRAIN),
            InputError,
            "DeltaShapleyValuation",
        ),
    ],
    "StratifiedPermutationSampler": [
        *walk_cases(lambda *a, **kw: dvl.StratifiedPermutationSampler(dvl.ConstantSampleSize(), *a, **kw)),
        *several(100, None, dvl.ConstantSampleSize)(dvl.StratifiedPermutationSampler, "sample_sizes must"),
        (
            lambda: shapley(dvl.StratifiedPermutationSampler(dvl.ConstantSampleSize(lower_bound=1))).fit(
                TRAIN
            ),
            InputError,
            "DeltaShapleyValuation",
        ),
    ],
    "VRDSSampler": [
        *seed_cases(lambda **kw: dvl.VRDSSampler(100, **kw)),
        *several(9, 2.5, True, "100", None)(dvl.VRDSSampler, "n_samples_per_index"),
    ],
    "ConstantSampleSize": size_cases(dvl.ConstantSampleSize),
    "HarmonicSampleSize": size_cases(dvl.HarmonicSampleSize),
    "GroupTestingSampleSize": size_cases(dvl.GroupTestingSampleSize),
    "PowerLawSampleSize": [
        *size_cases(dvl.PowerLawSampleSize),
        *NO_NUMBER(dvl.PowerLawSampleSize, "exponent must be a"),
    ],
    "LinearSampleSize": [
        *size_cases(lambda **kw: dvl.LinearSampleSize(0, 1, **kw)),
        *NO_NUMBER(lambda v: dvl.LinearSampleSize(v, 1), "scale must be a"),
        *NO_NUMBER(lambda v: dvl.LinearSampleSize(1, v), "offset must be a"),
        (
            lambda: shapley(dvl.StratifiedSampler(dvl.LinearSampleSize(-1, 2))).fit(TRAIN),
            InputError,
            "needs a positive one",
        ),
    ],
    "NonConvexSGDConfig": [
        *several(0, -1, "1", NAN)(lambda v: sgd(max_loss=v), "max_loss"),
        *several(0, 2.5, "1")(lambda v: sgd(n_sgd_iter=v), "n_sgd_iter"),
        *several(0, 1, 2)(lambda v: sgd(delta=v), "delta must be"),
    ],
    "DeltaShapleyNCSGDSampleSize": [
        *size_cases(lambda **kw: dvl.DeltaShapleyNCSGDSampleSize(sgd(), **kw)),
        *several(3, None, dvl.NonConvexSGDConfig)(dvl.DeltaShapleyNCSGDSampleSize, "NonConvexSGDConfig"),
    ],
    "FixedTruncation": [
        *NO_NUMBER(dvl.FixedTruncation, "fraction must be a"),
        *several(0, -1, 2)(dvl.FixedTruncation, "0 < fraction <= 1"),
    ],
    "DeviationTruncation": [
        *NO_NUMBER(dvl.DeviationTruncation, "sigmas must be a"),
        *several(0, -1)(dvl.DeviationTruncation, "sigmas above 0"),
        *NO_NUMBER(lambda v: dvl.DeviationTruncation(0.1, v), "burn_in_fraction must be a"),
        (lambda: dvl.DeviationTruncation(0.1, 1.5), InputError, "between 0 and 1"),
    ],
    "TMCShapleyValuation": [
        *semivalue_cases(dvl.TMCShapleyValuation),
        *several(0.01, "relative", dvl.RelativeTruncation)(
            lambda v: dvl.TMCShapleyValuation(utility(), v), "truncation must be"
        ),
        (lambda: dvl.TMCShapleyValuation(utility(), None, 60), InputTypeError, "stopping rule was expected"),
        (lambda: dvl.TMCShapleyValuation(utility(), seed="0"), InputTypeError, "seed must be None"),
    ],
    "StratifiedShapleyValuation": [
        *semivalue_cases(dvl.StratifiedShapleyValuation),
        (lambda: dvl.StratifiedShapleyValuation(utility(), 60), InputTypeError, "stopping rule was expected"),
        (lambda: dvl.StratifiedShapleyValuation(utility(), batch_size=0), InputError, "batch_size"),
    ],
    "DeltaShapleyValuation": [
        *semivalue_cases(
            lambda *a, **kw: dvl.DeltaShapleyValuation(
                *a, dvl.StratifiedSampler(dvl.ConstantSampleSize(upper_bound=3)), **kw
            )
        ),
        *several(None, "msr", dvl.MSRSampler(), dvl.StratifiedSampler)(
            lambda v: dvl.DeltaShapleyValuation(utility(), v), "StratifiedSampler"
        ),
        (
            lambda: dvl.DeltaShapleyValuation(
                utility(), dvl.StratifiedSampler(dvl.ConstantSampleSize(lower_bound=6))
            ).fit(TRAIN),
            InputError,
            "leaves no size",
        ),
    ],
    "ModelUtility": [
        (lambda: utility()(MASKS), InputError, "with_dataset(train)(masks)"),
        (lambda: dvl.ModelUtility(Model, SCORER), InputTypeError, "the class Model"),
        (lambda: dvl.ModelUtility(None, SCORER), InputTypeError, "must have fit"),
        (lambda: dvl.ModelUtility("svm", SCORER), InputTypeError, "must have fit"),
        (lambda: dvl.ModelUtility(type("F", (), {"fit": size})(), SCORER), InputTypeError, "predict"),
        (lambda: dvl.ModelUtility(Model(), "accuracy"), InputTypeError, "SupervisedScorer, not str"),
        (lambda: dvl.ModelUtility(Model(), dvl.SupervisedScorer), InputTypeError, "SupervisedScorer"),
        *several("0", 0.5, True, -1)(lambda v: utility(seed=v), "seed must"),
        *NO_FLAG(lambda v: utility(catch_errors=v), "catch_errors must be True or False"),
        *NO_FLAG(lambda v: utility(show_warnings=v), "show_warnings must be True or False"),
        *NO_FLAG(lambda v: utility(clone_before_fit=v), "clone_before_fit must be True or False"),
        *several("1", True, 0, -1, NAN)(lambda v: utility(fit_seconds=v), "fit_seconds"),
        (lambda: utility(key=3), InputTypeError, "key must be a string"),
        (lambda: utility(cache_backend=dvl.DiskCacheBackend), InputTypeError, "the class DiskCacheBackend"),
        (lambda: utility(cache_backend="cache"), InputTypeError, "cache_backend must be"),
        (lambda: cached(cached_func_options={"time_threshold": 0}), InputTypeError, "CachedFuncConfig"),
        (lambda: utility(cached_func_options=dvl.CachedFuncConfig()), InputError, "no cache_backend"),
        (
            lambda: dvl.Utility(
                LogisticRegression(random_state=0),
                SCORER,
                cache_backend=dvl.InMemoryCacheBackend(),
                cached_func_options=dvl.CachedFuncConfig(allow_repeated_evaluations=True),
            ),
            InputError,
            "the same score each time",
        ),
        (lambda: utility().with_dataset(X), InputTypeError, "Dataset, not ndarray"),
        (lambda: utility().with_dataset(None), InputTypeError, "Dataset, not NoneType"),
        (lambda: utility().with_dataset(TRAIN)([True] * 6), InputError, r"mask[None, :]"),
        (lambda: utility().with_dataset(TRAIN)([[True] * 5]), InputError, "(B, 6)"),
        (lambda: utility().with_dataset(TRAIN)([[0, 1, 2, 3, 4, 5]]), InputError, "must be boolean"),
        (lambda: utility().with_dataset(TRAIN)([["a"] * 6]), InputError, "must be boolean"),
        (
            lambda: dvl.Utility(
                __import__("sklearn.linear_model").linear_model.LinearRegression(), SCORER
            ).with_dataset(TRAIN),
            ScorerError,
            "accuracy",
        ),
    ],
    "Utility": [
        (lambda: dvl.Utility.from_function(3), InputTypeError, "callable, not int"),
        (lambda: dvl.Utility.from_set_function("f"), InputTypeError, "callable, not str"),
        (lambda: dvl.Utility.from_function(size, metrics="accuracy"), InputTypeError, "sequence of names"),
        (lambda: dvl.Utility.from_function(size, metrics=()), InputError, "at least one name"),
        (lambda: dvl.Utility.from_function(size, metrics=3), InputTypeError, "sequence of names"),
        *NO_NUMBER(lambda v: dvl.Utility.from_function(size, default=v), "default must be a"),
        *NO_FLAG(lambda v: dvl.Utility.from_function(size, catch_errors=v), "catch_errors"),
        (lambda: dvl.Utility.from_function(size, key=3), InputTypeError, "key must be a string"),
        *several(3, None, "abc", dvl.Dataset)(
            lambda v: dvl.Utility.from_function(size).with_dataset(v), "data must have a length"
        ),
        (lambda: dvl.Utility.from_function(size).with_dataset([]), InputError, "empty"),
        *several([True] * 6, [[True]], [[0, 1, 2, 3, 4, 5]])(
            dvl.Utility.from_function(size).with_dataset(TRAIN), "masks must"
        ),
    ],
    "SupervisedScorer": [
        (lambda: dvl.SupervisedScorer("acuracy", TEST), InputError, "Did you mean 'accuracy'?"),
        *several(3, None, Model)(lambda v: dvl.SupervisedScorer(v, TEST), "scoring is"),
        *several([], {}, ["r2", "r2"])(lambda v: dvl.SupervisedScorer(v, TEST), "at least one"),
        *several(X, None, "test", (X,))(lambda v: dvl.SupervisedScorer("r2", v), "pair (x, y)"),
        (lambda: dvl.SupervisedScorer("accuracy", (X, Y[:2])), InputError, "6 rows"),
        *several("0", NAN, [0.0, 1.0])(lambda v: dvl.SupervisedScorer("r2", TEST, v), "default="),
        *several((1, 0), 3, (0, NAN), "01")(lambda v: dvl.SupervisedScorer("r2", TEST, range=v), "range="),
        (lambda: dvl.SupervisedScorer("r2", TEST, name=3), InputTypeError, "name must be a string"),
    ],
    "compose_score": [
        (lambda: dvl.compose_score("r2", dvl.sigmoid, "s"), InputTypeError, "was given str"),
        (lambda: dvl.compose_score(SCORER, 3, "s"), InputTypeError, "a function of one float"),
        (lambda: dvl.compose_score(SCORER, dvl.sigmoid, 3), InputTypeError, "name must be a string"),
    ],
    "sigmoid": several("1", None, True, X)(dvl.sigmoid, "expected one number"),
    "Dataset": DATA,
    "GroupedDataset": [
        (lambda: dvl.GroupedDataset(X, Y), InputError, "data_groups is missing"),
        (lambda: dvl.GroupedDataset(X, Y, [0]), InputError, "one group per row"),
        (lambda: dvl.GroupedDataset(X, Y, [0, 0, 0, 1, 1, None]), InputError, "NaN or None"),
        (lambda: dvl.GroupedDataset(X, Y, 3), InputError, "one group per row"),
        (lambda: dvl.GroupedDataset(X, Y, list("aabbcc"), group_names=["a"]), InputError, "group_names"),
        (lambda: dvl.GroupedDataset.from_dataset(X, [0]), InputTypeError, "expected a Dataset"),
        (lambda: GROUPS.relabel([0], [1]), InputError, "groups"),
    ],
    "DataOOBValuation": [
        (lambda: dvl.DataOOBValuation(RandomForestClassifier), InputTypeError, "the class RandomForest"),
        *several(None, "forest", Model(), LogisticRegression())(dvl.DataOOBValuation, "bagging model"),
        (lambda: oob(bootstrap=False), InputError, "no point is ever out of bag"),
        *several(3, "accuracy", Model)(
            lambda v: dvl.DataOOBValuation(RandomForestClassifier(), v), "score must be a function"
        ),
        (
            lambda: dvl.DataOOBValuation(BaggingRegressor(), dvl.point_wise_accuracy),
            InputError,
            "neg_l2_distance",
        ),
        (lambda: dvl.DataOOBValuation(RandomForestClassifier(), is_done=60), InputTypeError, "stopping rule"),
        *several("0", 0.5, True)(
            lambda v: dvl.DataOOBValuation(RandomForestClassifier(), seed=v), "seed must be"
        ),
        *NO_FLAG(lambda v: dvl.DataOOBValuation(RandomForestClassifier(), progress=v), "progress"),
        *several(X, (X, Y), None)(lambda v: oob().fit(v), "must be a Dataset"),
        (lambda: oob().result, NotFittedError, "fit"),
        (lambda: oob().fit(TRAIN, continue_from=closed_form()), InputError, "continue_from"),
    ],
    "point_wise_accuracy": [
        (lambda: dvl.point_wise_accuracy(Y, Y[:3]), InputError, "one prediction for each label"),
    ],
    "neg_l2_distance": [
        (lambda: dvl.neg_l2_distance(Y, Y[:3]), InputError, "one prediction for each label"),
        (lambda: dvl.neg_l2_distance(["a"], ["b"]), InputTypeError, "measures numbers"),
    ],
    "SelfConfidenceValuation": [
        (lambda: dvl.SelfConfidenceValuation(LogisticRegression), InputTypeError, "the class LogisticReg"),
        *several(None, "svm", 3)(dvl.SelfConfidenceValuation, "must have fit"),
        (lambda: dvl.SelfConfidenceValuation(Model()), InputTypeError, "has no predict_proba"),
        *several("entropy", None, 3)(lambda v: confidence(score=v), "Pass 'self_confidence' or 'margin'"),
        *several(1, 0, -5, 2.5, "5", True, None)(lambda v: confidence(cv=v), "cv must be"),
        *several(0, 1.5, "2", True)(lambda v: confidence(repetitions=v), "repetitions must be"),
        *several("0", 0.5, True)(lambda v: confidence(seed=v), "seed must be"),
        *NO_FLAG(lambda v: confidence(progress=v), "progress"),
        (lambda: confidence(is_done=60), InputTypeError, "stopping rule was expected"),
        *several(X, (X, Y), None)(lambda v: confidence().fit(v), "must be a Dataset"),
        (lambda: confidence().fit(NUMBERS), InputError, "numbers with fractions"),
        (lambda: confidence(cv=7).fit(TRAIN), InputError, "need at least 7 points"),
        (lambda: confidence().fit(dvl.Dataset(X, Y * 0)), InputError, "all labels are 0"),
        (lambda: confidence().fit(PAIRS), InputError, "2 targets"),
        (lambda: confidence().result, NotFittedError, "fit"),
    ],
    "CrossValidatedResidualValuation": [
        (lambda: dvl.CrossValidatedResidualValuation(Model), InputTypeError, "the class Model"),
        *several(None, "svm", 3)(dvl.CrossValidatedResidualValuation, "must have fit"),
        (lambda: dvl.CrossValidatedResidualValuation(LogisticRegression()), InputTypeError, "no regressor"),
        *several(1, 2.5, "5", True)(lambda v: residual(cv=v), "cv must be"),
        *several(0, 1.5)(lambda v: residual(repetitions=v), "repetitions must be"),
        *NO_FLAG(lambda v: residual(closed_form=v), "closed_form"),
        *several("0", 0.5)(lambda v: residual(seed=v), "seed must be"),
        *several(X, (X, Y), None)(lambda v: residual().fit(v), "must be a Dataset"),
        (lambda: residual().fit(dvl.Dataset(X, list("ababab"))), InputError, "no numbers"),
        (lambda: residual().fit(PAIRS), InputError, "2 targets"),
    ],
    "suggested_labels": [
        *several(None, X, Model())(dvl.suggested_labels, "expected a ValuationResult"),
        (lambda: dvl.suggested_labels(closed_form()), InputError, "has no suggested labels"),
    ],
    "ClosedFormUtility": [
        *several(None, Model(), SCORER, TRAIN)(dvl.ClosedFormUtility, "must be a Utility(model, scorer)"),
        (lambda: dvl.ClosedFormUtility(utility()), InputTypeError, "no closed form that we know"),
    ],
    "ClosedFormLOOValuation": [
        *several(None, Model(), TRAIN)(dvl.ClosedFormLOOValuation, "must be a Utility(model, scorer)"),
        (lambda: dvl.ClosedFormLOOValuation(utility()), InputTypeError, "no closed form that we know"),
        (lambda: dvl.ClosedFormLOOValuation(LINEAR, progress="no"), InputTypeError, "progress"),
        *several(X, (X, Y), [])(lambda v: dvl.ClosedFormLOOValuation(LINEAR).fit(v), "Dataset, not"),
        (lambda: dvl.ClosedFormLOOValuation(LINEAR).result, NotFittedError, "fit"),
    ],
    "KNNShapleyValuation": [
        (lambda: dvl.KNNShapleyValuation(LogisticRegression(), TEST), InputTypeError, "LogisticRegression"),
        (lambda: dvl.KNNShapleyValuation(KNeighborsClassifier, TEST), InputTypeError, "the class KNei"),
        (lambda: knn(X), InputTypeError, "test_data must be a Dataset"),
        (lambda: knn(GROUPS), InputError, "averaged over points"),
        (lambda: knn(weights="distance"), InputError, "weights must be 'uniform'"),
        *several(0, "3", 2.5, True)(lambda v: knn(n_neighbors=v), "n_neighbors must be"),
        *several("0", 0.5, True)(
            lambda v: dvl.KNNShapleyValuation(KNeighborsClassifier(), TEST, seed=v), "seed must be"
        ),
        *NO_FLAG(lambda v: dvl.KNNShapleyValuation(KNeighborsClassifier(), TEST, progress=v), "progress"),
        *NO_FLAG(
            lambda v: dvl.KNNShapleyValuation(KNeighborsClassifier(), TEST, True, v), "clone_before_fit"
        ),
        (lambda: knn().fit(X), InputTypeError, "Dataset, not ndarray"),
        (lambda: knn().fit([]), InputTypeError, "Dataset, not list"),
        (lambda: knn(metric="precomputed").fit(TRAIN), InputError, "shape (t, 6)"),
        (lambda: knn().fit(NUMBERS), InputError, "no classes"),
        (lambda: knn(NUMBERS).fit(TRAIN), InputError, "no classes"),
        (lambda: knn(dvl.Dataset(X, list("ababab"))).fit(TRAIN), InputError, "no class in common"),
        (lambda: knn(dvl.Dataset(np.hstack([X, X]), Y)).fit(TRAIN), InputError, "1 feature "),
        (lambda: knn(dvl.Dataset(np.full((6, 1), NAN), Y)).fit(TRAIN), InputError, "finite"),
        (lambda: knn(metric="as the crow flies").fit(TRAIN), InputError, "measures no distances"),
    ],
    "SoftLabelKNNShapleyValuation": [
        *neighbour_cases(dvl.SoftLabelKNNShapleyValuation),
        *NO_NUMBER_OR_NONE(
            lambda v: dvl.SoftLabelKNNShapleyValuation(KNeighborsClassifier(), TEST, chance=v), "chance must"
        ),
        (
            lambda: dvl.SoftLabelKNNShapleyValuation(KNeighborsClassifier(), TEST, chance=2),
            InputError,
            "between 0 and 1",
        ),
    ],
    "CalibratedKNNShapleyValuation": [
        *neighbour_cases(dvl.CalibratedKNNShapleyValuation),
        *several(-1, "3", 2.5, True)(
            lambda v: dvl.CalibratedKNNShapleyValuation(KNeighborsClassifier(), TEST, smallest=v),
            "smallest must be",
        ),
        (
            lambda: dvl.CalibratedKNNShapleyValuation(KNeighborsClassifier(), TEST, smallest=6).fit(TRAIN),
            InputError,
            "at most 5",
        ),
    ],
    "WeightedKNNShapleyValuation": [
        *neighbour_cases(dvl.WeightedKNNShapleyValuation, weights=("nearest", 3)),
        *several(0, "3", 2.5, True)(
            lambda v: dvl.WeightedKNNShapleyValuation(KNeighborsClassifier(), TEST, levels=v),
            "levels must be",
        ),
        (
            lambda: dvl.WeightedKNNShapleyValuation(KNeighborsClassifier(21), TEST),
            InputError,
            "at most 20",
        ),
    ],
    "ThresholdKNNShapleyValuation": [
        *neighbour_cases(dvl.ThresholdKNNShapleyValuation, RadiusNeighborsClassifier),
        *several(0, "3", NAN, True, -1)(
            lambda v: dvl.ThresholdKNNShapleyValuation(RadiusNeighborsClassifier(v), TEST), "radius must be"
        ),
        *NO_NUMBER_OR_NONE(
            lambda v: dvl.ThresholdKNNShapleyValuation(RadiusNeighborsClassifier(), TEST, chance=v),
            "chance must",
        ),
        (
            lambda: dvl.ThresholdKNNShapleyValuation(RadiusNeighborsClassifier(1e-3), TEST).fit(TRAIN),
            InputError,
            "too small",
        ),
        (lambda: threshold().data, NotFittedError, "fit"),
        (lambda: threshold().relabel({0: 1}), NotFittedError, "fit"),
        (lambda: threshold().remove([0]), NotFittedError, "fit"),
        (lambda: threshold().add(TEST), NotFittedError, "fit"),
        (lambda: threshold().fit(TRAIN).relabel({0: "a"}), InputError, "the same kind"),
        (lambda: threshold().fit(TRAIN).relabel({9: 1}), InputError, "position 9"),
        (lambda: threshold().fit(TRAIN).remove(range(6)), InputError, "all 6 points"),
        (lambda: threshold().fit(TRAIN).add(X), InputTypeError, "must be a Dataset"),
        (lambda: threshold().fit(TRAIN).add(TEST), InputError, "ids of the new points"),
        (lambda: threshold().fit(TRAIN).add(GROUPS), InputError, "are groups"),
        (lambda: threshold().fit(TRAIN).add(dvl.Dataset(np.hstack([X, X]), Y)), InputError, "2 features"),
    ],
    "KNNRegressionShapleyValuation": [
        *neighbour_cases(dvl.KNNRegressionShapleyValuation, KNeighborsRegressor)[:-2],
        *NO_NUMBER_OR_NONE(
            lambda v: dvl.KNNRegressionShapleyValuation(KNeighborsRegressor(), NUMBERS, baseline=v),
            "baseline must",
        ),
        (
            lambda: dvl.KNNRegressionShapleyValuation(KNeighborsRegressor(), NUMBERS).fit(WORDS),
            InputError,
            "one finite number per row",
        ),
    ],
    "KNNClassifierUtility": [
        *several(LogisticRegression(), KNeighborsClassifier, None)(
            lambda v: dvl.KNNClassifierUtility(v, TEST), "model must be a KNeighborsClassifier"
        ),
        (
            lambda: dvl.KNNClassifierUtility(make_pipeline(StandardScaler(), KNeighborsClassifier()), TEST),
            InputTypeError,
            "transform the features of the training and of the test data first",
        ),
        *several(0, "3", 2.5)(
            lambda v: dvl.KNNClassifierUtility(KNeighborsClassifier(v), TEST), "n_neighbors must be"
        ),
        *several("distance", size)(
            lambda v: dvl.KNNClassifierUtility(KNeighborsClassifier(weights=v), TEST),
            "weights must be 'uniform'",
        ),
        *several(X, None)(lambda v: dvl.KNNClassifierUtility(KNeighborsClassifier(), v), "test_data must be"),
        (lambda: dvl.KNNClassifierUtility(KNeighborsClassifier(), GROUPS), InputError, "over points"),
        *NO_FLAG(lambda v: dvl.KNNClassifierUtility(KNeighborsClassifier(), TEST, soft=v), "soft"),
        *NO_FLAG(lambda v: dvl.KNNClassifierUtility(KNeighborsClassifier(), TEST, catch_errors=v), "catch"),
        *NO_FLAG(lambda v: dvl.KNNClassifierUtility(KNeighborsClassifier(), TEST, show_warnings=v), "show"),
        *NO_FLAG(
            lambda v: dvl.KNNClassifierUtility(KNeighborsClassifier(), TEST, clone_before_fit=v), "clone"
        ),
        (lambda: knn_utility().with_dataset(X), InputTypeError, "Dataset, not ndarray"),
        (lambda: knn_utility().with_dataset(NUMBERS), InputError, "no classes"),
        (lambda: knn_utility().with_dataset(TRAIN)([True] * 6), InputError, r"mask[None, :]"),
        (lambda: knn_utility().with_dataset(TRAIN)([[0, 1, 2, 3, 4, 5]]), InputError, "must be boolean"),
    ],
    "SemivalueValuation": [
        *sampled_cases(dvl.SemivalueValuation),
        *several("uniform", 3, ["a"], [0.5, 0.2])(
            lambda v: dvl.SemivalueValuation(utility(), law=v), "law must be"
        ),
        (lambda: dvl.SemivalueValuation(utility(), law=[0.5, 0.5]).fit(TRAIN), InputError, "6 probabilities"),
        (
            lambda: dvl.SemivalueValuation(utility(), law=lambda n: "abc").fit(TRAIN),
            InputTypeError,
            "array of probabilities",
        ),
    ],
    "ShapleyValuation": sampled_cases(dvl.ShapleyValuation),
    "DataShapleyValuation": sampled_cases(dvl.DataShapleyValuation),
    "BanzhafValuation": sampled_cases(dvl.BanzhafValuation),
    "DataBanzhafValuation": sampled_cases(dvl.DataBanzhafValuation),
    "BetaShapleyValuation": [
        *sampled_cases(dvl.BetaShapleyValuation),
        *NO_NUMBER(lambda v: dvl.BetaShapleyValuation(utility(), alpha=v), "alpha must be a"),
        *NO_NUMBER(lambda v: dvl.BetaShapleyValuation(utility(), beta=v), "beta must be a"),
        *several(0, -1)(lambda v: dvl.BetaShapleyValuation(utility(), alpha=v), "alpha must be above 0"),
        *several(0, -1)(lambda v: dvl.BetaShapleyValuation(utility(), beta=v), "beta must be above 0"),
    ],
    "MSRBanzhafValuation": [
        *semivalue_cases(dvl.MSRBanzhafValuation),
        (lambda: dvl.MSRBanzhafValuation(utility(), 60), InputTypeError, "stopping rule was expected"),
        (lambda: dvl.MSRBanzhafValuation(utility(), batch_size=0), InputError, "batch_size"),
        (lambda: dvl.MSRBanzhafValuation(utility(), seed="0"), InputTypeError, "seed must be None"),
    ],
    "WeightedBanzhafValuation": [
        *sampled_cases(dvl.WeightedBanzhafValuation),
        *NO_NUMBER(lambda v: dvl.WeightedBanzhafValuation(utility(), weight=v), "weight must be a"),
        *several(0, 1, 1.5)(lambda v: dvl.WeightedBanzhafValuation(utility(), weight=v), "between 0 and 1"),
    ],
    "weight_from_noise": [
        (lambda: dvl.weight_from_noise("ab", MASKS), InputTypeError, "must be arrays"),
        (lambda: dvl.weight_from_noise([1.0, 2.0], MASKS), InputError, "shape (2,)"),
        (lambda: dvl.weight_from_noise([[1.0, 2.0]], MASKS), InputError, "at least 2 repetitions"),
        (lambda: dvl.weight_from_noise([[1.0, NAN], [1.0, 2.0]], MASKS), InputError, "finite"),
        (lambda: dvl.weight_from_noise([[1.0, 2.0], [1.0, 2.0]], MASKS), InputError, "no noise"),
        (lambda: dvl.weight_from_noise([[1.0, 2.0], [1.0, 3.0]], MASKS[:, :1]), InputError, "one size"),
    ],
    "RandomValuation": [
        *several("0", 0.5, True, -1)(dvl.RandomValuation, "seed must"),
        *NO_FLAG(lambda v: dvl.RandomValuation(0, v), "progress must be True or False"),
        *several(X, (X, Y), [], None, dvl.Dataset)(
            lambda v: dvl.RandomValuation(0).fit(v), "must be a Dataset, not"
        ),
        (lambda: dvl.RandomValuation(0).result, NotFittedError, "fit"),
    ],
    "GroupTestingShapleyValuation": [
        *semivalue_cases(lambda u, **kw: dvl.GroupTestingShapleyValuation(u, 100, 0.1, **QUIET | kw)),
        *several(1, 2.5, True, "100", None)(
            lambda v: dvl.GroupTestingShapleyValuation(utility(), v, 0.1), "n_samples must be"
        ),
        *NO_NUMBER(lambda v: dvl.GroupTestingShapleyValuation(utility(), 100, v), "epsilon must be a"),
        *several(0, -1)(
            lambda v: dvl.GroupTestingShapleyValuation(utility(), 100, v), "epsilon must be above"
        ),
        *several("ECOS", [1], 3)(
            lambda v: dvl.GroupTestingShapleyValuation(utility(), 100, 0.1, v), "solver_options must be"
        ),
        *several("0", 0.5, -1)(
            lambda v: dvl.GroupTestingShapleyValuation(utility(), 100, 0.1, seed=v), "seed must"
        ),
    ],
    "compute_n_samples": [
        *NO_NUMBER(lambda v: dvl.compute_n_samples(v, 0.1, 10), "epsilon must be a"),
        *NO_NUMBER(lambda v: dvl.compute_n_samples(0.1, v, 10), "delta must be a"),
        *several(0, -1)(lambda v: dvl.compute_n_samples(v, 0.1, 10), "epsilon must be above 0"),
        *several(0, 1, 2)(lambda v: dvl.compute_n_samples(0.1, v, 10), "delta must lie between"),
        *several(1, 2.5, "10", True)(lambda v: dvl.compute_n_samples(0.1, 0.1, v), "n_obs must be"),
        *several(0, -1)(lambda v: dvl.compute_n_samples(0.1, 0.1, 9, v), "utility_range must be above"),
    ],
    "LeastCoreValuation": [
        *least_core_cases(lambda u, *a, **kw: dvl.LeastCoreValuation(u, dvl.LOOSampler(), 5, *a, **kw)),
        (lambda: dvl.LeastCoreValuation(utility(), dvl.MSRSampler), InputTypeError, "the class MSRSampler"),
        (lambda: dvl.LeastCoreValuation(utility(), "msr"), InputTypeError, "not 'msr'"),
        (lambda: dvl.LeastCoreValuation(utility(), **QUIET).fit(TRAIN), InputError, "n_samples must say"),
        *several(0, 2.5, True, "10")(
            lambda v: dvl.LeastCoreValuation(utility(), None, v), "n_samples must be"
        ),
    ],
    "ExactLeastCoreValuation": [
        *least_core_cases(dvl.ExactLeastCoreValuation),
        (lambda: dvl.ExactLeastCoreValuation(utility(), **QUIET).fit(large()), InputError, "at most 25"),
    ],
    "MonteCarloLeastCoreValuation": [
        *least_core_cases(lambda u, *a, **kw: dvl.MonteCarloLeastCoreValuation(u, 10, *a, **kw)),
        *several(0, 2.5, True, "10", None)(
            lambda v: dvl.MonteCarloLeastCoreValuation(utility(), v), "n_samples must be"
        ),
        *several("0", 0.5, -1)(
            lambda v: dvl.MonteCarloLeastCoreValuation(utility(), 10, seed=v), "seed must"
        ),
    ],
    "LOOValuation": semivalue_cases(dvl.LOOValuation),
    "InfluencePanel": [
        (lambda: dvl.InfluencePanel(3, TRAIN, TRAIN), InputTypeError, "expected an influence model"),
        (lambda: dvl.InfluencePanel(dvl.GradDotInfluence, TRAIN, TRAIN), InputTypeError, "Make an instance"),
        (lambda: dvl.InfluencePanel(influence(), X, TRAIN), InputTypeError, "expected the train points"),
        (lambda: dvl.InfluencePanel(influence(), TRAIN, X), InputTypeError, "expected the test points"),
        (lambda: dvl.InfluencePanel(influence(9), TRAIN, TRAIN), InputError, "cannot be called with inputs"),
        (lambda: dvl.InfluencePanel(influence(), TRAIN, TRAIN, quantile=2), InputError, "between 0 and 1"),
        (lambda: dvl.InfluencePanel(influence(), TRAIN, TRAIN, height=3), InputError, "at least 200 pixels"),
        (
            lambda: dvl.InfluencePanel(influence(), TRAIN, TRAIN, title=3),
            InputTypeError,
            "title must be a string",
        ),
        (
            lambda: dvl.InfluencePanel(influence(), TRAIN, TRAIN, edits=3),
            InputTypeError,
            "expected an EditLog",
        ),
        (
            lambda: dvl.InfluencePanel(influence(), TRAIN, TRAIN, checkpoint=3),
            InputTypeError,
            "path of a folder",
        ),
        (lambda: dvl.InfluencePanel(influence(), TRAIN, TRAIN, image_shape=3), InputTypeError, "image_shape"),
    ],
    "ValuationPanel": [
        (lambda: dvl.ValuationPanel(utility(), TRAIN), InputTypeError, "expected a valuation"),
        (lambda: dvl.ValuationPanel(dvl.ShapleyValuation, TRAIN), InputTypeError, "expected a valuation"),
        (lambda: dvl.ValuationPanel(shapley(), X), InputTypeError, "expected the training points"),
        *several("600", 100, True, 600.0)(
            lambda v: dvl.ValuationPanel(shapley(), TRAIN, height=v), "at least 200 pixels"
        ),
        (lambda: dvl.ValuationPanel(shapley(), TRAIN, title=3), InputTypeError, "title must be a string"),
        *several(3, "pictures", ["a"])(lambda v: dvl.ValuationPanel(shapley(), TRAIN, previews=v), "preview"),
        *several(3, (2, 2))(lambda v: dvl.ValuationPanel(shapley(), TRAIN, image_shape=v), "image_shape"),
        (lambda: dvl.ValuationPanel(shapley(), TRAIN, checkpoint=3), InputTypeError, "path of a folder"),
        (lambda: dvl.ValuationPanel(shapley(), TRAIN, edits=3), InputTypeError, "expected an EditLog"),
    ],
    "EditLog": [
        *several(3, None, dvl.EditLog)(dvl.EditLog, "expected the file of the log"),
        (lambda: dvl.EditLog(__file__), EditError, "cannot be read as a log"),
        (lambda: dvl.EditLog(Path(__file__).parent), EditError, "Is a directory"),
        *several(X, None, dvl.Dataset)(dvl.EditLog.of, "expected a Dataset"),
    ],
    "Edits": [
        *several(3, None)(dvl.Edits.from_notebook, "expected a notebook's file"),
        *several("nowhere.ipynb", Path(__file__).parent, __file__)(dvl.Edits.from_notebook, "notebook"),
        *several(3, None, {}, {"format": "dvlwidgets-edits", "v": 1})(
            dvl.Edits.from_payload, "cannot be read"
        ),
        (lambda: dvl.Edits.from_payload({"format": "dvlwidgets-edits", "v": 2}), InputError, "version 2"),
    ],
    "ValuationResult": [
        (lambda: dvl.ValuationResult(values="abc"), InputTypeError, "values must be numbers"),
        (lambda: dvl.ValuationResult(values=3), InputError, "expected (n,)"),
        (lambda: dvl.ValuationResult(values=[1, 2], counts=[1]), InputError, "like values"),
        (lambda: dvl.ValuationResult(values=[1, 2], counts=[-1, 1]), InputError, "negative"),
        (lambda: dvl.ValuationResult(values=[1, 2], variances=[-1, 1]), InputError, "negative"),
        (lambda: dvl.ValuationResult(values=[1, 2], indices=[1, 1]), InputError, "twice"),
        (lambda: dvl.ValuationResult(values=[1, 2], indices=["a", "b"]), InputTypeError, "whole numbers"),
        (lambda: dvl.ValuationResult(values=[1, 2], data_names=["a"]), InputError, "data_names"),
        (lambda: dvl.ValuationResult(values=[1, 2], status="done"), InputError, "no status"),
        *several("up", 1)(lambda v: dvl.ValuationResult(values=[1, 2], sort=v), "sort"),
        (lambda: dvl.ValuationResult(values=[1, 2], algorithm=3), InputTypeError, "algorithm"),
        *several(0, "3", 2.5, True)(dvl.ValuationResult.from_random, "size must be"),
        *several("0", -1)(lambda v: dvl.ValuationResult.from_random(3, seed=v), "seed"),
        *several(-1, "3", 2.5)(lambda v: dvl.ValuationResult.zeros(size=v), "size must be"),
        (lambda: dvl.ValuationResult(values=[1, 2])["a"], InputTypeError, "indexed by rows"),
        (lambda: dvl.ValuationResult(values=[1, 2])[5], InputError, "row 5"),
    ],
    "Status": [(lambda: dvl.Status("done"), InputError, "'done' is no status")],
    "Run": [
        (lambda: shapley().prepare_run(TRAIN).wait(), RunError, "not started"),
        (lambda: stopped_run().start(), RunError, "stopped"),
        (lambda: stopped_run().pause(), RunError, "nothing to pause"),
        (lambda: stopped_run().resume(), RunError, "nothing to resume"),
    ],
    "static_page": [
        *several(3, None, X)(lambda v: dvl.static_page(v, TRAIN), "expected a ValuationResult"),
        (lambda: dvl.static_page(dvl.ValuationResult(values=[1.0, 2.0]), X), InputTypeError, "Dataset"),
        (lambda: dvl.static_page(shapley(), TRAIN), NotFittedError, "fit"),
        (
            lambda: dvl.static_page(dvl.ValuationResult(values=np.zeros(7)), TRAIN),
            InputError,
            "data set that was valued",
        ),
        (lambda: dvl.static_page(closed_form(), TRAIN, title=3), InputTypeError, "title must be a string"),
        (
            lambda: dvl.static_page(dvl.ValuationResult(values=[1.0]), TRAIN, share="all"),
            InputError,
            "summary",
        ),
        (lambda: dvl.static_page(dvl.ValuationResult(values=[1.0]), TRAIN, share=3), InputTypeError, "share"),
        (
            lambda: dvl.static_page(dvl.ValuationResult(values=[1.0]), TRAIN, max_bytes="1 MB"),
            InputTypeError,
            "max_bytes must be an integer",
        ),
    ],
    "save_result": [
        *several(3, None)(lambda v: dvl.save_result(v, "r.npz"), "expected a ValuationResult"),
        (lambda: dvl.save_result(dvl.ValuationResult(values=[1.0]), 3), InputTypeError, "path"),
    ],
    "register_preview": [
        *several(None, 3, "text")(lambda v: dvl.register_preview(v, str), "expected functions"),
        *several(None, 3, "text")(lambda v: dvl.register_preview(callable, v), "expected functions"),
    ],
    "merge_journals": [
        *several(3, None, "folder")(dvl.merge_journals, "a list of several was expected"),
        *several(["folder"], [3])(dvl.merge_journals, "takes results"),
        (lambda: dvl.merge_journals([]), InputError, "empty"),
        (lambda: dvl.merge_journals([ranked()]), InputError, "without a journal"),
        (lambda: shapley().merge(["nowhere"], TRAIN), InputError, "does not exist"),
        (lambda: shapley().merge(["nowhere"]), NotFittedError, "data"),
    ],
    "reweightable": [
        *several(3, None, TRAIN)(dvl.reweightable, "a valuation or a result was expected"),
        (lambda: dvl.reweightable(ranked()), InputError, "no utilities"),
        (lambda: dvl.reweightable(shapley()), NotFittedError, "fit"),
        (lambda: ranked().reweight("banzhaf"), InputError, "no utilities"),
        (lambda: closed_form().reweight("banzhaf"), InputError, "no utilities"),
    ],
    "SymmetricVotingGame": [
        *several("6", 6.0, None, True, 0, -2)(dvl.SymmetricVotingGame, "n must be"),
        (lambda: dvl.SymmetricVotingGame(5), InputError, "even"),
    ],
    "AsymmetricVotingGame": [
        *several("6", 2.5, None, 0)(dvl.AsymmetricVotingGame, "n must be"),
        (lambda: dvl.AsymmetricVotingGame(5), InputError, "one weight a player"),
        (lambda: dvl.AsymmetricVotingGame(3, 3), InputError, "one weight a player"),  # type: ignore[arg-type]
        (lambda: dvl.AsymmetricVotingGame(2, [1, -1]), InputError, "positive whole numbers"),
    ],
    "ShoesGame": [
        *several("6", 2.0, None, 0, -1)(lambda n: dvl.ShoesGame(n, 2), "left must be"),
        *several("6", 2.0, None, 0, -1)(lambda n: dvl.ShoesGame(2, n), "right must be"),
    ],
    "AirportGame": [
        *several("6", 2.5, None, 0)(dvl.AirportGame, "n must be"),
        (lambda: dvl.AirportGame(5), InputError, "one cost a player"),
        (lambda: dvl.AirportGame(2, [1.0, -1.0]), InputError, "not negative"),
        (lambda: dvl.AirportGame(2, [1.0, NAN]), InputError, "finite"),
    ],
    "MinimumSpanningTreeGame": several("6", 5.0, None, 2, -3)(dvl.MinimumSpanningTreeGame, "n must be"),
    "MinerGame": several("6", 5.0, None, 2, -3)(dvl.MinerGame, "n must be"),
    "load_result": [
        *several(3, None, TRAIN)(dvl.load_result, "expected a path"),
        (lambda: dvl.load_result(__file__), InputError, "result"),
    ],
}

RECORDS = {
    "CacheStats": "a record that caches make",
    "NoTruncation": "takes no arguments",
    "FiniteSequentialSizeIteration": "a name for an order; it is passed as a class",
    "RandomSizeIteration": "a name for an order; it is passed as a class",
    "RoundRobinSizeIteration": "a name for an order; it is passed as a class",
    "Progress": "a record that the loop makes",
    "Verdict": "a record that rules make",
    "Suggestion": "a record that suggested_labels makes",
    "RawData": "a named tuple that data sets make",
    "ValueItem": "a record that results make",
}
"""Public names that a user passes nothing to, with the reason."""

METHODS: dict[str, Callable[..., Any]] = {
    "fit": lambda v, data, **kw: v.fit(data, **kw),
    "stream": lambda v, data, **kw: v.stream(data, **kw),
    "start": lambda v, data, **kw: v.start(data, **kw),
    "prepare_run": lambda v, data, **kw: v.prepare_run(data, **kw),
}


def large() -> Any:
    return dvl.Dataset(np.arange(26.0)[:, None], np.arange(26) % 2)


def stopped_run() -> Any:
    run = shapley().prepare_run(TRAIN)
    run.stop()
    return run


INSTRUCTION = re.compile(
    r"\b([Pp]ass|[Uu]se|[Ww]rite|[Tt]ake|[Cc]all|[Cc]hoose|[Cc]onvert|[Dd]rop|[Pp]ad|[Mm]ove|[Ss]tart|[Ll]eave|Give|"
    r"[Gg]roup|Make|expected|for example|e\.g\.|must|needs?|takes|wants|See|refer)\b"
)


def refused(call: Callable[[], Any], error: type[DvlError], words: str) -> str:
    """The message of a refusal that did no work."""
    WORK.clear()
    with pytest.raises(error) as caught:
        call()
    message = str(caught.value)
    assert words in message
    assert len(message) >= 30, f"too short to say what to do: {message}"
    assert INSTRUCTION.search(message), f"does not say what to do: {message}"
    assert WORK == [], f"worked before it refused: {WORK}"
    return message


def test_every_public_name_has_a_row() -> None:
    rows = {*CASES, *RECORDS}
    assert rows - set(dvl.__all__) == set(), "rows of names that are not public"
    assert set(dvl.__all__) - rows == set(), "public names without a row: add them to CASES, or to RECORDS"
    assert not set(CASES) & set(RECORDS)
    assert all(CASES.values())


def test_a_public_name_without_a_row_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dvl, "__all__", [*dvl.__all__, "NewThing"])
    with pytest.raises(AssertionError, match="NewThing"):
        test_every_public_name_has_a_row()


@pytest.mark.parametrize("name", sorted(CASES))
def test_wrong_input_is_refused_in_words_before_any_work(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    failed = []
    for k, (call, error, words) in enumerate(CASES[name]):
        try:  # every wrong row of a name is listed, not the first only
            refused(call, error, words)
        except BaseException as problem:
            failed.append(
                f"case {k} (expected {error.__name__}, {words!r}): {type(problem).__name__}: {problem}"
            )
    assert not failed, "\n\n".join(failed)
    assert list(tmp_path.iterdir()) == [], "a refused call left files"


def test_records_need_no_check() -> None:
    assert dvl.NoTruncation() == dvl.NoTruncation()
    assert all(reason for reason in RECORDS.values())


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize(
    ("data", "words"),
    [
        (X, "not ndarray"),
        ((X, Y), "not tuple"),
        ([], "not list"),
        (None, "not NoneType"),
        (dvl.Dataset, "Dataset"),
        (Model(), "not Model"),
        ("train.csv", "not str"),
    ],
)
def test_wrong_data_are_refused_by_each_way_to_begin(method: str, data: Any, words: str) -> None:
    for make in (shapley, knn):
        refused(lambda make=make: METHODS[method](make(), data), InputTypeError, words)  # type: ignore[misc]


@pytest.mark.parametrize("method", METHODS)
def test_wrong_checkpoints_are_refused_by_each_way_to_begin(method: str, tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_text("mine")
    for make in (shapley, knn):
        for wrong, words in [(3, "path of a folder"), (file, "is a file"), (b"x", "path"), ("", "empty")]:
            refused(
                lambda make=make, wrong=wrong: METHODS[method](make(), TRAIN, checkpoint=wrong),  # type: ignore[misc]
                DvlError,
                words,
            )
    assert file.read_text() == "mine"


def test_a_foreign_file_in_the_checkpoint_folder_is_refused_and_kept(tmp_path: Path) -> None:
    for make, name in ((shapley, "journal.dvl"), (knn, "state.npz")):
        (tmp_path / name).write_bytes(b"something else of mine")
        refused(lambda make=make: make().fit(TRAIN, checkpoint=tmp_path), JournalError, "folder")  # type: ignore[misc]
        assert (tmp_path / name).read_bytes() == b"something else of mine"


def test_the_checkpoint_of_something_else_is_refused(tmp_path: Path) -> None:
    for make in (shapley, knn):
        folder = tmp_path / make.__name__
        make().fit(TRAIN, checkpoint=folder)
        for data in (TRAIN.relabel({0: 1}), TRAIN.drop_indices([0])):
            refused(
                lambda make=make, data=data, folder=folder: make().fit(data, checkpoint=folder),  # type: ignore[misc]
                IdentityError,
                "training data",
            )


@pytest.mark.parametrize(
    "wrong",
    [3, "result", X, dvl.ValuationResult(values=np.zeros(6)), Journal],
    ids=lambda w: type(w).__name__,
)
def test_wrong_results_to_continue_from_are_refused(wrong: Any) -> None:
    refused(lambda: shapley().fit(TRAIN, continue_from=wrong), InputError, "continue_from")
    refused(lambda: knn().fit(TRAIN, continue_from=wrong), InputError, "continue_from")


def test_a_result_of_other_data_or_seed_is_not_continued() -> None:
    earlier = shapley().fit(TRAIN).result
    refused(lambda: shapley().fit(TRAIN.relabel({0: 1}), earlier), IdentityError, "training data")
    refused(lambda: shapley(dvl.MSRSampler(seed=9)).fit(TRAIN, earlier), IdentityError, "seed")
    refused(lambda: shapley().fit(TRAIN, earlier, "folder"), InputError, "either")
    assert not Path("folder").exists()


def test_what_cannot_be_hashed_is_refused_with_a_checkpoint_only(tmp_path: Path) -> None:
    class Handle(Model):
        def __init__(self) -> None:
            self.file = open(__file__, "rb")

    model = Handle()
    model.__class__.__deepcopy__ = lambda self, memo: self  # type: ignore[attr-defined]
    valuation = dvl.ShapleyValuation(dvl.Utility(model, SCORER), dvl.MSRSampler(seed=0), dvl.MaxUpdates(5))
    refused(lambda: valuation.fit(TRAIN, checkpoint=tmp_path), UnhashableError, "key=")
    assert valuation.fit(TRAIN).result.values.shape == (6,)
    model.file.close()


def test_names_of_background_runs_are_strings() -> None:
    refused(lambda: shapley().prepare_run(TRAIN, name=3), InputTypeError, "name must be a string")
