"""Matrices on the disk: gone on with after a kill, never mixed, never held in memory, beside statistics of one scan."""

from __future__ import annotations

import gc
import signal
import subprocess
import sys
import textwrap
from pathlib import Path

import numpy as np
import pytest
import torch
import zarr
from influence import zarr_world
from influence.zarr_world import CE, matrix, world
from torch import nn

from dvlwidgets.errors import IdentityError, InputError, InputTypeError
from dvlwidgets.influence import (
    DirectInfluence,
    GradDotInfluence,
    GradientStore,
    SequentialInfluenceCalculator,
    ZarrWriter,
    score_matrix,
)
from dvlwidgets.influence.batches import Batches
from dvlwidgets.influence.reducers import Moments, Shape
from dvlwidgets.influence.scan import factors_of, scan


@pytest.fixture(autouse=True)
def _strips_of_a_batch(monkeypatch):
    # a strip is a few training points, and nothing is kept, so that work that is not done again can be seen
    monkeypatch.setattr(score_matrix, "STORE_BYTES", 0)


def killed(path: Path, at: int) -> None:
    """Writes the same matrix in another process, which is killed when it takes the gradients of a batch."""
    program = [sys.executable, zarr_world.__file__, str(path), str(at)]
    run = subprocess.run(program, capture_output=True, text=True, check=False)
    assert run.returncode == -signal.SIGKILL, run.stderr + run.stdout


