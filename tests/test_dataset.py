"""A data set: stays what it is, keeps ids through every change, and refuses what cannot work."""

from __future__ import annotations

import pickle
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp
from hypothesis import given
from hypothesis import strategies as st
from sklearn.datasets import load_diabetes, load_linnerud, load_wine
from sklearn.naive_bayes import GaussianNB
from sklearn.neighbors import KNeighborsClassifier
from sklearn.svm import SVC
from sklearn.tree import DecisionTreeClassifier

from dvlwidgets.data import Dataset, GroupedDataset
from dvlwidgets.errors import DvlError, InputError, InputTypeError


def small(n: int = 6, **named: object) -> Dataset:
    x = np.arange(2.0 * n).reshape(n, 2)
    return Dataset(x, np.arange(n) % 2, **named)  # type: ignore[arg-type]


def frame() -> pd.DataFrame:
    return pd.DataFrame(
        {
            "size": [1.0, np.nan, 3.0, 4.0],
            "kind": pd.Categorical(["a", "b", "a", "c"]),
            "word": ["x", "y", None, "z"],
            "artist": ["A", "B", "A", "C"],
            "price": [10.5, 20.25, 30.0, 40.0],
        },
        index=[11, 7, 5, 3],
    )


# --- what it reads --------------------------------------------------------------------------------------------


def test_defaults() -> None:
    d = small(4)
    assert len(d) == d.n_rows == 4
    assert d.ids.tolist() == d.indices.tolist() == [0, 1, 2, 3]
    assert d.names.tolist() == ["0", "1", "2", "3"]
    assert d.feature_names == ["x0", "x1"]
    assert d.target_names == ["y"]
    assert (d.n_features, d.dim, d.n_targets) == (2, 2, 1)
    assert d.is_classification
    assert "4 points" in repr(d)


def test_data_unpacks_and_keeps_the_order_asked_for() -> None:
    x, y = small().data([4, 0, 4])
    assert x.tolist() == [[8, 9], [0, 1], [8, 9]]
    assert y.tolist() == [0, 0, 0]
    assert small().data().x.shape == (6, 2)


def test_frames_stay_frames_with_categories_and_gaps() -> None:
    d = Dataset(frame().drop(columns="price"), frame()["price"])
    x, y = d[[2, 1]].data()
    assert isinstance(x, pd.DataFrame)
    assert isinstance(y, pd.Series)
    assert x["kind"].dtype == "category"
    assert np.isnan(x["size"].iloc[1])
    assert d.feature_names == ["size", "kind", "word", "artist"]
    assert d.target_names == ["price"]
    assert d.column("size")[0] == 1.0


def test_sparse_rows_stay_sparse() -> None:
    d = Dataset(sp.coo_array(np.eye(3)), [0, 1, 0])
    assert sp.issparse(d[1:].x)
    assert d[1:].x.toarray().tolist() == [[0, 1, 0], [0, 0, 1]]
    assert d.column("x1").tolist() == [0, 1, 0]


def test_texts_may_be_one_dimensional() -> None:
    d = Dataset(["good", "bad", "fine"], [1, 0, 1])
    assert d[1:].x.tolist() == ["bad", "fine"]
    assert d.n_features == 1
    assert d.column("x0").tolist() == ["good", "bad", "fine"]


def test_images_have_as_many_features_as_pixels() -> None:
    d = Dataset(np.zeros((3, 4, 5)), [0, 1, 0])
    assert d.n_features == 20
    assert d[:2].x.shape == (2, 4, 5)


def test_user_arrays_are_neither_copied_nor_writable_through_us() -> None:
    x, y = np.zeros((3, 2)), np.array([0, 1, 0])
    d = Dataset(x, y)
    assert np.shares_memory(d.x, x)
    with pytest.raises(ValueError, match="read-only"):
        d.x[0, 0] = 1
    x[0, 0] = 0  # the user's own handle stays writable


def test_writing_into_our_frame_does_not_reach_the_user() -> None:
    df = frame().drop(columns="price")
    d = Dataset(df, frame()["price"])
    d.x.loc[11, "size"] = 99.0
    d.x["new"] = 1
    assert df.loc[11, "size"] == 1.0
    assert "new" not in df


