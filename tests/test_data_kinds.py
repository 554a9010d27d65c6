"""Every kind of data through a real valuation: exact Shapley values, compared with fits made by hand."""

from __future__ import annotations

import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import joblib
import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp
import torch
from oracles import semivalue_by_enumeration
from sklearn.compose import ColumnTransformer
from sklearn.datasets import load_linnerud
from sklearn.ensemble import BaggingClassifier
from sklearn.impute import SimpleImputer
from sklearn.linear_model import Ridge
from sklearn.metrics import accuracy_score, f1_score, mean_absolute_error, r2_score
from sklearn.naive_bayes import BernoulliNB
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder
from sklearn.tree import DecisionTreeClassifier

from dvlwidgets import (
    ClasswiseModelUtility,
    ClasswiseSampler,
    ClasswiseShapleyValuation,
    ClasswiseSupervisedScorer,
    DataOOBValuation,
    Dataset,
    DeterministicUniformSampler,
    GroupedDataset,
    KNNShapleyValuation,
    MaxUpdates,
    MSRSampler,
    NoStopping,
    PermutationSampler,
    SelfConfidenceValuation,
    ShapleyValuation,
    SupervisedScorer,
    UniformSampler,
    Utility,
)
from dvlwidgets.data.mapped import is_mapped
from dvlwidgets.engine.shipment import Shipment, place_of
from dvlwidgets.engine.threads import capped
from dvlwidgets.valuation.semivalue import shapley_law

N = 6
rng = np.random.default_rng(2)
Y = np.array([0, 1, 1, 0, 1, 0] + [0, 1] * 8)
X = np.round(rng.normal(size=(len(Y), 3)) + 1.5 * Y[:, None], 2)
NUMBERS = np.round(X @ [1.0, -2.0, 0.5] + 0.1 * rng.normal(size=len(Y)), 2)
FRAME = pd.DataFrame(X, columns=["a", "b", "c"])
FRAME["kind"] = pd.Categorical(np.where(X[:, 0] > 0.5, "big", "small"))
FRAME.loc[[1, 8], "b"] = np.nan


def rows(table: Any, where: slice) -> Any:
    return table.iloc[where] if hasattr(table, "iloc") else table[where]


def split(x: Any, y: Any, **kwargs: Any) -> tuple[Dataset, Dataset]:
    """The first points to value, the others to score on."""
    train, test = slice(0, N), slice(N, None)
    return Dataset(rows(x, train), rows(y, train), **kwargs), Dataset(rows(x, test), rows(y, test), **kwargs)


def exact(train: Dataset, test: Dataset, model: Any, scoring: Any = "accuracy", default: Any = None) -> Any:
    """Exact Shapley values through the whole machine."""
    utility = Utility(model, SupervisedScorer(scoring, test, default), catch_errors=False)
    return ShapleyValuation(utility, DeterministicUniformSampler(), NoStopping()).fit(train).result


def by_hand(
    model: Any, metric: Callable[[Any, Any], float], x: Any, y: Any, groups: Any = None, empty: float = 0.0
) -> np.ndarray:
    """The same from the definition: fits on plain rows, a metric of scikit-learn, all subsets."""
    groups = np.arange(N) if groups is None else np.asarray(groups)
    n = len(np.unique(groups))

    def score(mask: np.ndarray) -> float:
        chosen = np.flatnonzero(mask[groups])
        if not len(chosen):
            return empty
        model.fit(rows(rows(x, slice(0, N)), chosen), rows(y, slice(0, N))[chosen])
        return metric(rows(y, slice(N, None)), model.predict(rows(x, slice(N, None))))

    with capped():  # as our own runs: threads that wait for each other make tiny fits slow
        return semivalue_by_enumeration(lambda masks: np.array([score(m) for m in masks]), shapley_law(n))


def knn() -> KNeighborsClassifier:
    return KNeighborsClassifier(1)