@pytest.mark.parametrize("at", [2, 5])
def test_a_killed_write_is_gone_on_with_and_ends_as_one_that_was_not(tmp_path, at):
    path = tmp_path / "a.zarr"
    killed(path, at)
    _, lazy = matrix()
    unfinished = zarr.open_array(path, mode="r")
    done = unfinished.attrs["dvlwidgets"]["done"]
    assert unfinished.shape == (9, 41)
    assert done in {8 * (at - 2), 8 * (at - 1)}, "the last strip may have been on its way to the disk"
    assert np.isnan(unfinished[:, 8 * (at - 1) :]).all(), "what is not there does not look like scores"

    stored = lazy.to_zarr(path)
    assert stored.attrs["dvlwidgets"]["done"] == 41
    fresh = lazy.to_zarr(tmp_path / "b.zarr")
    np.testing.assert_allclose(stored[:], fresh[:], rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(stored[:], lazy.whole().numpy(), rtol=1e-5, atol=1e-6)


def test_what_is_on_the_disk_is_not_computed_again(tmp_path):
    matrix()[1].to_zarr(tmp_path / "a.zarr")
    stored = zarr.open_array(tmp_path / "a.zarr", mode="r+")
    stored.attrs["dvlwidgets"] = {**stored.attrs["dvlwidgets"], "done": 32}
    stored[:, 32:] = np.nan
    gc.collect()  # or the store of the first matrix might still be there and know the bytes of a row
    influence, lazy = matrix()
    again = lazy.to_zarr(tmp_path / "a.zarr")
    assert influence.computed == 9 + 8 + 8 + 9, (
        "the test points, a look at the first batch, the last finished chunk to compare, and what was missing"
    )
    np.testing.assert_allclose(again[:], lazy.whole().numpy(), rtol=1e-5, atol=1e-6)
    del influence, lazy
    gc.collect()
    influence, lazy = matrix()
    lazy.to_zarr(tmp_path / "a.zarr")
    assert influence.computed == 9 + 8 + 1, "of a finished one only the last chunk"


@pytest.mark.parametrize("kept", [0, 10**9])
@pytest.mark.parametrize("mode", ["up", "perturbation"])
def test_what_is_missing_may_begin_in_the_middle_of_a_batch(tmp_path, monkeypatch, kept, mode):
    monkeypatch.setattr(score_matrix, "STORE_BYTES", kept)
    model, test, train = world()
    lazy = SequentialInfluenceCalculator(GradDotInfluence(model, CE)).influences([test], train, mode)
    stored = lazy.to_zarr(tmp_path / "a.zarr", chunks=(9, 5))
    stored.attrs["dvlwidgets"] = {**stored.attrs["dvlwidgets"], "done": 20}  # 15 to 20 are compared
    stored[:, 20:] = np.nan
    again = lazy.to_zarr(tmp_path / "a.zarr")
    np.testing.assert_allclose(again[:], lazy.whole().numpy(), rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("what", ["damping", "model", "test", "train", "mode"])
def test_scores_of_something_else_never_join_those_that_are_there(tmp_path, what):
    path = tmp_path / "a.zarr"
    model, test, train = world()
    options = {"regularization": 0.1, "second_order_mode": "gauss_newton"}

    def lazy(model, test, train, mode="up", **changed):
        influence = DirectInfluence(model, CE, **{**options, **changed}).fit(train)
        return SequentialInfluenceCalculator(influence).influences([test], train, mode)

    lazy(model, test, train).to_zarr(path)
    before = zarr.open_array(path, mode="r")[:]
    other = nn.Sequential(nn.Linear(4, 3), nn.Tanh(), nn.Linear(3, 3))
    changed = {
        "damping": lambda: lazy(model, test, train, regularization=0.2),
        "model": lambda: lazy(other, test, train),
        "test": lambda: lazy(model, (test[0] + 1, test[1]), train),
        "train": lambda: lazy(model, test, [(x + 1, y) for x, y in train]),
        "mode": lambda: lazy(model, test, train, "perturbation"),
    }[what]()
    with pytest.raises(IdentityError, match="overwrite=True"):
        changed.to_zarr(path)
    np.testing.assert_array_equal(zarr.open_array(path, mode="r")[:], before)
    stored = changed.to_zarr(path, overwrite=True)
    np.testing.assert_allclose(stored[:], changed.whole().numpy(), rtol=1e-5, atol=1e-6)


def test_a_fit_on_other_data_is_noticed_by_its_scores(tmp_path):
    model, test, train = world()
    for data, refused in ((train, False), (train[:2], True)):
        influence = DirectInfluence(model, CE, 0.1, second_order_mode="gauss_newton").fit(data)
        lazy = SequentialInfluenceCalculator(influence).influences([test], train)
        if refused:
            with pytest.raises(IdentityError, match="other scores"):
                lazy.to_zarr(tmp_path / "a.zarr")
        else:
            lazy.to_zarr(tmp_path / "a.zarr")


def test_factors_are_gone_on_with_too(tmp_path):
    influence, _ = matrix()
    _, _, train = world()
    lazy = SequentialInfluenceCalculator(influence).influence_factors(train)
    whole = lazy.to_zarr(tmp_path / "a.zarr")
    values = whole[:]
    whole.attrs["dvlwidgets"] = {**whole.attrs["dvlwidgets"], "done": 16}
    whole[16:] = np.nan
    influence.computed = 0
    np.testing.assert_allclose(lazy.to_zarr(tmp_path / "a.zarr")[:], values, rtol=1e-5, atol=1e-7)
    assert influence.computed == 8 + 25, "the last finished chunk, and what was missing"


def test_a_folder_of_something_else_is_never_replaced(tmp_path):
    _, lazy = matrix()
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.txt").write_text("years of work")
    zarr.create_group(tmp_path / "group.zarr").create_array("kept", shape=(2,), dtype="f4")
    for name in ("mine", "mine/thesis.txt", "group.zarr"):
        with pytest.raises(IdentityError, match="another path"):
            lazy.to_zarr(tmp_path / name, overwrite=True)
    assert (tmp_path / "mine" / "thesis.txt").read_text() == "years of work"
    assert "kept" in zarr.open_group(tmp_path / "group.zarr", mode="r")


def test_chunks_are_the_loaders_batches_unless_asked_otherwise(tmp_path):
    _, lazy = matrix()
    assert lazy.to_zarr(tmp_path / "a.zarr").chunks == (9, 8)
    for k, chunks in enumerate([(2, 3), (1, 1), (100, 100), (4,), [5, 41]]):
        stored = lazy.to_zarr(tmp_path / f"{k}.zarr", chunks=chunks)
        np.testing.assert_allclose(stored[:], lazy.whole().numpy(), rtol=1e-5, atol=1e-6)
    for chunks, error in (
        ((0, 3), InputError),
        ("ab", InputTypeError),
        ((1, 2, 3), InputError),
        (4, InputTypeError),
    ):
        with pytest.raises(error, match="chunks="):
            lazy.to_zarr(tmp_path / "z.zarr", chunks=chunks)


def test_stores_of_zarr_are_places_too_and_numbers_are_none():
    _, lazy = matrix()
    stored = lazy.to_zarr(zarr.storage.MemoryStore())
    np.testing.assert_allclose(stored[:], lazy.whole().numpy(), rtol=1e-5, atol=1e-6)
    assert lazy.to_zarr(zarr.storage.MemoryStore(), return_stored=False) is None
    for place in (None, 3):
        with pytest.raises(InputTypeError, match="as a path"):
            lazy.to_zarr(place)
    with pytest.raises(InputError, match="empty"):
        lazy.to_zarr("")


def test_perturbations_are_stored_with_the_shape_of_the_input(tmp_path):
    model, test, train = world()
    influence = GradDotInfluence(model.double(), CE)
    lazy = SequentialInfluenceCalculator(influence).influences([test], train, "perturbation")
    stored = lazy.to_zarr(tmp_path / "a.zarr")
    assert (stored.shape, stored.chunks, stored.dtype) == ((9, 41, 4), (9, 8, 4), np.float64)
    np.testing.assert_allclose(stored[:], lazy.whole().numpy(), rtol=1e-12)


def test_the_matrix_and_statistics_come_from_one_scan(tmp_path):
    influence, lazy = matrix()
    _, test, train = world()
    store = GradientStore.of(influence, train)
    for k, width in enumerate((3, 8, 41)):
        writer, moments = ZarrWriter(tmp_path / f"{k}.zarr", chunks=(9, 8)), Moments()
        shape = Shape(n_train=41, n_test=9)
        factors = factors_of(influence, Batches.of([test]))
        stored, statistics = scan(influence, factors, store.tiles(width), [writer, moments], shape)
        np.testing.assert_allclose(stored[:], lazy.whole().numpy(), rtol=1e-5, atol=1e-6)
        np.testing.assert_allclose(stored[:].mean(0), statistics["mean"], rtol=1e-4, atol=1e-6)


def test_a_writer_goes_on_from_its_state_and_takes_tiles_in_any_order(tmp_path):
    scores = torch.arange(60.0).reshape(3, 20)
    options = {"chunks": (3, 8), "key": "these"}
    first = ZarrWriter(tmp_path / "a.zarr", **options)
    first.begin(Shape(n_train=20, n_test=3))
    for lo, hi in ((0, 5), (15, 18), (5, 11)):
        first.take(scores[:, lo:hi], slice(lo, hi))
    state = first.state()

    second = ZarrWriter(tmp_path / "a.zarr", **options)
    second.begin(Shape(n_train=20, n_test=3))
    second.load(state)
    assert np.isnan(second.result()[:, 11:]).all(), "a result so far says what is missing"
    for lo, hi in ((18, 20), (11, 15)):
        second.take(scores[:, lo:hi], slice(lo, hi))
    np.testing.assert_array_equal(second.result()[:], scores.numpy())

    third = ZarrWriter(tmp_path / "b.zarr", **options)
    third.begin(Shape(n_train=20, n_test=3))
    with pytest.raises(IdentityError, match="anew"):
        third.load(state)


def test_scores_may_be_overwritten_once_they_are_taken(tmp_path):
    writer, scores = ZarrWriter(tmp_path / "a.zarr", chunks=(3, 4)), torch.zeros(3, 2)
    writer.begin(Shape(n_train=8, n_test=3))
    for lo in range(0, 8, 2):
        scores.fill_(lo)
        writer.take(scores, slice(lo, lo + 2))
        scores.fill_(-1)
    np.testing.assert_array_equal(writer.result()[0], [0, 0, 2, 2, 4, 4, 6, 6])


def test_a_disk_that_fails_in_the_background_is_heard_of(tmp_path, monkeypatch):
    from dvlwidgets.influence.strip_writer import StripWriter

    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(StripWriter, "_write", full)
    with pytest.raises(OSError, match="No space left"):
        matrix()[1].to_zarr(tmp_path / "a.zarr")


def test_memory_does_not_grow_with_the_matrix(tmp_path):
    code = textwrap.dedent(f"""
        import resource, torch
        from torch import nn
        from dvlwidgets.influence import GradDotInfluence, SequentialInfluenceCalculator, score_matrix

        score_matrix.STRIP_BYTES = 4_000_000
        torch.set_num_threads(1)
        torch.manual_seed(0)
        model, loss = nn.Linear(3, 2), nn.CrossEntropyLoss()

        def points(n):
            return torch.randn(n, 3), torch.randint(2, (n,))

        peak = lambda: resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e3
        calculator = SequentialInfluenceCalculator(GradDotInfluence(model, loss))
        calculator.influences(points(1000), points(2000)).to_zarr({str(tmp_path / "warm.zarr")!r})
        before = peak()
        calculator.influences(points(1000), points(40_000)).to_zarr({str(tmp_path / "a.zarr")!r})
        print(peak() - before)
    """)
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert float(run.stdout) < 80, "MB; the matrix has 160"