def test_models_accept_the_read_only_views() -> None:
    bunch = load_wine()
    d = Dataset(bunch.data, bunch.target)
    for model in (GaussianNB(), DecisionTreeClassifier(random_state=0), SVC(), KNeighborsClassifier()):
        assert 0.6 < model.fit(*d.data()).score(*d.data()) <= 1.0


def test_index_expressions_of_features_and_targets() -> None:
    d = small(feature_names=["a", "b"], target_names=["t"])
    assert d.x[d.feature("b")].tolist() == d.column("b").tolist() == [1, 3, 5, 7, 9, 11]
    assert d.y[d.target("t")].tolist() == d.y.tolist()
    several = Dataset(np.zeros((3, 2)), [[1, 2], [3, 4], [5, 6]], multi_output=True)
    assert several.y[several.target("y1")].tolist() == [2, 4, 6]
    with pytest.raises(InputError, match="no feature 'c'"):
        d.feature("c")


@pytest.mark.parametrize(
    ("y", "expected"),
    [
        (["a", "b", "a"], True),
        ([True, False, True], True),
        ([0, 1, 1, 0], True),
        ([0, 1, 2, 0], True),
        ([0.0, 1.0, 0.0], True),
        ([0.5, 1.0, 2.0], False),
        (list(range(50)), False),
        (list(range(10)) * 10, True),
        (pd.Series([1.5, 2.5], dtype="category"), True),
    ],
)
def test_what_counts_as_classes(y: object, expected: bool) -> None:
    assert Dataset(np.zeros((len(y), 1)), y).is_classification is expected  # type: ignore[arg-type]


def test_a_small_slice_is_still_the_same_task() -> None:
    numbers = Dataset(np.zeros((50, 1)), np.arange(50))
    assert not numbers[[3, 4]].is_classification
    classes = Dataset(np.zeros((50, 1)), np.arange(50) % 10)
    assert classes[:9].is_classification


# --- slices, ids, names ---------------------------------------------------------------------------------------


def test_a_blank_feature_name_counts_as_none():
    assert small(feature_names=["", "v"]).feature_names == ["x0", "v"]
    d = Dataset(pd.DataFrame(X, columns=["a", "  "]), Y)
    assert d.feature_names == ["a", "x1"]
    assert np.array_equal(d.column("x1"), X[:, 1])


def test_slices_keep_ids_names_and_everything_else() -> None:
    d = small(data_names=list("abcdef"), feature_names=["u", "v"], description="toy")
    part = d[[5, 1]][::-1]
    assert part.ids.tolist() == [1, 5]
    assert part.names.tolist() == ["b", "f"]
    assert part.feature_names == ["u", "v"]
    assert part.description == "toy"
    assert part[0].ids.tolist() == [1]
    assert d[np.array([True, False] * 3)].ids.tolist() == [0, 2, 4]
    assert d[-1].ids.tolist() == [5]
    assert [point.ids[0] for point in d] == [0, 1, 2, 3, 4, 5]


def test_several_outputs_can_be_sliced() -> None:  # a peer's defect
    d = Dataset(np.zeros((4, 2)), np.arange(8).reshape(4, 2), multi_output=True)
    part = d[1:3]
    assert part.y.tolist() == [[2, 3], [4, 5]]
    assert part.multi_output
    assert part.n_targets == 2
    assert part.labels is None


def test_memory_mapped_data_stay_mapped_when_sliced() -> None:  # a peer's defect
    d = small(mmap=True)
    part = d[2:]
    for data in (d, part, d.relabel({0: 1})):
        assert data.mmap
        assert isinstance(data.x, np.memmap)
        assert isinstance(data.y, np.memmap)
    assert part.x.tolist() == small().x[2:].tolist()
    assert d.fingerprint == small().fingerprint
    assert pickle.loads(pickle.dumps(d)).fingerprint == d.fingerprint


def test_mapped_files_go_with_the_data() -> None:
    d = small(mmap=True)
    path = Path(d.x.filename)
    assert path.exists()
    del d
    assert not path.exists()