BY_KNN = by_hand(knn(), accuracy_score, X, Y)
PAIRS = [0, 1, 2, 0, 1, 2]
BY_KNN_OF_PAIRS = by_hand(knn(), accuracy_score, X, Y, PAIRS)


def check(train: Dataset, test: Dataset, model: Any, expected: Any, in_pairs: Any, **kwargs: Any) -> None:
    """Points, a shuffled slice and groups have the values of the definition; and the data have an identity."""
    found = exact(train, test, model, **kwargs)
    np.testing.assert_allclose(found.values, expected, atol=1e-12)
    assert found.provenance.keys["run"]
    order = [4, 2, 0, 1, 5, 3]
    sliced = train[1:][[3, 1, 4, 0, 2]]
    np.testing.assert_allclose(exact(train[order], test, model, **kwargs).values, expected[order], atol=1e-12)
    assert type(sliced.x) is type(train.x)
    assert type(sliced.y) is type(train.y)
    assert sliced.ids.tolist() == [4, 2, 5, 1, 3]
    assert train[:].fingerprint == train.fingerprint == pickle.loads(pickle.dumps(train)).fingerprint
    assert train[order].fingerprint != train.fingerprint
    assert sliced.row_hash(0) == train.row_hash(4) != train.row_hash(3)
    grouped = GroupedDataset.from_dataset(train, PAIRS)
    np.testing.assert_allclose(exact(grouped, test, model, **kwargs).values, in_pairs, atol=1e-12)
    assert type(grouped[[2, 0]].x) is type(train.x)


def by_tree(train: Dataset, test: Dataset) -> Any:
    tree = DecisionTreeClassifier(random_state=0)
    return exact(train, test, tree, ["probability", "roc_auc"], default=0.5).values


PLAIN_BY_TREE = by_tree(*split(X, Y))


# --- labels ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "names",
    [
        np.array(["no", "yes"]),
        np.array(["no", "yes"], dtype=object),
        np.array([3, 7]),
        np.array([-1, 1]),
        np.array([False, True]),
        np.array([1.0, 2.0]),
        np.array([7, 3], dtype=np.uint8),
        pd.Series(["no", "yes"]),
        pd.Series(pd.Categorical(["no", "yes"], categories=["yes", "maybe", "no"])),
        pd.Series(["no", "yes"], dtype="string"),
    ],
    ids=["text", "objects", "3 and 7", "signs", "flags", "floats", "bytes", "series", "categories", "string"],
)
def test_class_labels_of_every_kind(names: Any) -> None:
    y = names.iloc[Y].reset_index(drop=True) if isinstance(names, pd.Series) else names[Y]
    train, test = split(X, y)
    check(train, test, knn(), BY_KNN, BY_KNN_OF_PAIRS)
    if list(np.unique(names)) == list(names):  # other orders of the classes break ties otherwise
        np.testing.assert_array_equal(by_tree(train, test), PLAIN_BY_TREE)


def test_regression() -> None:
    train, test = split(X, NUMBERS)
    assert not train.is_classification
    expected, in_pairs = (by_hand(Ridge(), r2_score, X, NUMBERS, groups) for groups in (None, PAIRS))
    check(train, test, Ridge(), expected, in_pairs, scoring="r2")
    guess = -mean_absolute_error(NUMBERS[N:], np.full(len(Y) - N, NUMBERS[:N].mean()))
    expected = by_hand(Ridge(), lambda a, b: -mean_absolute_error(a, b), X, NUMBERS, empty=guess)
    found = exact(train, test, Ridge(), "neg_mean_absolute_error")
    np.testing.assert_allclose(found.values, expected, atol=1e-12)


def test_several_numbers_a_point() -> None:
    y = np.column_stack([NUMBERS, X[:, 1], X[:, 0] ** 2])
    train, test = split(X, y, multi_output=True)
    assert train.n_targets == train[2:].n_targets == 3
    expected, in_pairs = (by_hand(Ridge(), r2_score, X, y, groups) for groups in (None, PAIRS))
    check(train, test, Ridge(), expected, in_pairs, scoring="r2")
    frames = split(X, pd.DataFrame(y, columns=["p", "q", "r"]), multi_output=True)
    check(*frames, Ridge(), expected, in_pairs, scoring="r2")
    assert frames[0][1:].target_names == ["p", "q", "r"]


