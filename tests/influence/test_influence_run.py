"""Influence statistics as a run: blocking, streamed, in the background, paused, stopped, killed and resumed."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from influence.scan_cases import DAMPING, Case, Counting, paused_after, quantile_of_label
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

from dvlwidgets.data.dataset import Dataset
from dvlwidgets.data.grouped import GroupedDataset
from dvlwidgets.engine.stopping import MaxTime
from dvlwidgets.errors import IdentityError, InputError, InputTypeError, NotFittedError, RunError
from dvlwidgets.influence.grad_dot import GradDotInfluence
from dvlwidgets.influence.reducers import Histogram, Moments, Quantile, RowSums, SelfInfluence, TopPerTest
from dvlwidgets.influence.runs import InfluenceStatistics, influence_statistics
from dvlwidgets.influence.scan import spread_order
from dvlwidgets.influence.summary import InfluenceSummary
from dvlwidgets.valuation.result import Status

CASE = Case()
TIGHT = {"rtol": 1e-7, "atol": 1e-10}


def all_reducers() -> list:
    return [Moments(), Quantile(0.25), TopPerTest(4), Histogram(8), RowSums(), SelfInfluence()]


def same(found: InfluenceSummary, wanted: InfluenceSummary) -> None:
    """Equal to the bit, tables too."""
    assert found.columns.keys() == wanted.columns.keys()
    for name in wanted.columns:
        np.testing.assert_array_equal(found[name], wanted[name], err_msg=name)
    for name, table in wanted.tables.items():
        for key in table:
            np.testing.assert_array_equal(found.tables[name][key], table[key], err_msg=f"{name}.{key}")


def test_statistics_are_those_of_the_dense_matrix():
    matrix, train, test = CASE.matrix(), CASE.train, CASE.test
    found = influence_statistics(CASE.model(), test, train)
    np.testing.assert_allclose(found["mean"], matrix.mean(0), **TIGHT)
    np.testing.assert_allclose(found["min"], matrix.min(0), **TIGHT)
    np.testing.assert_allclose(found.quantile, quantile_of_label(matrix, test.y, train.y, 0.25), **TIGHT)
    np.testing.assert_allclose(found["quantile_all"], np.quantile(matrix, 0.25, axis=0), **TIGHT)
    np.testing.assert_array_equal(found["negatives"], (matrix < 0).sum(0))
    helpful, harmful = found.top(7, 5)
    np.testing.assert_array_equal(helpful["indices"], np.argsort(-matrix[7])[:5])
    np.testing.assert_allclose(harmful["scores"], np.sort(matrix[7])[:5], **TIGHT)
    losses = CASE.losses(dict(CASE.net.named_parameters()))[: CASE.n].detach().numpy()
    np.testing.assert_allclose(found["loss"], losses, **TIGHT)
    assert found.complete
    assert found.status is Status.Converged


def test_labels_in_words_give_the_same_as_numbers():
    train, test = CASE.in_words()
    words = influence_statistics(CASE.model(), test, train)
    numbers = influence_statistics(CASE.model(), CASE.test, CASE.train)
    same(words, numbers)


def test_labels_that_are_words_on_one_side_only_are_refused():
    train, _ = CASE.in_words()
    with pytest.raises(InputTypeError, match="same classes in both"):
        influence_statistics(CASE.model(), CASE.test, train)


def test_loaders_and_tensors_give_the_same_as_data_sets():
    x, y = torch.from_numpy(CASE.x), torch.from_numpy(CASE.y)
    loaders = [
        DataLoader(TensorDataset(x[part], y[part]), 7) for part in (slice(CASE.n), slice(CASE.n, None))
    ]
    train, test = loaders
    found = influence_statistics(CASE.model(), test, train, reducers=[Quantile(0.25)])
    wanted = influence_statistics(CASE.model(), CASE.test, CASE.train, reducers=[Quantile(0.25)])
    np.testing.assert_allclose(found.quantile, wanted.quantile, **TIGHT)
    assert found.result().indices.tolist() == list(range(CASE.n))


def test_integer_inputs_go_through_an_embedding():
    draw = torch.Generator().manual_seed(0)
    x, y = torch.randint(0, 9, (40, 5), generator=draw), torch.randint(0, 2, (40,), generator=draw)
    net = nn.Sequential(nn.Embedding(9, 3), nn.Flatten(), nn.Linear(15, 2))
    model = GradDotInfluence(net, nn.CrossEntropyLoss())
    found = influence_statistics(model, (x[30:], y[30:]), (x[:30], y[:30]))
    want = model.influences(x[30:], y[30:], x[:30], y[:30]).numpy()
    np.testing.assert_allclose(found["mean"], want.mean(0), rtol=1e-4, atol=1e-6)


def test_regression_has_quantiles_over_all_test_points():
    draw = np.random.default_rng(0)
    x, y = draw.standard_normal((40, 3)), draw.standard_normal(40)
    model = GradDotInfluence(nn.Linear(3, 1).double(), nn.MSELoss())
    found = influence_statistics(model, Dataset(x[30:], y[30:]), Dataset(x[:30], y[:30]))
    assert "quantile" not in found.columns
    np.testing.assert_array_equal(found.quantile, found["quantile_all"])
    with pytest.raises(InputError, match="over='all'"):
        influence_statistics(model, (x[30:], y[30:]), (x[:30], y[:30]), reducers=[Quantile()])


def test_a_training_label_that_no_test_point_has_is_said_in_words():
    keep = CASE.test.y != 2
    test = CASE.test.take(np.flatnonzero(keep))
    found = influence_statistics(CASE.model(), test, CASE.train)
    np.testing.assert_array_equal(np.isnan(found.quantile), CASE.train.y == 2)
    assert np.isfinite(found["quantile_all"]).all()
    assert any("no test point has their label (2)" in note for note in found.notes)
    ranked = found.result().sort()
    assert np.isfinite(ranked.values[: int((CASE.train.y != 2).sum())]).all()


def test_an_unfitted_model_is_fitted_by_the_run_and_a_fitted_one_is_not():
    data = (np.zeros((30, 3), np.float32), np.zeros((30, 1), np.float32))
    model = Counting()
    influence_statistics(model, data, data)
    influence_statistics(model, data, data)
    assert model.fits == 1


def test_errors_of_the_fit_reach_the_caller_and_the_waiting_thread():
    class Failing(Counting):
        def _learn(self, batches):
            raise InputError("the curvature is made of cheese")

    data = (np.zeros((30, 3), np.float32), np.zeros((30, 1), np.float32))
    with pytest.raises(InputError, match="cheese"):
        influence_statistics(Failing(), data, data)
    run = InfluenceStatistics(Failing(), data).start(data)
    with pytest.raises(InputError, match="cheese"):
        run.wait(60)
    assert run.state == "failed"


def test_data_that_do_not_fit_the_model_are_refused_before_a_run():
    statistics = InfluenceStatistics(CASE.model(), CASE.test)
    with pytest.raises(InputError, match="cannot be called with inputs of shape"):
        statistics.prepare_run(Dataset(np.zeros((5, 3)), np.zeros(5, int)))
    with pytest.raises(InputTypeError, match="GroupedDataset"):
        statistics.prepare_run(GroupedDataset(CASE.x, CASE.y, CASE.y))
    with pytest.raises(InputTypeError, match="expected an influence model"):
        InfluenceStatistics(CASE.net, CASE.test)
    with pytest.raises(InputTypeError, match="expected an influence model"):
        InfluenceStatistics(GradDotInfluence, CASE.test)
    for budget, path, words in [(0, None, "budget"), ("64", None, "budget"), (None, 3, "path is 3")]:
        with pytest.raises((InputError, InputTypeError), match=words):
            InfluenceStatistics(CASE.model(), CASE.test, budget=budget, path=path)
    with pytest.raises(InputError, match="two reducers give"):
        InfluenceStatistics(CASE.model(), CASE.test, reducers=[Quantile(0.1), Quantile(0.2)])
    with pytest.raises(InputError, match="expected one of"):
        InfluenceStatistics(CASE.model(), CASE.test, column="medain").fit(CASE.train)
    with pytest.raises(InputError, match="for each training point"):
        InfluenceStatistics(CASE.model(), CASE.test, reducers=[RowSums()]).fit(CASE.train)
    with pytest.raises(NotFittedError, match="call fit"):
        _ = InfluenceStatistics(CASE.model(), CASE.test).result


# --- as it goes on ----------------------------------------------------------------------------------------------


def test_a_stream_shows_finished_tiles_and_nan_elsewhere():
    wanted = influence_statistics(CASE.model(), CASE.test, CASE.train)
    statistics = InfluenceStatistics(CASE.model(), CASE.test)
    seen = []
    for frame in statistics.stream(CASE.train):
        known = np.isfinite(frame.values)
        np.testing.assert_array_equal(frame.values[known], wanted.quantile[known])
        np.testing.assert_array_equal(frame.counts > 0, known)
        seen.append(int(known.sum()))
        assert frame.unit == "training points"
        assert frame.done == seen[-1]
    assert frame.final
    assert frame.total == CASE.n
    assert len(seen) > 10
    assert seen == sorted(seen)


def test_tiles_are_visited_all_over_the_data():
    for tiles in (1, 2, 7, 20, 33):
        order = spread_order(tiles)
        assert sorted(order) == list(range(tiles))
    first = np.sort(spread_order(40)[:10])
    assert np.diff([0, *first, 39]).max() <= 8  # ten of forty tiles leave no large part unseen


def test_pause_keeps_finished_tiles_and_resume_goes_on():
    wanted = influence_statistics(CASE.model(), CASE.test, CASE.train, reducers=all_reducers())
    statistics = InfluenceStatistics(CASE.model(), CASE.test, reducers=all_reducers())
    run = paused_after(20, statistics.prepare_run(CASE.train))
    half = statistics.result
    assert 20 <= half.done.sum() < CASE.n
    np.testing.assert_array_equal(half["mean"][half.done], wanted["mean"][half.done])
    assert np.isnan(half["mean"][~half.done]).all()
    run.resume()
    same(run.wait(60), wanted)


def test_a_stopped_run_keeps_what_is_done_and_says_so():
    statistics = InfluenceStatistics(CASE.model(), CASE.test)
    run = statistics.prepare_run(CASE.train)
    run.subscribe(lambda now: now.stop() if now.progress and now.progress.done >= 20 else None)
    found = run.start().wait(60)
    assert run.state == "stopped"
    assert 20 <= found.done.sum() < CASE.n
    assert found.status is Status.Stopped
    assert "ended by stop" in found.notes[-1]
    ranked = found.result().sort()
    assert np.isfinite(ranked.values[: int(found.done.sum())]).all()


def test_a_time_limit_ends_it():
    found = influence_statistics(CASE.model(), CASE.test, CASE.train, is_done=MaxTime(1e-9))
    assert not found.complete


def test_one_run_at_a_time():
    statistics = InfluenceStatistics(CASE.model(), CASE.test)
    run = paused_after(5, statistics.prepare_run(CASE.train))
    with pytest.raises(RunError, match="already"):
        statistics.fit(CASE.train)
    run.stop()
    run.wait(60)
    statistics.fit(CASE.train)


def test_its_threads_are_its_own():
    seen = []

    class Watching(Counting):
        def precondition(self, rows):
            seen.append(torch.get_num_threads())
            return rows

    before = torch.get_num_threads()
    torch.set_num_threads(2)
    try:
        data = (np.zeros((30, 3), np.float32), np.zeros((30, 1), np.float32))
        for _ in InfluenceStatistics(Watching(), data).stream(data):
            assert torch.get_num_threads() == 2
        InfluenceStatistics(Watching(), data).start(data).wait(60)
    finally:
        torch.set_num_threads(before)
    assert seen == [2, 2]


# --- checkpoints ------------------------------------------------------------------------------------------------


def stopped_at(points: int, checkpoint: Path, model=None) -> InfluenceSummary:
    statistics = InfluenceStatistics(model or CASE.model(), CASE.test, reducers=all_reducers())
    for frame in statistics.stream(CASE.train, checkpoint=checkpoint):
        if frame.done >= points:
            break
    return statistics.result


def test_a_checkpoint_goes_on_where_it_was(tmp_path):
    wanted = influence_statistics(CASE.model(), CASE.test, CASE.train, reducers=all_reducers())
    stopped_at(30, tmp_path)
    statistics = InfluenceStatistics(CASE.model(), CASE.test, reducers=all_reducers())
    frames = list(statistics.stream(CASE.train, checkpoint=tmp_path))
    assert frames[0].done >= 27  # a tile may have been in hand
    same(statistics.result, wanted)


def test_a_whole_checkpoint_needs_no_fit_and_no_gradient(tmp_path):
    draw = np.random.default_rng(0).standard_normal((30, 3)).astype(np.float32)
    data = (draw, np.ones((30, 1), np.float32))
    first, again = Counting(), Counting()
    again.model.load_state_dict(first.model.state_dict())
    wanted = influence_statistics(first, data, data, checkpoint=tmp_path)
    found = influence_statistics(again, data, data, checkpoint=tmp_path)
    assert (first.fits, first.solved, first.computed) == (1, 30, 30)
    assert (again.fits, again.solved, again.computed) == (0, 0, 0)
    same(found, wanted)


@pytest.mark.parametrize("what", ["model", "training data", "test data", "damping", "reducers"])
def test_a_checkpoint_of_something_else_is_refused(tmp_path, what):
    stopped_at(30, tmp_path)
    other = Case(seed=1)
    model = other.model() if what == "model" else CASE.model(0.3) if what == "damping" else CASE.model()
    train = CASE.train.relabel({3: 0, 4: 0, 5: 1}) if what == "training data" else CASE.train
    test = CASE.test[:-1] if what == "test data" else CASE.test
    reducers = [Moments()] if what == "reducers" else all_reducers()
    named = {"damping": "method", "reducers": "method"}.get(what, what)
    with pytest.raises(IdentityError, match=named):
        influence_statistics(model, test, train, reducers=reducers, checkpoint=tmp_path)


def test_a_curvature_of_other_data_is_noticed_by_its_influences(tmp_path):
    stopped_at(30, tmp_path)
    elsewhere = CASE.model().fit(CASE.train[:20])
    with pytest.raises(IdentityError, match="other influences than this model gives"):
        influence_statistics(elsewhere, CASE.test, CASE.train, reducers=all_reducers(), checkpoint=tmp_path)


def test_another_tile_width_is_another_run(tmp_path):
    stopped_at(30, tmp_path)
    statistics = InfluenceStatistics(CASE.model(), CASE.test, reducers=all_reducers(), budget=1)
    with pytest.raises(IdentityError, match="sampler"):
        statistics.fit(CASE.train, checkpoint=tmp_path)


KILLED = """
import os, signal, sys
from influence.scan_cases import Case
from influence.test_influence_run import all_reducers
from dvlwidgets.influence.ledger import Ledger
from dvlwidgets.influence.runs import influence_statistics