@given(st.data())
def test_taking_and_dropping_are_complements(data: st.DataObject) -> None:
    n = data.draw(st.integers(2, 12))
    d = small(n)
    chosen = data.draw(st.lists(st.integers(0, n - 1), min_size=1, max_size=n - 1, unique=True))
    kept, rest = d.take(chosen), d.drop_indices(chosen)
    assert kept.ids.tolist() == chosen
    assert sorted([*kept.ids, *rest.ids]) == list(range(n))
    assert kept.x.tolist() == d.x[chosen].tolist()
    mask = np.isin(np.arange(n), chosen)
    assert d.rows(mask).tolist() == sorted(chosen)


@given(st.permutations(range(6)), st.integers(1, 5))
def test_slicing_twice_is_slicing_once(order: list[int], k: int) -> None:
    d = small()
    assert d[order][:k].fingerprint == d[order[:k]].fingerprint


def test_drop_takes_a_result_of_the_same_data_only() -> None:
    d = small()
    worst = SimpleNamespace(indices=np.array([1, 3]), fingerprint=d.fingerprint)
    assert d.drop(worst).ids.tolist() == [0, 2, 4, 5]
    with pytest.raises(InputError, match="other data"):
        d.relabel({0: 1}).drop(worst)
    with pytest.raises(InputError, match="other data"):
        d.drop(SimpleNamespace(indices=[1], fingerprint=None))
    with pytest.raises(InputTypeError, match="ValuationResult"):
        d.drop([1, 2])


# --- making one -----------------------------------------------------------------------------------------------


def test_from_arrays_splits_with_ids_of_the_original() -> None:
    x, y = np.arange(40.0).reshape(20, 2), np.arange(20) % 2
    train, test = Dataset.from_arrays(
        x, y, 0.7, random_state=3, stratify_by_target=True, data_names=[f"n{i}" for i in range(20)]
    )
    again, _ = Dataset.from_arrays(x, y, 0.7, random_state=3, stratify_by_target=True)
    assert len(train) == 14
    assert sorted([*train.ids, *test.ids]) == list(range(20))
    assert train.x.tolist() == x[train.ids].tolist()
    assert train.names.tolist() == [f"n{i}" for i in train.ids]
    assert train.fingerprint == again.fingerprint
    assert np.bincount(train.y).tolist() == [7, 7]
    assert len(Dataset.from_arrays(x, y, 5)[0]) == 5


@pytest.mark.parametrize("as_frame", [False, True])
def test_from_sklearn(as_frame: bool) -> None:
    train, test = Dataset.from_sklearn(load_wine(as_frame=as_frame), random_state=0)
    assert isinstance(train.x, pd.DataFrame) is as_frame
    assert train.feature_names[0] == "alcohol"
    assert train.class_names == ["class_0", "class_1", "class_2"]
    assert train.relabel({0: 7}).class_names is None
    assert len(train) + len(test) == 178
    assert not Dataset.from_sklearn(load_diabetes())[0].is_classification
    assert Dataset.from_sklearn(load_linnerud())[0].n_targets == 3


def test_from_sklearn_with_groups() -> None:
    train, test = Dataset.from_sklearn(load_wine(), random_state=0, data_groups=np.arange(178) % 4)
    assert isinstance(train, GroupedDataset)
    assert isinstance(test, GroupedDataset)
    assert len(train) == 4


def test_from_frame() -> None:
    d = Dataset.from_frame(frame(), target="price")
    assert d.ids.tolist() == [11, 7, 5, 3]
    assert d.feature_names == ["size", "kind", "word", "artist"]
    assert d.y.tolist() == [10.5, 20.25, 30.0, 40.0]
    grouped = Dataset.from_frame(frame(), target="price", group="artist")
    assert isinstance(grouped, GroupedDataset)
    assert grouped.names.tolist() == ["A", "B", "C"]
    assert grouped.feature_names == ["size", "kind", "word"]
    twice = pd.concat([frame(), frame()])
    assert Dataset.from_frame(twice, "price").ids.tolist() == list(range(8))
    several = Dataset.from_frame(frame().assign(cost=[1.0, 2, 3, 4]), ["price", "cost"])
    assert several.y.shape == (4, 2)
    assert several.target_names == ["price", "cost"]


