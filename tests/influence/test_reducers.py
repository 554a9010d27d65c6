"""Reducers on tiles against numpy on the whole matrix."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from dvlwidgets.errors import IdentityError, InputError, InputTypeError
from dvlwidgets.influence.reducers import (
    Disagreement,
    Histogram,
    Moments,
    Quantile,
    RowSums,
    Shape,
    TopPerTest,
    TopPerTrain,
)
from dvlwidgets.influence.reducers.top import extremes

N, Q = 37, 23


def matrix(*, ties: bool = False, seed: int = 0) -> np.ndarray:
    """Scores (Q, N) in float32; with ties there are few distinct numbers."""
    draw = np.random.default_rng(seed)
    found = draw.integers(-2, 3, (Q, N)) / 4 if ties else draw.standard_normal((Q, N))
    return found.astype(np.float32)


def labelled(n: int = N, q: int = Q, classes: int = 3, seed: int = 1) -> Shape:
    draw = np.random.default_rng(seed)
    return Shape(n, q, draw.integers(0, classes, q), draw.integers(0, classes, n))


def reduced(reducer, scores: np.ndarray, shape: Shape, widths: list[int], order=None):
    """The result of a reducer that saw the columns in tiles of these widths."""
    edges = np.cumsum([0, *widths])
    tiles = [slice(int(a), int(b)) for a, b in pairwise(edges)]
    reducer.begin(shape)
    for k in range(len(tiles)) if order is None else order:
        reducer.take(torch.from_numpy(scores[:, tiles[k]].copy()), tiles[k])
    return reducer.result()


def cut(n: int, seed: int) -> list[int]:
    """Random widths that add up to n."""
    inner = np.random.default_rng(seed).choice(np.arange(1, n), size=min(4, n - 1), replace=False)
    return np.diff([0, *sorted(inner), n]).tolist()


SPLITS = [[N], [1] * N, [5, 30, 2]]


@pytest.mark.parametrize("widths", SPLITS)
def test_moments_are_numpys(widths):
    s = matrix()
    found = reduced(Moments(), s, labelled(), widths)
    wide = s.astype(np.float64)
    np.testing.assert_allclose(found["mean"], wide.mean(0), rtol=1e-12, atol=1e-15)
    np.testing.assert_allclose(found["sum"], wide.sum(0), rtol=1e-12, atol=1e-14)
    np.testing.assert_allclose(found["variance"], wide.var(0), rtol=1e-6)
    for name, want in (("min", s.min(0)), ("max", s.max(0)), ("negatives", (s < 0).sum(0))):
        np.testing.assert_array_equal(found[name], want)


def test_the_variance_of_numbers_far_from_zero_keeps_its_digits():
    s = (1000.0 + matrix()).astype(np.float32)
    found = reduced(Moments(), s, labelled(), [N])
    np.testing.assert_allclose(found["variance"], s.astype(np.float64).var(0), rtol=1e-5)


def test_moments_over_the_same_label_and_over_one_class():
    s, shape = matrix(), labelled()
    same = reduced(Moments("label"), s, shape, [7, 30])
    one = reduced(Moments(2), s, shape, [7, 30])
    for j in range(N):
        own = s[shape.test_labels == shape.train_labels[j], j].astype(np.float64)
        assert same["mean_label"][j] == pytest.approx(own.mean(), rel=1e-12)
        assert same["negatives_label"][j] == (own < 0).sum()
        assert one["mean_of_2"][j] == pytest.approx(
            s[shape.test_labels == 2, j].astype(float).mean(), rel=1e-12
        )


@pytest.mark.parametrize("ties", [False, True])
@pytest.mark.parametrize("fraction", [0.0, 0.1, 0.25, 0.5, 0.9, 1.0])
def test_quantiles_are_numpys_to_the_bit(fraction, ties):
    s, shape = matrix(ties=ties), labelled()
    for widths in SPLITS:
        every = reduced(Quantile(fraction, over="all"), s, shape, widths)["quantile_all"]
        np.testing.assert_array_equal(every, np.quantile(s.astype(np.float64), fraction, axis=0))
        same = reduced(Quantile(fraction), s, shape, widths)["quantile"]
        want = [
            np.quantile(s[shape.test_labels == label, j].astype(np.float64), fraction)
            for j, label in enumerate(shape.train_labels)
        ]
        np.testing.assert_array_equal(same, want)


def test_a_quantile_over_one_test_point_is_its_score():
    s = matrix()[:1]
    found = reduced(Quantile(0.25, over="all"), s, Shape(N, 1), [N])["quantile_all"]
    np.testing.assert_array_equal(found, s[0])


def test_a_label_that_no_test_point_has_gives_nan_and_words():
    s, shape = matrix(), labelled()
    train = shape.train_labels.copy()
    train[[3, 30]] = 7
    reducer = Quantile(0.25)
    found = reduced(reducer, s, Shape(N, Q, shape.test_labels, train), [10, 27])["quantile"]
    assert np.flatnonzero(np.isnan(found)).tolist() == [3, 30]
    (words,) = reducer.notes()
    assert "2 training points" in words
    assert "(7)" in words
    moments = Moments("label")
    same = reduced(moments, s, Shape(N, Q, shape.test_labels, train), [10, 27])
    assert np.isnan(same["mean_label"][3])
    assert same["negatives_label"][3] == 0
    assert moments.notes()


def test_classes_are_asked_for_only_where_there_are_some():
    with pytest.raises(InputError, match="over='all'"):
        Quantile(0.25).begin(Shape(N, Q))
    with pytest.raises(InputError, match="over='all'"):
        Moments("label").begin(Shape(N, Q, np.zeros(Q, np.int64)))
    with pytest.raises(InputError, match="class number"):
        Moments("parasitized")
    with pytest.raises(InputTypeError, match="integer"):
        Quantile(0.25, over=1.5)
    with pytest.raises(InputError, match="from 0 to 1"):
        Quantile(25)


@pytest.mark.parametrize("ties", [False, True])
def test_the_top_of_each_test_point_is_merged_over_tiles_with_ties_to_the_lowest_position(ties):
    s, k = matrix(ties=ties), 6
    for widths, order in (([N], None), ([1] * N, None), ([5, 30, 2], [2, 0, 1]), ([3] * 12 + [1], None)):
        found = reduced(TopPerTest(k), s, labelled(), widths, order)
        for side, sign in (("helpful", -1), ("harmful", 1)):
            want = np.argsort(sign * s, axis=1, kind="stable")[:, :k]
            np.testing.assert_array_equal(found[side], want)
            np.testing.assert_array_equal(found[f"{side}_scores"], np.take_along_axis(s, want, 1))


def test_the_top_of_fewer_points_than_asked_for_is_all_of_them():
    s = matrix()
    found = reduced(TopPerTest(50), s, labelled(), [20, 17])
    assert found["helpful"].shape == (Q, N)
    np.testing.assert_array_equal(found["helpful"], np.argsort(-s, axis=1, kind="stable"))


def test_before_the_last_tile_unknown_places_of_the_top_are_empty():
    reducer = TopPerTest(4)
    reducer.begin(labelled())
    reducer.take(torch.from_numpy(matrix()[:, :3].copy()), slice(0, 3))
    assert (reducer.result()["helpful"][:, 3] == -1).all()
    assert np.isnan(reducer.result()["helpful_scores"][:, 3]).all()


@pytest.mark.parametrize("ties", [False, True])
def test_the_top_of_each_training_point(ties):
    s = matrix(ties=ties)
    found = reduced(TopPerTrain(4), s, labelled(), [5, 30, 2])
    np.testing.assert_array_equal(found["helped"], np.argsort(-s.T, axis=1, kind="stable")[:, :4])
    np.testing.assert_array_equal(found["harmed"], np.argsort(s.T, axis=1, kind="stable")[:, :4])


@given(st.integers(1, 4), st.integers(1, 30), st.integers(1, 31), st.integers(1, 4), st.integers(0, 9999))
def test_extremes_agree_with_a_stable_sort(rows, width, k, distinct, seed):
    s = np.random.default_rng(seed).integers(0, distinct, (rows, width)).astype(np.float32)
    for largest in (True, False):
        positions, values = extremes(torch.from_numpy(s), k, largest=largest)
        want = np.argsort(-s if largest else s, axis=1, kind="stable")[:, :k]
        np.testing.assert_array_equal(positions.numpy(), want)
        np.testing.assert_array_equal(values.numpy(), np.take_along_axis(s, want, 1))


@pytest.mark.parametrize("ties", [False, True])
def test_histograms_count_as_numpy_does(ties):
    s, shape = matrix(ties=ties), labelled()
    edges = np.array([-1.0, -0.5, 0.0, 0.25, 0.5], np.float32)
    same = shape.test_labels[:, None] == shape.train_labels
    for widths in SPLITS:
        found = reduced(Histogram(edges=edges, per_point=True), s, shape, widths)
        for row, pairs in enumerate((same, ~same)):
            np.testing.assert_array_equal(found["counts"][row], np.histogram(s[pairs], edges)[0])
            assert found["outside"][row].tolist() == [(s[pairs] < -1).sum(), (s[pairs] > 0.5).sum()]
        want = [np.histogram(s[:, j], edges)[0] for j in range(N)]
        np.testing.assert_array_equal(found["counts_of_train"], want)


def test_edges_come_from_a_first_look_and_nothing_is_lost():
    s = matrix()
    reducer = Histogram(10)
    found = reduced(reducer, s, Shape(N, Q), [5, 32])
    far = np.abs(s[:, :5]).max()
    assert found["edges"][[0, -1]].tolist() == [-far, far]
    assert found["counts"].sum() + found["outside"].sum() == s.size
    assert found["counts"][0].sum() == 0  # without labels no pair is of one label
    np.testing.assert_array_equal(found["counts"][1], np.histogram(s, found["edges"])[0])
    assert "outside the histogram" in reducer.notes()[0]


def test_a_histogram_of_zeros_has_edges():
    found = reduced(Histogram(4), np.zeros((Q, N), np.float32), Shape(N, Q), [N])
    assert found["counts"].sum() == Q * N


def test_edges_that_do_not_ascend_are_refused():
    for edges in ([0.0], [1.0, 0.0], [0.0, np.nan]):
        with pytest.raises(InputError, match="ascending"):
            Histogram(edges=edges)


def test_row_sums_are_those_of_the_matrix():
    s = matrix()
    found = reduced(RowSums(), s, Shape(N, Q), [5, 30, 2])["row_sums"]
    np.testing.assert_allclose(found, s.astype(np.float64).sum(1), rtol=1e-12, atol=1e-13)


REDUCERS = {
    "moments": Moments,
    "moments of a label": lambda: Moments("label"),
    "quantile": lambda: Quantile(0.3),
    "quantile of all": lambda: Quantile(0.3, over="all"),
    "top": lambda: TopPerTest(5),
    "top of train": lambda: TopPerTrain(3),
    "histogram": lambda: Histogram(edges=[-1.0, 0.0, 1.0], per_point=True),
    "sums": RowSums,
}


@pytest.mark.parametrize("make", REDUCERS.values(), ids=REDUCERS.keys())
@given(st.integers(0, 10_000))
def test_tiles_of_any_widths_in_any_order_give_the_same(make, seed):
    draw = np.random.default_rng(seed)
    s = matrix(ties=bool(seed % 2), seed=seed)
    shape = labelled(seed=seed)
    whole, widths = reduced(make(), s, shape, [N]), cut(N, seed)
    pieces = reduced(make(), s, shape, widths, order=draw.permutation(len(widths)))
    assert whole.keys() == pieces.keys()
    for name in whole:  # what is counted or picked is the same to the bit, sums are to rounding
        if any(part in name for part in ("mean", "sum", "variance")):
            np.testing.assert_allclose(pieces[name], whole[name], rtol=1e-6, atol=1e-12)
        else:
            np.testing.assert_array_equal(pieces[name], whole[name])


@pytest.mark.parametrize("make", REDUCERS.values(), ids=REDUCERS.keys())
def test_a_state_goes_on_in_another_object(make):
    s, shape = matrix(), labelled()
    first, second = make(), make()
    first.begin(shape)
    first.take(torch.from_numpy(s[:, :20].copy()), slice(0, 20))
    second.begin(shape)
    second.load({name: values.copy() for name, values in first.state().items()})
    second.take(torch.from_numpy(s[:, 20:].copy()), slice(20, N))
    whole = reduced(make(), s, shape, [20, 17])
    for name, values in second.result().items():
        np.testing.assert_array_equal(values, whole[name])


@pytest.mark.parametrize("make", REDUCERS.values(), ids=REDUCERS.keys())
def test_a_state_of_another_matrix_is_refused(make):
    first, second = make(), make()
    first.begin(labelled())
    second.begin(labelled(n=N + 1, q=Q + 1))
    with pytest.raises(IdentityError, match="another checkpoint"):
        second.load(first.state())


def test_float64_scores_stay_so():
    s = np.random.default_rng(0).standard_normal((Q, N))
    shape = Shape(N, Q)
    reducer = Quantile(0.3, over="all")
    reducer.begin(shape)
    reducer.take(torch.from_numpy(s), slice(0, N))
    np.testing.assert_array_equal(reducer.result()["quantile_all"], np.quantile(s, 0.3, axis=0))


def test_the_kernel_for_other_devices_selects_the_same_numbers(monkeypatch):
    from dvlwidgets.influence.reducers import quantile

    scores = torch.from_numpy(matrix(ties=True))
    wanted = [quantile.neighbours(scores, k) for k in range(Q)]

    class Elsewhere:  # a tensor that says it is not on the CPU
        device = torch.device("meta")
        T = scores.T

        def __len__(self) -> int:
            return len(scores)

    for k in range(Q):
        for mine, its in zip(quantile.neighbours(Elsewhere(), k), wanted[k], strict=True):
            np.testing.assert_array_equal(mine, its)


@pytest.mark.parametrize("widths", SPLITS)
def test_disagreement_is_the_share_of_influence_that_hurts_a_test_point(widths):
    scores, reducer = matrix(), Disagreement()
    reduced(reducer, scores, labelled(), widths)
    wanted = np.where(scores < 0, -scores, 0).sum(1) / np.abs(scores).sum(1)
    np.testing.assert_allclose(reducer.share(), wanted, rtol=1e-6)


def test_disagreement_is_unknown_where_nothing_moves_a_test_point():
    scores, reducer = matrix(), Disagreement()
    scores[::2] = 0
    reduced(reducer, scores, labelled(), [N])
    np.testing.assert_array_equal(np.isnan(reducer.share()), np.arange(Q) % 2 == 0)