tiles, write = [], Ledger.write

def half(ledger, where, parts, *rest):
    tiles.append(where)
    if len(tiles) == 9:  # in the middle of taking in a tile
        for reducer, part in list(zip(ledger.reducers, parts))[:3]:
            reducer.fold(part, where)
        os.kill(os.getpid(), signal.SIGKILL)
    write(ledger, where, parts, *rest)

Ledger.write = half
case = Case()
influence_statistics(case.model(), case.test, case.train, reducers=all_reducers(), checkpoint=sys.argv[1])
"""


def test_a_killed_process_loses_no_finished_tile_and_the_end_is_the_same(tmp_path):
    tests = Path(__file__).parent.parent
    killed = subprocess.run(
        [sys.executable, "-c", KILLED, str(tmp_path)],
        cwd=tests,
        env={"OMP_NUM_THREADS": "1", "PYTHONPATH": str(tests)},
        check=False,
        capture_output=True,
        text=True,
    )
    assert killed.returncode == -signal.SIGKILL, killed.stderr
    statistics = InfluenceStatistics(CASE.model(), CASE.test, reducers=all_reducers())
    frames = list(statistics.stream(CASE.train, checkpoint=tmp_path))
    assert frames[0].done == 8 * 3  # eight tiles of three points
    wanted = influence_statistics(CASE.model(), CASE.test, CASE.train, reducers=all_reducers())
    for name in wanted.columns:
        np.testing.assert_allclose(statistics.result[name], wanted[name], **TIGHT)
    for name in ("helpful", "harmful"):
        np.testing.assert_array_equal(statistics.result.table("top")[name], wanted.table("top")[name])
    np.testing.assert_array_equal(
        statistics.result.table("histogram")["counts"], wanted.table("histogram")["counts"]
    )


# --- the summary ------------------------------------------------------------------------------------------------


def test_the_lowest_of_a_result_can_be_dropped():
    train = CASE.train
    found = influence_statistics(CASE.model(), CASE.test, train)
    lowest = found.result("quantile").sort()[:10]
    left = train.drop_indices(lowest.indices)
    assert set(left.ids) == set(range(CASE.n)) - set(np.argsort(found.quantile)[:10].tolist())
    assert len(train.drop(lowest)) == CASE.n - 10
    assert found.result("loss").threshold is None
    assert found.result("mean").threshold == 0.0


def test_a_summary_is_kept_in_a_file_without_pickle(tmp_path):
    found = influence_statistics(CASE.model(), CASE.test, CASE.train, reducers=all_reducers())
    found.save(tmp_path / "kept.npz")
    loaded = InfluenceSummary.load(tmp_path / "kept.npz")
    same(loaded, found)
    assert loaded.provenance == found.provenance
    assert loaded.status is found.status
    assert loaded.result().fingerprint == CASE.train.fingerprint
    np.save(tmp_path / "other.npy", np.zeros(3))
    with pytest.raises(InputError, match="no saved InfluenceSummary"):
        InfluenceSummary.load(tmp_path / "other.npy")
    np.savez(tmp_path / "other.npz", a=np.zeros(3))
    with pytest.raises(InputError, match="no saved InfluenceSummary"):
        InfluenceSummary.load(tmp_path / "other.npz")
    (tmp_path / "foreign").write_bytes(b"hello")
    with pytest.raises(InputError, match="no saved InfluenceSummary") as refusal:
        InfluenceSummary.load(tmp_path / "foreign")
    assert "pickle" not in str(refusal.value)
    with pytest.raises(
        InputTypeError, match="the file of a summary is 3"
    ):  # not the file that has this number
        found.save(3)
    with pytest.raises(FileNotFoundError, match="there is no folder"):
        found.save(tmp_path / "none" / "kept.npz")


def test_a_summary_is_a_frame_with_the_ids_as_index():
    found = influence_statistics(CASE.model(), CASE.test, CASE.train[10:])
    frame = found.to_dataframe()
    assert frame.index.tolist() == list(range(10, CASE.n))
    np.testing.assert_array_equal(frame["quantile"], found.quantile)


def test_a_summary_says_what_it_does_not_have():
    found = influence_statistics(CASE.model(), CASE.test, CASE.train, reducers=[Moments(), TopPerTest(3)])
    with pytest.raises(InputError, match="no column 'median'"):
        _ = found["median"]
    with pytest.raises(InputError, match="no table 'histogram'"):
        found.table("histogram")
    with pytest.raises(InputError, match=r"TopPerTest\(k=4\)"):
        found.top(0, 4)
    with pytest.raises(InputError, match="31 test points"):
        found.top(31)
    assert "53 of 53 training points" in repr(found)


def test_the_provenance_says_where_numbers_come_from():
    found = influence_statistics(CASE.model(), CASE.test, CASE.train)
    origin = found.provenance
    assert origin.algorithm == "DirectInfluence"
    assert origin.versions["torch"] == torch.__version__
    assert origin.evaluations == CASE.n
    assert origin.keys["run"]
    assert str(DAMPING) in origin.keys["method"]