def test_several_classes_a_point() -> None:
    y = np.column_stack([Y, (X[:, 1] > 1).astype(int)])
    model = DecisionTreeClassifier(random_state=0)
    train, test = split(X, y, multi_output=True)
    expected, in_pairs = (by_hand(model, accuracy_score, X, y, groups) for groups in (None, PAIRS))
    check(train, test, model, expected, in_pairs)  # all labels of a point must be right
    expected = by_hand(model, lambda a, b: f1_score(a, b, average="macro", zero_division=0), X, y)

    def f1(model: Any, x: Any, y: Any) -> float:
        return float(f1_score(y, model.predict(x), average="macro", zero_division=0))

    np.testing.assert_allclose(exact(train, test, model, f1, 0.0).values, expected, atol=1e-12)


def test_several_targets_of_a_bunch_are_split_and_valued() -> None:
    train, test = Dataset.from_sklearn(load_linnerud(), train_size=7, random_state=0)
    assert train.multi_output
    assert train.target_names == ["Weight", "Waist", "Pulse"]
    found = exact(train, test, Ridge(), "r2")
    utility = Utility(Ridge(), SupervisedScorer("r2", test)).with_dataset(train)
    assert found.values.sum() == pytest.approx(float(utility(np.ones((1, 7), bool))[0]))


# --- features -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", [sp.csr_array, sp.csr_matrix, sp.csc_array, sp.coo_array, sp.lil_matrix])
def test_sparse_features(kind: Any) -> None:
    table = kind(X[:N]), kind(X[N:])
    train, test = Dataset(table[0], Y[:N]), Dataset(table[1], Y[N:])
    check(train, test, knn(), BY_KNN, BY_KNN_OF_PAIRS)
    words = (X > 1).astype(float)
    train, test = Dataset(kind(words[:N]), Y[:N]), Dataset(kind(words[N:]), Y[N:])
    expected = by_hand(BernoulliNB(), accuracy_score, words, Y)
    np.testing.assert_allclose(exact(train, test, BernoulliNB()).values, expected, atol=1e-12)


def test_sparse_rows_that_are_out_of_order_are_the_same_data() -> None:
    tidy = sp.csr_array(X[:N])
    messy = sp.csr_array(
        (tidy.data[::-1].copy(), tidy.indices[::-1].copy(), tidy.indptr.copy()), shape=tidy.shape
    )
    messy = sp.csr_array(messy[::-1])
    assert not messy.has_sorted_indices
    before = messy.data.copy()
    data = Dataset(messy, Y[:N])
    np.testing.assert_array_equal(data.x.toarray(), X[:N])
    assert data.fingerprint == Dataset(tidy, Y[:N]).fingerprint
    np.testing.assert_array_equal(messy.data, before)  # the user's rows stay as they are


class Net:
    """A linear layer, a few steps of its own seed; asks for tensors and answers with tensors."""

    def __init__(self, steps: int = 2) -> None:
        self.steps = steps

    def fit(self, x: Any, y: Any) -> None:
        assert isinstance(x, torch.Tensor)
        assert isinstance(y, torch.Tensor)
        generator = torch.Generator().manual_seed(0)
        flat = x.flatten(1).float()
        self.weights = torch.randn(flat.shape[1], 2, generator=generator).requires_grad_()
        for _ in range(self.steps):
            loss = torch.nn.functional.cross_entropy(flat @ self.weights, y)
            (slope,) = torch.autograd.grad(loss, [self.weights])
            self.weights = (self.weights - 0.3 * slope).detach().requires_grad_()

    def predict(self, x: Any) -> Any:
        assert isinstance(x, torch.Tensor)
        with torch.no_grad():
            return (x.flatten(1).float() @ self.weights).argmax(1)