# --- fingerprints ---------------------------------------------------------------------------------------------


def test_fingerprint_is_of_x_y_and_ids() -> None:
    d = small()
    same = Dataset(np.asfortranarray(d.x), list(d.y), data_names=list("abcdef"), description="other")
    assert d.fingerprint == same.fingerprint
    others = [
        Dataset(d.x + 1e-12, d.y),
        Dataset(d.x.astype(np.float32), d.y),
        Dataset(d.x.reshape(6, 1, 2), d.y),
        Dataset(d.x, 1 - np.asarray(d.y)),
        Dataset(d.x, d.y, ids=range(1, 7)),  # type: ignore[arg-type]
        Dataset(d.x, d.y, ids=list("abcdef")),
        d[::-1],
        d[:5],
        d.relabel({2: 1}),
        GroupedDataset(d.x, d.y, range(6)),
        Dataset(pd.DataFrame(d.x), d.y),
    ]
    prints = {d.fingerprint, *(o.fingerprint for o in others)}
    assert len(prints) == 1 + len(others)


def test_fingerprint_ignores_the_frames_index_but_not_its_columns() -> None:
    x, y = frame().drop(columns="price"), frame()["price"]
    d = Dataset(x, y)
    assert d.fingerprint == Dataset(x.reset_index(drop=True), y.reset_index(drop=True)).fingerprint
    assert d.fingerprint != Dataset(x.rename(columns={"size": "length"}), y).fingerprint
    changed = x.copy()
    changed.loc[7, "kind"] = "c"
    assert d.fingerprint != Dataset(changed, y).fingerprint


def test_relabelling_there_and_back_is_the_same_data() -> None:
    d = Dataset(np.zeros((3, 1)), ["cat", "dog", "cat"])
    assert d.relabel({0: "crocodile"}).relabel({0: "cat"}).fingerprint == d.fingerprint


def test_fingerprint_is_the_same_in_another_process() -> None:
    code = (
        "import numpy as np, pandas as pd; from dvlwidgets.data import Dataset;"
        "f = pd.DataFrame({'a': [1.5, None], 'b': pd.Categorical(['u', 'v']), 'c': ['x', None]});"
        "print(Dataset(f, ['p', 'q'], ids=['i', 'j']).fingerprint, Dataset(f, [1, 2]).row_hash(1))"
    )
    run = [
        subprocess.run(
            [sys.executable, "-c", code], env={"PYTHONHASHSEED": seed}, capture_output=True, check=True
        )
        for seed in ("1", "2")
    ]
    assert run[0].stdout == run[1].stdout
    assert len(run[0].stdout.split()) == 2


def test_row_hash_is_of_the_features_wherever_the_row_is() -> None:
    d = small()
    moved = d[::-1].relabel({0: 0})
    assert d.row_hash(2) == moved.row_hash(3)
    assert len({d.row_hash(i) for i in range(6)}) == 6
    assert len(d.row_hash(0)) == 16
    x = frame().drop(columns="price")
    whole, part = Dataset(x, [1, 2, 3, 4]), Dataset(x.iloc[:1].assign(kind=pd.Categorical(["a"])), [1])
    assert whole.row_hash(0) == part.row_hash(0)


def test_pickles() -> None:
    d = small(ids=list("abcdef"))
    copy = pickle.loads(pickle.dumps(d))
    assert copy.fingerprint == d.fingerprint
    assert copy.ids.tolist() == d.ids.tolist()


# --- labels ---------------------------------------------------------------------------------------------------


def test_relabel_makes_a_new_data_set() -> None:
    d = small()
    edited = d.relabel({0: 1, 5: 0})
    assert d.y.tolist() == [0, 1, 0, 1, 0, 1]
    assert edited.y.tolist() == [1, 1, 0, 1, 0, 0]
    assert edited.ids.tolist() == d.ids.tolist()
    assert np.shares_memory(edited.x, d.x)
    assert d.relabel([1, 3], 0).y.tolist() == [0, 0, 0, 0, 0, 1]
    assert d.relabel([1, 3], [7, 8]).y.tolist() == [0, 7, 0, 8, 0, 1]


