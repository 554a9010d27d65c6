"""Data of any kind are read in one order that never changes, or refused in words."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import nn
from torch.utils.data import (
    BatchSampler,
    DataLoader,
    IterableDataset,
    RandomSampler,
    SequentialSampler,
    Subset,
    TensorDataset,
    WeightedRandomSampler,
)

from dvlwidgets.data.dataset import Dataset
from dvlwidgets.errors import InputError, InputTypeError
from dvlwidgets.influence.batches import Batch, Batches, cat
from dvlwidgets.influence.grad_dot import GradDotInfluence

X = torch.arange(22.0).reshape(11, 2)
Y = torch.arange(11)


class Pairs(torch.utils.data.Dataset):
    """A data set that is no TensorDataset."""

    def __len__(self):
        return 11

    def __getitem__(self, i):
        return X[i], Y[i]


class Named(Pairs):
    def __getitem__(self, i):
        return {"x": X[i], "label": Y[i]}


def read(data, **options):
    """All samples in order, and the sizes of the batches."""
    batches = Batches.of(data, **options)
    whole = batches.whole()
    assert len(batches) == len(whole) == sum(batches.sizes)
    x = whole.inputs[0] if whole.inputs else whole.keywords["x"]
    return x, whole.target, batches.sizes


def assert_all(data, sizes, **options):
    x, y, found = read(data, **options)
    assert torch.equal(x.float(), X)
    assert torch.equal(y, Y)
    assert found == sizes


# --- kinds -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "data",
    [
        (X, Y),
        [X, Y],
        (X.numpy(), Y.numpy()),
        Batch((X,), Y),
        {"x": X, "labels": Y},
        ({"x": X}, Y),
        ((X,), Y),
        TensorDataset(X, Y),
        Pairs(),
        Named(),
        Subset(Pairs(), range(11)),
    ],
    ids=lambda d: type(d).__name__,
)
def test_whole_data_are_cut_into_batches(data):
    assert_all(data, (4, 4, 3), batch_size=4)
    assert_all(data, (11,))


@pytest.mark.parametrize(
    "data",
    [
        [(X[:5], Y[:5]), (X[5:], Y[5:])],
        ((X[:5], Y[:5]), (X[5:], Y[5:])),
        [[X[:5], Y[:5]], [X[5:], Y[5:]]],
        [{"x": X[:5], "y": Y[:5]}, {"x": X[5:], "y": Y[5:]}],
        [({"x": X[:5]}, Y[:5]), ({"x": X[5:]}, Y[5:])],
    ],
)
def test_lists_of_batches_stay_as_they_are(data):
    assert_all(data, (5, 6))


def test_generators_are_read_once_and_kept():
    assert_all(((X[i : i + 1], Y[i : i + 1]) for i in range(11)), (1,) * 11)


def test_the_packages_own_data_sets():
    data = Dataset(np.arange(22).reshape(11, 2), np.arange(11))
    assert_all(data, (11,))
    x, y, _ = read(Dataset(X.numpy(), Y.numpy() / 2))
    assert x.dtype is torch.float32
    assert y.dtype is torch.float64


def test_batches_themselves_and_integers_as_inputs():
    batches = Batches.of((X.int(), Y), 4)
    assert Batches.of(batches) is batches
    assert next(iter(batches)).x.dtype is torch.int32


def test_several_inputs_and_targets_of_any_shape():
    batch = Batches.of((X, X * 2, torch.zeros(11, 3, 4))).whole()
    assert [tuple(t.shape) for t in batch.inputs] == [(11, 2), (11, 2)]
    assert batch.target.shape == (11, 3, 4)
    nested = Batches.of([((X, X * 2), Y)]).whole()
    assert torch.equal(nested.inputs[1], X * 2)


def test_empty_batches_among_others_are_left_out():
    assert_all([(X[:0], Y[:0]), (X[:5], Y[:5]), (X[5:5], Y[5:5]), (X[5:], Y[5:])], (5, 6))


# --- loaders ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("dataset", [TensorDataset(X, Y), Pairs()], ids=["tensors", "items"])
def test_loaders_in_order_are_read_as_they_are(dataset):
    assert_all(DataLoader(dataset, batch_size=4), (4, 4, 3))
    assert_all(DataLoader(dataset), (1,) * 11)


@pytest.mark.parametrize("dataset", [TensorDataset(X, Y), Pairs()], ids=["tensors", "items"])
def test_loaders_that_shuffle_or_drop_are_pinned_to_all_data_in_order_and_it_is_said(dataset):
    with pytest.warns(
        UserWarning, match="shuffles; rows of the result are its data in the order of its data set"
    ):
        assert_all(DataLoader(dataset, batch_size=4, shuffle=True), (4, 4, 3))
    with pytest.warns(UserWarning, match="drops its last batch"):
        assert_all(DataLoader(dataset, batch_size=4, drop_last=True), (4, 4, 3))
    with pytest.warns(UserWarning, match="shuffle=False"):
        assert_all(DataLoader(dataset, batch_size=4, drop_last=True, shuffle=True), (4, 4, 3))


def test_the_warning_points_at_the_users_line():
    with pytest.warns(UserWarning, match="shuffles") as said:
        GradDotInfluence(nn.Linear(2, 11), nn.CrossEntropyLoss()).fit(DataLoader(Pairs(), 4, shuffle=True))
    assert said[0].filename == __file__


@pytest.mark.parametrize(
    "loader",
    [
        lambda: DataLoader(Pairs(), 4, sampler=WeightedRandomSampler([1.0] * 11, 9)),
        lambda: DataLoader(Pairs(), 4, sampler=RandomSampler(Pairs(), replacement=True)),
        lambda: DataLoader(TensorDataset(X, Y), 4, sampler=[5, 3, 3, 1]),
        lambda: DataLoader(Pairs(), batch_sampler=[[1, 2], [7, 0, 3]]),
    ],
)
def test_other_samplers_are_drawn_once_and_for_all(loader):
    with pytest.warns(UserWarning, match="as drawn now, once and for all"):
        batches = Batches.of(loader())
    first, second = batches.targets(), torch.cat([b.target for b in batches])
    assert torch.equal(first, second)
    assert torch.equal(torch.cat([b.x for b in batches]), X[first])


def test_batch_samplers_of_ones_own_are_asked_for_their_order():
    assert_all(
        DataLoader(Pairs(), batch_sampler=BatchSampler(SequentialSampler(Pairs()), 4, False)), (4, 4, 3)
    )
    with pytest.warns(UserWarning, match="shuffles"):
        assert_all(
            DataLoader(Pairs(), batch_sampler=BatchSampler(RandomSampler(Pairs()), 4, False)), (4, 4, 3)
        )
    with pytest.warns(UserWarning, match="drops its last batch"):
        assert_all(
            DataLoader(Pairs(), batch_sampler=BatchSampler(SequentialSampler(Pairs()), 4, True)), (4, 4, 3)
        )


def test_collate_functions_and_workers_are_kept():
    def doubled(items):
        return {"x": torch.stack([x for x, _ in items]) * 2, "y": torch.stack([y for _, y in items])}

    x, y, sizes = read(DataLoader(TensorDataset(X, Y), 4, collate_fn=doubled))
    assert torch.equal(x, X * 2)
    assert torch.equal(y, Y)
    assert sizes == (4, 4, 3)
    assert_all(DataLoader(Pairs(), 4, num_workers=1), (4, 4, 3))


def test_loaders_whose_items_are_batches():
    class Shards(torch.utils.data.Dataset):
        def __len__(self):
            return 2

        def __getitem__(self, i):
            return (X[:5], Y[:5]) if i == 0 else (X[5:], Y[5:])

    assert_all(DataLoader(Shards(), batch_size=None), (5, 6))
    with pytest.warns(UserWarning, match="shuffles"):
        assert_all(DataLoader(Shards(), batch_size=None, shuffle=True), (5, 6))


def test_loaders_over_streams_are_read_again():
    class Stream(IterableDataset):
        def __iter__(self):
            return iter(zip(X, Y, strict=True))

    assert_all(DataLoader(Stream(), 4), (4, 4, 3))
    with pytest.raises(InputTypeError, match="another order each time"):
        Batches.of(Stream())


# --- reading from the middle, fingerprints, replacement ------------------------------------------------------------


@pytest.mark.parametrize(
    "data",
    [(X, Y), Pairs(), DataLoader(Pairs(), 4), [(X[:4], Y[:4]), (X[4:8], Y[4:8]), (X[8:], Y[8:])]],
    ids=["resident", "items", "loader", "list"],
)
def test_reading_begins_with_the_batch_that_holds_a_sample(data):
    batches = Batches.of(data, 4)
    for first, start in ((0, 0), (3, 0), (4, 4), (9, 8), (10, 8)):
        at, batch = next(iter(batches.since(first)))
        assert at == start
        assert torch.equal(batch.target, Y[start : start + 4])
    for lo, hi in ((0, 3), (5, 11), (2, 6), (8, 9), (8, 11), (0, 11)):
        found = list(batches.reading(lo, hi))
        assert found[0][0] == lo - lo % 4
        assert torch.equal(torch.cat([b.target for _, b in found]), Y[lo - lo % 4 : min(11, -(-hi // 4) * 4)])


def test_reading_in_order_reads_each_batch_once():
    seen = []

    class Watched(Pairs):
        def __getitem__(self, i):
            seen.append(i)
            return super().__getitem__(i)

    batches = Batches.of(Watched(), 4)
    for lo in range(0, 11, 2):
        list(batches.reading(lo, min(lo + 2, 11)))
    assert len(set(seen)) == 11
    assert len(seen) <= 2 * 11


def test_a_fingerprint_is_of_numbers_types_and_order_and_not_of_batches():
    def fingerprint(*data, size=None):
        return Batches.of(data, size).fingerprint

    mine = fingerprint(X, Y)
    assert fingerprint(X, Y, size=3) == mine
    assert Batches.of(DataLoader(Pairs(), 2)).fingerprint == mine
    assert Batches.of([(X[:9], Y[:9]), (X[9:], Y[9:])]).fingerprint == mine
    assert Batches.of([(X.clone(), Y.clone())]).fingerprint == mine
    swapped = torch.tensor([1, 0, *range(2, 11)])
    others = [
        fingerprint(X[swapped], Y[swapped]), fingerprint(X, Y[swapped]), fingerprint(X[:10], Y[:10]),
        fingerprint(X.double(), Y), fingerprint(X, Y.int()), fingerprint(X.reshape(11, 1, 2), Y), fingerprint(X, X, Y),
    ]  # fmt: skip
    assert len({mine, *others}) == 8


def test_replaced_samples_leave_the_data_as_they_were():
    for data in ((X, Y), DataLoader(Pairs(), 4), [(X[:6], Y[:6]), (X[6:], Y[6:])]):
        batches = Batches.of(data)
        new = batches.replaced(torch.tensor([7, 2]), Batch.of((X[:2], torch.tensor([70, 20]))))
        x, y = X.clone(), Y.clone()
        x[[7, 2]], y[[7, 2]] = X[:2], torch.tensor([70, 20])
        assert torch.equal(new.whole().x, x)
        assert torch.equal(new.targets(), y)
        assert new.fingerprint == Batches.of((x, y)).fingerprint
        assert new.input_fingerprint == Batches.of((x, y)).input_fingerprint
        assert torch.equal(batches.whole().x, X)
        assert torch.equal(batches.targets(), Y)
        again = new.replaced(torch.tensor([7, 2]), Batch.of((X[[7, 2]], Y[[7, 2]])))
        assert again.fingerprint == batches.fingerprint


def test_labels_do_not_change_the_fingerprint_of_the_inputs():
    assert Batches.of((X, Y)).input_fingerprint == Batches.of((X, Y + 1)).input_fingerprint
    assert Batches.of((X, Y)).input_fingerprint != Batches.of((X + 1, Y)).input_fingerprint


# --- what is no data -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("data", "error", "words"),
    [
        ((X[:5], Y), InputError, r"shapes \[\(5, 2\), \(11,\)\]"),
        ([(X, Y[:3])], InputError, "the first axis of each must be the sample"),
        ((X, torch.tensor(1.0)), InputError, "first axis"),
        ([], InputError, "empty"),
        ((X[:0], Y[:0]), InputError, "empty"),
        (DataLoader(TensorDataset(X[:0], Y[:0])), InputError, "empty"),
        ({"x": X, "classes": Y}, InputError, "'labels'"),
        (X, InputTypeError, r"expected a DataLoader, a Dataset, \(x, y\)"),
        ("data.csv", InputTypeError, "str was given"),
        (5, InputTypeError, "int was given"),
        (None, InputTypeError, "NoneType was given"),
        ([X], InputTypeError, "a batch is a Tensor"),
        ([(X, ["cat"] * 11)], InputTypeError, "the target of a batch is a list"),
        (
            [(np.array(["a"] * 11), Y)],
            InputTypeError,
            "input 0 of a batch is an array of <U1",
        ),
        ({"x": ["a"], "y": Y}, InputTypeError, "x of a batch is a list"),
        (Dataset(np.array([["a"], ["b"]]), np.array([0, 1])), InputTypeError, "OrdinalEncoder"),
        (Dataset(np.zeros((2, 1)), np.array(["cat", "dog"])), InputTypeError, "LabelEncoder"),
    ],
)
def test_what_cannot_be_read_is_refused_in_words(data, error, words):
    with pytest.raises(error, match=words):
        Batches.of(data).whole()


def test_data_that_give_other_numbers_of_samples_the_second_time_are_refused():
    class Shrinking:
        left = 3

        def __iter__(self):
            self.left -= 1
            return iter([(X[: 2 * self.left], Y[: 2 * self.left])])

    batches = Batches.of(Shrinking())
    assert len(batches) == 4
    with pytest.raises(InputError, match="the same each time"):
        list(batches)


def test_data_sets_without_a_length_and_sentences_of_other_lengths_are_refused():
    class Endless(torch.utils.data.Dataset):
        def __getitem__(self, i):
            return X[0], Y[0]

    with pytest.raises(InputTypeError, match="has no length"):
        Batches.of(Endless())
    with pytest.raises(InputError, match="Pad them to one length"):
        cat([Batch.of((X, Y)), Batch.of((X[:, :1], Y))])
    ragged = Batches.of([(X, Y[:, None]), (X, Y[:, None].expand(-1, 2))])
    with pytest.raises(InputError, match="ignore_index"):
        ragged.targets()


def test_mappings_have_no_x():
    with pytest.raises(InputError, match="called with one tensor"):
        _ = Batch.of({"x": X, "labels": Y}).x


def test_batches_put_together_hold_the_same_samples_in_order_within_bytes_and_rows():
    x, y = torch.arange(40.0).reshape(20, 2), torch.arange(20)
    batches = Batches.of([(x[a:b], y[a:b]) for a, b in ((0, 3), (3, 4), (4, 11), (11, 20))])
    each = x[0].nbytes + y[0].nbytes
    for arguments, sizes in (
        ({}, [20]),
        ({"rows": 5}, [4, 7, 9]),
        ({"nbytes": 11 * each}, [11, 9]),
        ({"nbytes": 1}, [3, 1, 7, 9]),
    ):
        found = list(batches.joined(**arguments))
        assert [len(batch) for batch in found] == sizes
        torch.testing.assert_close(torch.cat([batch.x for batch in found]), x)
        assert torch.cat([batch.target for batch in found]).tolist() == list(range(20))
    longer = Batches.of([(torch.zeros(2, 3), torch.zeros(2)), (torch.zeros(2, 4), torch.zeros(2))])
    assert [tuple(batch.x.shape) for batch in longer.joined()] == [(2, 3), (2, 4)]