def test_tensors_with_an_estimator_and_with_a_net() -> None:
    x, y = torch.tensor(X), torch.tensor(Y)
    check(*split(x, y), knn(), BY_KNN, BY_KNN_OF_PAIRS)
    images = x.reshape(len(x), 3, 1, 1).repeat(1, 1, 2, 2)
    for table in (images, x.bfloat16()):
        expected, in_pairs = (by_hand(Net(), accuracy_score, table, y, groups) for groups in (None, PAIRS))
        check(*split(table, y), Net(), expected, in_pairs)
    numbers = torch.tensor(NUMBERS)
    expected, in_pairs = (by_hand(Ridge(), r2_score, X, NUMBERS, groups) for groups in (None, PAIRS))
    check(*split(x, numbers), Ridge(), expected, in_pairs, scoring="r2")


def test_tensors_of_a_graph_are_data_without_it() -> None:
    x = torch.tensor(X, requires_grad=True)
    train, test = split(x, torch.tensor(Y))
    exact(train, test, Net())
    assert x.grad is None
    assert not train.x.requires_grad
    assert train.x.data_ptr() == x.data_ptr()  # the same memory


def test_frames_with_categories_and_gaps() -> None:
    encoder = ColumnTransformer(
        [("kind", OneHotEncoder(handle_unknown="ignore"), ["kind"])], remainder="passthrough"
    )
    model = make_pipeline(encoder, SimpleImputer(keep_empty_features=True), Ridge())
    expected, in_pairs = (by_hand(model, r2_score, FRAME, NUMBERS, groups) for groups in (None, PAIRS))
    check(*split(FRAME, NUMBERS), model, expected, in_pairs, scoring="r2")


def test_from_frame_to_values() -> None:
    frame = FRAME.drop(columns="b").assign(price=NUMBERS, artist=[f"artist {k % 3}" for k in range(len(Y))])
    frame.index = pd.Index([f"song {k}" for k in range(len(Y))])
    encoder = ColumnTransformer(
        [("kind", OneHotEncoder(handle_unknown="ignore"), ["kind"])], remainder="passthrough"
    )
    model = make_pipeline(encoder, Ridge())
    songs = Dataset.from_frame(frame.drop(columns="artist"), "price")
    expected = by_hand(model, r2_score, songs.x, NUMBERS)
    found = exact(songs[:N], songs[N:], model, "r2")
    np.testing.assert_allclose(found.values, expected, atol=1e-12)
    assert found.ids.tolist() == [f"song {k}" for k in range(N)]
    artists = Dataset.from_frame(frame.iloc[:N], "price", group="artist")
    found = exact(artists, songs[N:], model, "r2")
    np.testing.assert_allclose(found.values, by_hand(model, r2_score, songs.x, NUMBERS, PAIRS), atol=1e-12)
    assert found.names.tolist() == ["artist 0", "artist 1", "artist 2"]


@pytest.fixture
def mapped(tmp_path: Path) -> np.memmap:
    np.save(tmp_path / "x.npy", X)
    found: np.memmap = np.load(tmp_path / "x.npy", mmap_mode="r")
    return found


# --- other methods --------------------------------------------------------------------------------------------


def other_methods(train: Dataset, test: Dataset) -> dict[str, Any]:
    """Values by methods that do not go through subsets and a `ModelUtility`."""
    bags = BaggingClassifier(n_estimators=8, random_state=0).fit(*train.data())
    classwise = ClasswiseModelUtility(knn(), ClasswiseSupervisedScorer("accuracy", test))
    walks = ClasswiseSampler(PermutationSampler(seed=1), UniformSampler(seed=1))
    methods = (
        KNNShapleyValuation(KNeighborsClassifier(2), test, progress=False),
        DataOOBValuation(bags),
        SelfConfidenceValuation(DecisionTreeClassifier(max_depth=2, random_state=0), seed=0),
        ClasswiseShapleyValuation(classwise, walks, MaxUpdates(2)),
    )
    return {method.algorithm_name: method.fit(train).result.values for method in methods}