@pytest.mark.parametrize(
    ("y", "new", "expected"),
    [
        (np.array(["a", "b"]), "crocodile", ["crocodile", "b"]),
        (np.array([0, 1], dtype=np.int8), 300, [300, 1]),
        (np.array([0, 1]), 0.5, [0.5, 1.0]),
        (np.array([0, 1]), 3.0, [3, 1]),
        (np.array([0.5, 1.5]), 2, [2.0, 1.5]),
        (np.array([True, False]), False, [False, False]),
        (np.array(["a", "b"], dtype=object), "zz", ["zz", "b"]),
        (pd.Series(["a", "b"], dtype="category"), "zz", ["zz", "b"]),
        (pd.Series(["a", "b"]), "zz", ["zz", "b"]),
        (pd.Series([1, 2], dtype="Int64"), 5, [5, 2]),
        (pd.Series([1, 2], name="k"), 5, [5, 2]),
    ],
)
def test_a_new_label_fits_or_widens_the_dtype(y: object, new: object, expected: list[object]) -> None:
    edited = Dataset(np.zeros((2, 1)), y).relabel({0: new})
    assert type(edited.y) is type(y)
    assert edited.y.tolist() == expected


def test_a_truth_value_becomes_another_one_or_nothing() -> None:
    d = Dataset(np.zeros((2, 1)), [True, False])
    assert d.relabel({0: 0}).y.dtype == bool
    with pytest.raises(InputError, match="True and False, but new label 2 is neither"):
        d.relabel({0: 2})


def test_relabel_several_outputs() -> None:
    d = Dataset(np.zeros((2, 1)), [[1, 2], [3, 4]], multi_output=True)
    assert d.relabel({1: [7, 8]}).y.tolist() == [[1, 2], [7, 8]]


@pytest.mark.parametrize(
    ("positions", "labels", "words"),
    [
        ({9: 1}, None, "position 9"),
        ({0: "cat"}, None, "expected the same kind"),
        ({0: None}, None, "NaN or None"),
        ({0: np.nan}, None, "NaN or None"),
        ([0, 1], [1], "1 label came for 2 positions"),
        ([0, 0], 1, "relabelled twice"),
        ([0], None, "no labels"),
        ({0: 1}, [1], "mapping"),
    ],
)
def test_relabel_refuses(positions: object, labels: object, words: str) -> None:
    with pytest.raises(DvlError, match=words):
        small().relabel(positions, labels)


def test_it_is_no_array() -> None:
    with pytest.raises(InputTypeError, match=r"\*data.data\(\)"):
        np.asarray(small())
    with pytest.raises(TypeError, match=r"model\.fit"):
        GaussianNB().fit(small(), np.arange(6) % 2)


# --- refusals -------------------------------------------------------------------------------------------------

