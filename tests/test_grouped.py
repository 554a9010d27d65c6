"""A grouped data set: its points are groups, and masks, ids and values are those of the groups."""

from __future__ import annotations

import pickle
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dvlwidgets.data import Dataset, GroupedDataset
from dvlwidgets.errors import DvlError

GROUPS = ["b", "a", "b", "c", "a", "b"]


def grouped(**named: object) -> GroupedDataset:
    x = np.arange(12.0).reshape(6, 2)
    return GroupedDataset(x, np.arange(6) % 2, GROUPS, **named)  # type: ignore[arg-type]


def test_points_are_groups() -> None:
    g = grouped()
    assert len(g) == 3
    assert g.n_rows == 6
    assert g.ids.tolist() == g.names.tolist() == ["a", "b", "c"]
    assert g.indices.tolist() == [0, 1, 2]
    assert g.row_ids.tolist() == list(range(6))
    assert g.labels is None
    assert g.is_classification


def test_masks_select_the_rows_of_groups() -> None:
    g = grouped()
    assert g.rows(np.array([True, False, False])).tolist() == [1, 4]
    assert g.rows(np.array([True, False, True])).tolist() == [1, 3, 4]
    assert g.rows(np.ones(3, dtype=bool)).tolist() == list(range(6))
    assert g.data([2, 0]).x[:, 0].tolist() == [6, 2, 8]
    assert g.logical_indices().tolist() == [1, 0, 1, 2, 0, 1]
    assert g.logical_indices([3]).tolist() == [2]
    assert g.data_indices([0]).tolist() == [1, 4]


def test_slices_are_of_groups_in_the_order_asked_for() -> None:
    part = grouped(group_names=["Ada", "Bob", "Cyd"])[[2, 0]]
    assert part.ids.tolist() == ["c", "a"]
    assert part.names.tolist() == ["Cyd", "Ada"]
    assert part.row_ids.tolist() == [1, 3, 4]
    assert part.rows(np.array([True, False])).tolist() == [1]
    assert part.rows(np.array([False, True])).tolist() == [0, 2]
    assert part[1].row_ids.tolist() == [1, 4]


@given(st.lists(st.integers(0, 4), min_size=2, max_size=20), st.data())
def test_rows_follow_their_groups(codes: list[int], data: st.DataObject) -> None:
    g = GroupedDataset(np.arange(len(codes))[:, None], np.zeros(len(codes)), codes)
    assert g[:].fingerprint == g.fingerprint
    order = data.draw(st.permutations(range(len(g))))
    kept = order[: data.draw(st.integers(1, len(g)))]
    part = g.take(kept)
    assert part.ids.tolist() == g.ids[kept].tolist()
    for position in range(len(part)):
        rows = part.data_indices(position)
        assert {codes[i] for i in part.row_ids[rows]} == {part.ids[position]}
    assert sorted(part.row_ids) == [i for i, c in enumerate(codes) if c in set(part.ids.tolist())]


def test_dropping_groups() -> None:
    g = grouped()
    assert g.drop_indices([1]).ids.tolist() == ["a", "c"]
    assert g.drop(SimpleNamespace(indices=[0, 2], fingerprint=g.fingerprint)).row_ids.tolist() == [0, 2, 5]


def test_from_dataset_keeps_rows_and_ids() -> None:
    d = Dataset(np.zeros((4, 1)), [0, 1, 0, 1], ids=[9, 8, 7, 6], data_names=list("wxyz"))
    g = GroupedDataset.from_dataset(d[1:], [1, 0, 1], group_names=["zero", "one"])
    assert g.names.tolist() == ["zero", "one"]
    assert g.ids.tolist() == [0, 1]
    assert g.row_ids.tolist() == [8, 7, 6]
    assert g.row_names.tolist() == ["x", "y", "z"]
    assert g.fingerprint != d[1:].fingerprint


def test_from_arrays_groups_both_parts() -> None:
    x, y = np.zeros((20, 1)), np.arange(20) % 2
    train, test = GroupedDataset.from_arrays(
        x, y, 0.5, random_state=0, data_groups=np.repeat(["u", "v"], 10), group_names=["U", "V"]
    )
    assert type(train) is type(test) is GroupedDataset
    assert train.names.tolist() == ["U", "V"]
    assert sorted([*train.row_ids, *test.row_ids]) == list(range(20))
    for part in (train, test):
        assert (part.row_ids[part.data_indices(0)] < 10).all()


def test_a_group_lost_in_the_split_is_no_point() -> None:
    _, test = GroupedDataset.from_arrays(np.zeros((10, 1)), np.zeros(10), 9, data_groups=range(10))
    assert len(test) == 1
    assert test.rows(np.array([True])).tolist() == [0]


def test_fingerprint_depends_on_the_grouping() -> None:
    x, y = np.zeros((4, 1)), [0, 1, 0, 1]
    prints = {
        GroupedDataset(x, y, g).fingerprint for g in ([0, 0, 1, 1], [0, 1, 0, 1], [0, 0, 1, 2], list("aabb"))
    }
    assert len(prints) == 4
    g = grouped()
    assert pickle.loads(pickle.dumps(g)).fingerprint == g.fingerprint == grouped().fingerprint


def test_row_hash_of_a_group_has_no_order() -> None:
    x, y = np.array([[1.0], [2.0], [3.0]]), [0, 1, 0]
    forth, back = GroupedDataset(x, y, [0, 0, 1]), GroupedDataset(x[::-1], y[::-1], [1, 0, 0])
    assert forth.row_hash(0) == back.row_hash(0)
    assert forth.row_hash(0) != forth.row_hash(1)


def test_frames_and_series_of_groups() -> None:
    df = pd.DataFrame({"a": [1, 2, 3]})
    g = GroupedDataset(df, pd.Series([1, 0, 1]), pd.Series(["u", "v", "u"], dtype="category"))
    assert g.ids.tolist() == ["u", "v"]
    assert isinstance(g[[0]].x, pd.DataFrame)


def test_mapped_and_several_outputs() -> None:
    g = GroupedDataset(np.zeros((4, 2)), np.zeros((4, 2)), [0, 1, 0, 1], multi_output=True, mmap=True)
    assert isinstance(g[[1]].x, np.memmap)
    assert g[[1]].y.shape == (2, 2)


X, Y = np.zeros((3, 1)), [0, 1, 0]


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: GroupedDataset(X, Y), "data_groups is missing"),
        (lambda: GroupedDataset(X, Y, [0, 1]), "data_groups has shape"),
        (lambda: GroupedDataset(X, Y, ["a", None, "b"]), "NaN or None"),
        (lambda: GroupedDataset(X, Y, [0, 1, 0], group_names=["a"]), "group_names"),
        (lambda: GroupedDataset.from_arrays(X, Y), "data_groups is missing"),
        (lambda: GroupedDataset.from_dataset(Dataset(X, Y), [1, 2]), "data_groups has shape"),
        (lambda: grouped().relabel({0: 1}), "group has many|groups, which have no label"),
        (lambda: grouped()[3], "position 3"),
        (lambda: grouped()[[0, 0]], "twice"),
        (lambda: grouped().drop_indices([0, 1, 2]), "would be dropped"),
    ],
)
def test_refusals(make: object, words: str) -> None:
    with pytest.raises(DvlError, match=words):
        make()  # type: ignore[operator]