def test_other_methods_see_the_same_points_in_every_kind_of_data(mapped: np.memmap) -> None:
    plain = other_methods(Dataset(X[:12], Y[:12]), Dataset(X[12:], Y[12:]))
    assert len(plain) == 4
    for x, y in [
        (X, np.array(["no", "yes"])[Y]),
        (X, np.array([-3, 7])[Y]),
        (pd.DataFrame(X, columns=list("abc")), pd.Series(pd.Categorical(Y))),
        (sp.csr_array(X), Y),
        (torch.tensor(X), torch.tensor(Y)),
        (mapped, Y),
    ]:
        train, test = (Dataset(rows(x, where), rows(y, where)) for where in (slice(0, 12), slice(12, None)))
        for name, values in other_methods(train, test).items():
            np.testing.assert_allclose(values, plain[name], atol=1e-9, err_msg=f"{name} of {type(x)}")


# --- files ----------------------------------------------------------------------------------------------------


def test_mapped_features_stay_in_their_file(mapped: np.memmap) -> None:
    train, test = split(mapped, Y)
    check(train, test, knn(), BY_KNN, BY_KNN_OF_PAIRS)
    for part in (train, train[2:5], GroupedDataset.from_dataset(train, PAIRS), train.relabel([0], 1)):
        assert is_mapped(part.x)
        assert Path(part.x.filename) == Path(mapped.filename)  # rows next to each other: the same file
    shuffled = train[[5, 0, 3]]
    assert is_mapped(shuffled.x)
    assert Path(shuffled.x.filename) != Path(mapped.filename)
    np.testing.assert_array_equal(shuffled.x, X[[5, 0, 3]])
    again = shuffled[[2, 0]]
    own = Path(shuffled.x.filename)
    del shuffled
    assert not own.exists()
    np.testing.assert_array_equal(again.x, X[[3, 5]])
    both = Dataset.from_arrays(mapped, Y, train_size=0.5, random_state=0)
    assert all(is_mapped(part.x) for part in both)
    np.testing.assert_array_equal(both[0].x, X[both[0].ids])


def test_rows_are_copied_to_a_file_block_by_block(mapped: np.memmap, monkeypatch: pytest.MonkeyPatch) -> None:
    from dvlwidgets.data import mapped as module

    monkeypatch.setattr(module, "BLOCK", 2 * 3 * 8)
    rows = np.array([5, 0, 3, 9, 1])
    np.testing.assert_array_equal(module.to_disk(mapped, "x", rows), X[rows])
    np.testing.assert_array_equal(module.to_disk(X, "x"), X)
    assert not is_mapped(mapped * 2)  # has the type of a map, but lies in memory
    np.testing.assert_array_equal(module.to_disk(mapped * 2, "x"), X * 2)


@pytest.mark.parametrize("order", ["C", "F"])
def test_where_an_array_lies_in_its_file(tmp_path: Path, order: Any) -> None:
    path = tmp_path / "raw"
    table = np.memmap(path, np.float32, "w+", offset=12, shape=(7, 5), order=order)
    table[:] = np.arange(35).reshape(7, 5)
    whole = np.memmap(path, np.float32, "r", offset=12, shape=(7, 5), order=order)
    parts = [whole, whole[2:5], whole[:, 1:3], whole[3], whole[1:][2:], whole.T, whole.view(), whole[::2]]
    held = 0
    for part in parts:
        place = place_of(part)
        contiguous = part.flags.c_contiguous or part.flags.f_contiguous
        assert (place is not None) == contiguous
        if place is not None:
            held += 1
            file, dtype, offset, shape, how = place
            np.testing.assert_array_equal(np.memmap(file, dtype, "r", offset, shape, how), part)
    assert held >= 4
    private = np.memmap(path, np.float32, "c", offset=12, shape=(7, 5))
    private[0] = -1  # is not in the file
    assert place_of(private) is None
    assert place_of(whole[:0]) is None
    assert place_of(whole + 1) is None
    path.unlink()
    assert place_of(whole) is None