X, Y = np.zeros((3, 2)), np.array([0, 1, 0])
REFUSED = [
    (lambda: Dataset(X, [0, 1]), ValueError, "3 rows, but y has 2 labels"),
    (lambda: Dataset(X[:0], []), ValueError, "no rows"),
    (lambda: Dataset(np.zeros(3), Y), ValueError, "reshape"),
    (lambda: Dataset(pd.Series([1.0, 2, 3]), Y), ValueError, "reshape"),
    (lambda: Dataset(3, Y), TypeError, "x is of type int"),
    (lambda: Dataset("abc", Y), TypeError, "x is of type str"),
    (lambda: Dataset([[1, 2], [3]], Y), ValueError, "different lengths"),
    (lambda: Dataset(X, Y.reshape(3, 1)), ValueError, "ravel"),
    (lambda: Dataset(X, np.zeros((3, 2))), ValueError, "multi_output=True"),
    (lambda: Dataset(X, sp.csr_array(np.eye(3)), multi_output=True), TypeError, "toarray"),
    (lambda: Dataset(X, [0.5, np.nan, 1]), ValueError, "NaN or None, the first at row 1"),
    (lambda: Dataset(X, ["a", None, "b"]), ValueError, "NaN or None"),
    (lambda: Dataset(X, pd.Series(["a", "b", None], dtype="category")), ValueError, "NaN or None"),
    (lambda: Dataset(X, np.array(["a", 1, "b"], dtype=object)), ValueError, "mixes text and numbers"),
    (lambda: Dataset(X, Y, ids=[1, 2, 1]), ValueError, "id 1 is given 2 times"),
    (lambda: Dataset(X, Y, ids=["a", "b"]), ValueError, "ids has shape"),
    (lambda: Dataset(X, Y, ids=[0.5, 1.5, 2.5]), TypeError, "integers or strings"),
    (lambda: Dataset(X, Y, feature_names=["a"]), ValueError, "feature_names"),
    (lambda: Dataset(X, Y, data_names=["a"]), ValueError, "data_names"),
    (lambda: Dataset(X, [0.1, 0.2, 0.3], target_names=["a", "b"]), ValueError, "target_names has 2"),
    (lambda: Dataset(X, [0, 1, 2, 2, 1][:3], target_names=["a", "b"]), ValueError, "target_names has 2"),
    (lambda: Dataset(pd.DataFrame(X), Y, mmap=True), TypeError, "mmap=True needs numpy"),
    (lambda: Dataset.from_arrays(X, Y, train_size=1.5), ValueError, "train_size=1.5"),
    (lambda: Dataset.from_arrays(X, Y, train_size=3), ValueError, "train_size=3"),
    (lambda: Dataset.from_arrays(X, Y, train_size=True), ValueError, "train_size=True"),
    (lambda: Dataset.from_arrays(X, [0, 1, 2], stratify_by_target=True), ValueError, "cannot be split"),
    (lambda: Dataset.from_arrays(X[:0], []), ValueError, "no rows"),
    (lambda: Dataset.from_sklearn(X), TypeError, "Bunch"),
    (lambda: Dataset.from_frame(X, target="a"), TypeError, "DataFrame|data frame"),
    (lambda: Dataset.from_frame(frame(), target="cost"), ValueError, "no column 'cost'"),
    (lambda: Dataset.from_frame(frame(), target="price", group="cost"), ValueError, "no column 'cost'"),
    (lambda: Dataset.from_frame(frame()[["price"]], target="price"), ValueError, "no features"),
    (lambda: small()[6], IndexError, "position 6"),
    (lambda: small()[-7], ValueError, "position -7"),
    (lambda: small()["a"], TypeError, "positions must be"),
    (lambda: small()[[0.5]], TypeError, "positions must be"),
    (lambda: small()[np.array([True])], ValueError, "boolean mask of length 1"),
    (lambda: small()[3:3], ValueError, "no points"),
    (lambda: small()[[1, 1]], ValueError, "position 1 twice"),
    (lambda: small().drop_indices(range(6)), ValueError, "would be dropped"),
]


@pytest.mark.parametrize(("make", "kind", "words"), REFUSED)
def test_refusals_say_what_to_do(make: object, kind: type[Exception], words: str) -> None:
    with pytest.raises(kind, match=words) as caught:
        make()  # type: ignore[operator]
    assert isinstance(caught.value, DvlError)
    assert str(caught.value).endswith((".", ")"))


def test_labels_in_another_order_than_their_rows_are_refused() -> None:
    def made(left: object, right: object) -> Dataset:
        return Dataset(pd.DataFrame({"a": [1.0, 2.0]}, index=left), pd.Series([0, 1], index=right))

    for one, other in ([5, 6], [6, 5]), (["b", "a"], ["a", "b"]), ([(1, 2), (3, 4)], [(3, 4), (1, 2)]):
        with pytest.raises(InputError, match=r"in another order, .* Pass y\.loc\[x\.index\]"):
            made(one, other)
    for one, other in (
        ([5, 6], [5, 6]),
        ([0, 1], [1, 0]),
        ([7, 7], [7, 7]),
        ([5, 6], [0, 1]),
        ([5, 6], [7, 8]),
    ):
        assert len(made(one, other)) == 2  # the same, counted anew, not unique, or of something else


def test_one_of_a_kind_is_counted_in_the_singular():
    alone = Dataset(np.ones((1, 1)), ["a"])
    assert repr(alone) == "Dataset(1 point, 1 feature, 1 class)"
    with pytest.raises(InputError, match="the only point would be dropped"):
        alone.drop_indices([0])
