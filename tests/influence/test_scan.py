"""The scan over tiles of training points: against the dense matrix, and within its memory."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from influence.scan_cases import Case, Counting
from torch import nn
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

from dvlwidgets.errors import InputError
from dvlwidgets.influence.batches import Batches
from dvlwidgets.influence.grad_dot import GradCosInfluence, GradDotInfluence
from dvlwidgets.influence.reducers import Moments, Quantile, RowSums, SelfInfluence, Shape, TopPerTest
from dvlwidgets.influence.reducers.self_influence import self_influence
from dvlwidgets.influence.scan import TILES, factors_of, scan, stacked, tile_width
from dvlwidgets.influence.store import GradientStore

CASE = Case()
SHAPE = Shape(CASE.n, CASE.q)


class Kept:
    """A consumer that keeps the whole matrix: for tests only."""

    def begin(self, shape: Shape) -> None:
        self.whole = np.full((shape.n_test, shape.n_train), np.nan)
        self.widths: list[int] = []

    def take(self, scores: torch.Tensor, train: slice) -> None:
        self.whole[:, train] = scores.numpy()
        self.widths.append(scores.shape[1])

    def result(self) -> np.ndarray:
        return self.whole

    def state(self) -> dict:
        return {}

    def load(self, state: dict) -> None:
        pass


def scanned(model, consumers, *, width: int = 10, budget: int | None = None, test=None):
    store = GradientStore.of(model, CASE.train)
    factors = factors_of(model, Batches.of(CASE.test if test is None else test))
    return scan(model, factors, store.tiles(width), consumers, SHAPE, budget=budget)


@pytest.mark.parametrize("width", [1, 10, 53, 400])
def test_tiles_put_together_are_the_dense_matrix(width):
    model = CASE.model().fit(CASE.train)
    (found,) = scanned(model, [Kept()], width=width)
    np.testing.assert_allclose(found, CASE.matrix(), rtol=1e-8, atol=1e-10)


def test_several_consumers_see_the_same_pass():
    model, want = CASE.model().fit(CASE.train), CASE.matrix()
    moments, quantile, sums, top, own = scanned(
        model, [Moments(), Quantile(0.25, over="all"), RowSums(), TopPerTest(3), SelfInfluence()]
    )
    np.testing.assert_allclose(moments["mean"], want.mean(0), rtol=1e-7, atol=1e-10)
    np.testing.assert_allclose(
        quantile["quantile_all"], np.quantile(want, 0.25, axis=0), rtol=1e-7, atol=1e-10
    )
    np.testing.assert_allclose(sums["row_sums"], want.sum(1), rtol=1e-7, atol=1e-9)
    np.testing.assert_array_equal(top["harmful"], np.argsort(want, axis=1)[:, :3])
    np.testing.assert_allclose(own["self_influence"], CASE.self_influences(), rtol=1e-8)


def test_wide_tiles_are_cut_to_the_budget():
    model = CASE.model().fit(CASE.train)
    kept = Kept()
    scanned(model, [kept], width=53, budget=8 * CASE.q * 7)
    assert max(kept.widths) == 7
    np.testing.assert_allclose(kept.whole, CASE.matrix(), rtol=1e-8, atol=1e-10)


def test_test_points_are_solved_once_whatever_their_batches():
    x, y = (
        np.random.default_rng(0).standard_normal((600, 3)).astype(np.float32),
        np.zeros((600, 1), np.float32),
    )
    model = Counting().fit((x, y))
    pieces = [(torch.from_numpy(x[k : k + 1]), torch.from_numpy(y[k : k + 1])) for k in range(600)]
    factors = factors_of(model, Batches.of(pieces))
    assert (len(factors), model.solved) == (600, 600)
    torch.testing.assert_close(factors.flat(), factors_of(model, Batches.of((x, y))).flat())


def test_self_influence_has_a_pass_of_its_own():
    model = CASE.model().fit(CASE.train)
    found = self_influence(model, GradientStore.of(model, CASE.train), 20)
    np.testing.assert_allclose(found, CASE.self_influences(), rtol=1e-8)


def test_self_influence_follows_a_models_own_scores():
    model = GradCosInfluence(CASE.net, nn.CrossEntropyLoss())
    found = self_influence(model, GradientStore.of(model, CASE.train), 40)
    np.testing.assert_allclose(found, np.ones(CASE.n), rtol=1e-12)


def test_half_precision_is_widened_before_statistics():
    net = nn.Linear(4, 3).bfloat16()
    model = GradDotInfluence(net, nn.CrossEntropyLoss())
    moments, quantile = scanned(model, [Moments(), Quantile(0.25, over="all")])
    wide = GradDotInfluence(nn.Linear(4, 3), nn.CrossEntropyLoss())
    wide.problem.model.load_state_dict(net.state_dict())
    want = scanned(wide, [Moments()])[0]
    np.testing.assert_allclose(moments["mean"], want["mean"], rtol=0.1, atol=0.02)
    assert np.isfinite(quantile["quantile_all"]).all()


def test_rows_of_samples_of_other_lengths_are_stacked_flat():
    net = nn.Linear(3, 2).double()
    model = GradDotInfluence(net, lambda out, y: ((out.mean(-2) - y) ** 2).mean())
    draw = torch.Generator().manual_seed(0)
    batches = [
        (torch.randn(2, length, 3, generator=draw).double(), torch.randn(2, 2, generator=draw).double())
        for length in (1, 4)
    ]
    rows = [model.gradients(batch) for batch in Batches.of(batches)]
    torch.testing.assert_close(stacked(rows).flat(), torch.cat([r.flat() for r in rows]))


def test_an_influence_that_is_not_finite_is_refused_with_its_place():
    x = CASE.x[: CASE.n].copy()
    x[17] = 1e300
    net = nn.Linear(4, 1).double()
    model = GradDotInfluence(net, nn.MSELoss())
    store = GradientStore.of(model, (x, np.zeros((CASE.n, 1))))
    factors = factors_of(model, Batches.of((CASE.x[CASE.n :], np.zeros((CASE.q, 1)))))
    with pytest.raises(InputError, match="training point 17 on test point"):
        scan(model, factors, store.tiles(10), [Moments()], SHAPE)
    with pytest.raises(InputError, match="test points are not all finite"):
        factors_of(model, Batches.of((np.full((2, 4), np.inf), np.zeros((2, 1)))))


def test_tiles_are_as_wide_as_the_bytes_allow_and_leave_some_to_watch():
    assert tile_width(19_290, 4_135, 1_026) == -(-19_290 // TILES)
    assert tile_width(10**6, 4_135, 1_026) == 64_000_000 // (4 * (4_135 + 1_026))
    assert tile_width(10**6, 4_135, 1_026, budget=1) == 1
    assert tile_width(10, 5, 5) == 1
    # where the test points' factors take gigabytes, a wider tile costs little beside them
    assert tile_width(10**6, 500, 6_600_000) == 62


class Largest(TorchDispatchMode):
    """Numbers in the largest tensor that any operation gives."""

    numel = 0

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        found = func(*args, **(kwargs or {}))
        self.numel = max(
            [self.numel, *(t.numel() for t in tree_leaves(found) if isinstance(t, torch.Tensor))]
        )
        return found


@pytest.mark.parametrize("n", [400, 1600])
def test_no_tensor_grows_with_the_number_of_pairs(n):
    q, p, width = 200, 12, 16
    draw = torch.Generator().manual_seed(0)
    model = GradDotInfluence(nn.Linear(p, 1, bias=False), nn.MSELoss())
    data = (torch.randn(n, p, generator=draw), torch.randn(n, 1, generator=draw))
    store, test = GradientStore.of(model, data), Batches.of((data[0][:q], data[1][:q]))
    list(store.tiles(n))
    consumers = [Moments(), Quantile(0.25, over="all"), RowSums(), TopPerTest(5), SelfInfluence()]
    with Largest() as largest:
        scan(model, factors_of(model, test), store.tiles(width), consumers, Shape(n, q))
    assert largest.numel <= max(q * width, q * p)  # n q would be 80,000 and 320,000