class Task:
    """A job that holds an array."""

    def __init__(self, array: Any) -> None:
        self.array = array

    def task(self, plan: Any, step: int, lo: int, hi: int) -> Any:
        return self.array[lo:hi].sum()


def test_mapped_arrays_are_shipped_by_their_place(tmp_path: Path) -> None:
    path = tmp_path / "x.npy"
    np.save(path, np.arange(300_000.0).reshape(-1, 3))
    data = Dataset(np.load(path, mmap_mode="r"), np.zeros(100_000, int))[10:]
    for k, (array, by_place) in enumerate(
        [
            (data.x, True),
            (np.load(path, mmap_mode="c")[10:], False),
            (np.asarray(data.x), False),
        ]
    ):
        folder = tmp_path / str(k)
        folder.mkdir()
        shipment = Shipment.of(Task(array), folder)
        shipped = sum(file.stat().st_size for file in folder.iterdir())
        assert (shipped < 2_000) == by_place
        loaded: Any = shipment.load()
        np.testing.assert_array_equal(loaded.array, array)
        assert loaded.task(None, 0, 5, 9) == array[5:9].sum()
    # tensors, frames and sparse rows arrive as what they are
    for k, table in enumerate((torch.tensor(X), pd.DataFrame(X), sp.csr_array(X))):
        folder = tmp_path / f"kind {k}"
        folder.mkdir()
        arrived: Any = Shipment.of(Task(Dataset(table, Y)), folder).load()
        assert type(arrived.array.x) is type(table)
        assert arrived.array.fingerprint == Dataset(table, Y).fingerprint
    # the user's own pickle may go anywhere, and takes the numbers along
    copied = pickle.loads(pickle.dumps(data))
    path.unlink()
    np.testing.assert_array_equal(copied.x[:2], [[30, 31, 32], [33, 34, 35]])


def test_workers_value_mapped_and_sparse_data(mapped: np.memmap) -> None:
    tables = {
        "mapped": mapped,
        "shuffled": None,
        "sparse": sp.csr_array(X),
    }

    def value(train: Dataset, test: Dataset) -> Any:
        utility = Utility(knn(), SupervisedScorer("accuracy", test))
        return ShapleyValuation(utility, MSRSampler(seed=0), MaxUpdates(9)).fit(train).result.values

    plain = value(*split(X, Y))
    with joblib.parallel_config(backend="loky", n_jobs=2):
        for table in tables.values():
            train, test = split(mapped if table is None else table, Y)
            if table is None:
                train = train[[1, 3, 5, 0, 2, 4]][[3, 0, 4, 1, 5, 2]]
            np.testing.assert_array_equal(value(train, test), plain)


# --- nobody writes into the user's arrays ---------------------------------------------------------------------


class Vandal:
    """Writes into whatever it is given to fit."""

    def fit(self, x: Any, y: Any) -> None:
        for table in (x, y):
            if hasattr(table, "iloc"):
                table.iloc[:] = table.iloc[0]
            elif sp.issparse(table):
                table.data[:] = 0
            else:
                table[:] = table[0]

    def predict(self, x: Any) -> Any:
        return np.zeros(x.shape[0], int)


def test_a_model_that_writes_into_its_data_does_not_reach_the_users() -> None:
    tables = [
        X.copy(),
        sp.csr_array(X),
        torch.tensor(X),
        pd.DataFrame(X),
    ]
    for table in tables:
        y = torch.tensor(Y) if isinstance(table, torch.Tensor) else Y.copy()
        before = pickle.dumps((table, y))
        train, test = split(table, y)
        fingerprint = train.fingerprint
        exact(train, test, Vandal())
        assert pickle.dumps((table, y)) == before
        assert train._with().fingerprint == fingerprint  # computed anew
    # whole tables are lent, and refuse
    for held in (Dataset(tables[0], Y).x, Dataset(tables[1], Y).x.data, Dataset(tables[0], Y).y):
        with pytest.raises(ValueError, match="read-only"):
            held[:] = 0
