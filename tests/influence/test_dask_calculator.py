"""Influences by a real cluster: processes and threads, dask arrays and loaders; a task a shard, the model sent once."""

from __future__ import annotations

import logging
from contextlib import ExitStack

import dask
import dask.array as da
import numpy as np
import pytest
import torch
import zarr
from distributed import Client, LocalCluster
from influence.problems import case, dense_influences, relative_error
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

from dvlwidgets.errors import InputError, InputTypeError, NotFittedError
from dvlwidgets.influence import (
    DaskInfluenceCalculator,
    DirectInfluence,
    DisableClientSingleThreadCheck,
    GradDotInfluence,
    NestedTorchCatAggregator,
    SequentialInfluenceCalculator,
    TorchCatAggregator,
    TorchNumpyConverter,
    dask_scores,
    torch_dataset_to_dask_array,
)
from dvlwidgets.influence.influence_calculator import (
    InvalidDimensionChunksError,
    ThreadSafetyViolationError,
    UnalignedChunksError,
)

DAMPING = 0.05
CAT = NestedTorchCatAggregator()


def cluster(**options):
    return LocalCluster(dashboard_address=":0", silence_logs=logging.CRITICAL, **options)


@pytest.fixture(scope="module")
def clusters():
    """Clients by name, each started when it is first asked for."""
    with ExitStack() as stack:
        started = {}

        def start(name, **options):
            if name not in started:
                workers = stack.enter_context(cluster(threads_per_worker=1, **options))
                started[name] = stack.enter_context(Client(workers, set_as_default=False))
            return started[name]

        yield start


@pytest.fixture
def processes(clusters):
    """Two workers, each a process."""
    client = clusters("processes", n_workers=2)
    with client.as_current():
        yield client


@pytest.fixture
def single(clusters):
    """One worker of one thread, in this process."""
    client = clusters("single", n_workers=1, processes=False)
    with client.as_current():
        yield client


@pytest.fixture
def pair(clusters):
    """Two workers of a thread each that share this process, and so the model."""
    client = clusters("pair", n_workers=2, processes=False)
    with client.as_current():
        yield client


@pytest.fixture(params=["processes", "single", "pair"])
def client(request):
    return request.getfixturevalue(request.param)


@pytest.fixture(scope="module")
def made():
    return case("mlp_tanh")


@pytest.fixture(scope="module")
def truth(made):
    return dense_influences(made, DAMPING)


@pytest.fixture
def model(made):
    return DirectInfluence(made.model, made.loss, DAMPING).fit(made.train)


def arrays(pair, chunk):
    return [da.from_array(t.numpy(), chunks=(chunk, *t.shape[1:])) for t in pair]


def loaders(made, test_size=5, train_size=16):
    return [
        DataLoader(TensorDataset(*pair), batch_size=size)
        for pair, size in ((made.test, test_size), (made.train, train_size))
    ]


def error(values, truth):
    return relative_error(torch.as_tensor(np.asarray(values)), truth)


# --- right --------------------------------------------------------------------------------------------------------


def test_dask_arrays_in_dask_arrays_out(client, made, model, truth, tmp_path):
    calculator = DaskInfluenceCalculator(model, TorchNumpyConverter(), client)
    test, train = arrays(made.test, 5), arrays(made.train, 7)
    values = calculator.influences(*test, *train)
    assert isinstance(values, da.Array)
    assert (values.shape, values.dtype) == ((12, 60), np.float64)
    assert error(values.compute(), truth) < 1e-9
    values.to_zarr(str(tmp_path / "a.zarr"))
    assert error(zarr.open_array(tmp_path / "a.zarr", mode="r")[:], truth) < 1e-9

    z = calculator.influence_factors(*test)
    assert (z.shape, z.chunks[0]) == ((12, model.n_parameters), (5, 5, 2))
    np.testing.assert_allclose(z.compute(), model.influence_factors(*made.test).numpy(), atol=1e-9)
    assert error(calculator.influences_from_factors(z, *train).compute(), truth) < 1e-9


def test_the_sentence_of_the_talk_loaders_in_lazy_matrix_out(client, made, model, truth, tmp_path):
    if_model, (test, train) = model, loaders(made)
    if_calc = DaskInfluenceCalculator(if_model, client)
    lazy_values = if_calc.influences(test, train)
    values = lazy_values.to_zarr(tmp_path / "a.zarr")
    assert isinstance(values, zarr.Array)
    assert (values.chunks, values.dtype) == ((5, 16), np.float64)
    assert error(values[:], truth) < 1e-9
    assert [[tuple(b.shape) for b in row] for row in lazy_values] == [
        [(k, w) for w in (16, 16, 16, 12)] for k in (5, 5, 2)
    ]
    assert error(torch.cat([torch.cat(list(row), dim=1) for row in lazy_values]), truth) < 1e-9
    z = if_calc.influence_factors(test)
    torch.testing.assert_close(z.compute(TorchCatAggregator()), model.influence_factors(*made.test))
    for given in (z, list(z), [(t,) for t in z]):
        assert error(if_calc.influences_from_factors(given, train).compute(CAT), truth) < 1e-9


def test_perturbations_by_arrays_and_by_loaders(single, made, model):
    calculator = DaskInfluenceCalculator(model, single)
    wanted = model.influences(*made.test, *made.train, mode="perturbation")
    test, train = arrays(made.test, 5), arrays(made.train, 7)
    values = calculator.influences(*test, *train, mode="perturbation")
    assert values.shape == (12, 60, 4)
    np.testing.assert_allclose(values.compute(), wanted.numpy(), atol=1e-9)
    lazy = calculator.influences(*loaders(made), "perturbation")
    assert lazy.shape == (12, 60, 4)
    torch.testing.assert_close(lazy.whole(), wanted)
    z = calculator.influence_factors(*test)
    again = calculator.influences_from_factors(z, *train, "perturbation")
    np.testing.assert_allclose(again.compute(), wanted.numpy(), atol=1e-9)


def test_without_training_points_the_test_points_are_meant(single, made, model):
    calculator = DaskInfluenceCalculator(model, single)
    values = calculator.influences(*arrays(made.test, 5))
    np.testing.assert_allclose(values.compute(), model.influences(*made.test).numpy(), atol=1e-9)


@pytest.mark.parametrize("chunks", [1, 3, (3, 3, 1), (1, 4, 2)])
def test_defect_9_chunks_of_one_row_and_unequal_chunks_work(processes, made, model, chunks):
    x, y = (t[:7] for t in made.train)
    ours = [da.from_array(t.numpy(), chunks=(chunks, *t.shape[1:])) for t in (x, y)]
    calculator = DaskInfluenceCalculator(model, processes)
    np.testing.assert_allclose(
        calculator.influences(*ours).compute(), model.influences(x, y).numpy(), atol=1e-9
    )
    np.testing.assert_allclose(
        calculator.influence_factors(*ours).compute(), model.influence_factors(x, y).numpy(), atol=1e-9
    )
    lazy = calculator.influences([(x[:1], y[:1]), (x[1:], y[1:])], [(x, y)])
    torch.testing.assert_close(lazy.whole(), model.influences(x, y))


def test_defect_9_integer_inputs_keep_scores_in_floats(single, tmp_path):
    torch.manual_seed(0)
    net = nn.Sequential(nn.Embedding(7, 3), nn.Flatten(), nn.Linear(15, 2))
    x, y = torch.randint(7, (7, 5)), torch.randint(2, (7,))
    influence = GradDotInfluence(net, nn.CrossEntropyLoss())
    calculator = DaskInfluenceCalculator(influence, single)
    values = calculator.influences(*arrays((x, y), 3))
    assert values.dtype == np.float32
    values.to_zarr(str(tmp_path / "a.zarr"))
    stored = zarr.open_array(tmp_path / "a.zarr", mode="r")
    assert stored.dtype == np.float32
    np.testing.assert_allclose(stored[:], influence.influences(x, y).numpy(), rtol=1e-4, atol=1e-6)
    assert calculator.influence_factors(*arrays((x, y), 3)).dtype == np.float32


def test_a_torch_data_set_as_dask_arrays_goes_in(single, made, model, truth):
    test = torch_dataset_to_dask_array(TensorDataset(*made.test), 5, resulting_dtype=np.float64)
    train = torch_dataset_to_dask_array(TensorDataset(*made.train), 20, resulting_dtype=np.float64)
    assert error(DaskInfluenceCalculator(model, single).influences(*test, *train).compute(), truth) < 1e-9


# --- how much is done ---------------------------------------------------------------------------------------------


def test_a_task_a_shard_of_the_training_data_and_none_a_pair(single, made, model):
    values = DaskInfluenceCalculator(model, single).influences(*arrays(made.test, 2), *arrays(made.train, 5))
    names = [dask.utils.key_split(key) for key in dict(values.dask)]
    assert names.count("chunk_strip") == 12
    assert names.count("chunk_factors") == 6
    assert values.chunks == ((12,), (5,) * 12)


class Submitted:
    """Counts what a client is asked to do."""

    def __init__(self, client, monkeypatch):
        self.names, self.sent = [], []
        submit, scatter = client.submit, client.scatter

        def counted_submit(function, *args, **options):
            self.names.append(function.__name__)
            return submit(function, *args, **options)

        def counted_scatter(thing, **options):
            self.sent.append(type(thing).__name__)
            return scatter(thing, **options)

        monkeypatch.setattr(client, "submit", counted_submit)
        monkeypatch.setattr(client, "scatter", counted_scatter)


def test_the_model_is_sent_once_and_training_gradients_stay_with_the_workers(pair, made, model, monkeypatch):
    monkeypatch.setattr(dask_scores, "SHARD", 16)
    counted = Submitted(pair, monkeypatch)
    calculator = DaskInfluenceCalculator(model, pair)
    test, train = loaders(made)
    first = calculator.influences(test, train).whole()
    assert counted.names.count("gradients") == 4
    assert counted.names.count("strip") == 4
    second = calculator.influences(test, train).whole()
    torch.testing.assert_close(first, second)
    assert counted.names.count("gradients") == 4
    calculator.influence_factors(test).compute()
    calculator.influences(*arrays(made.test, 5), *arrays(made.train, 20)).compute()
    assert counted.sent.count("DirectInfluence") == 1


def test_gradients_that_the_workers_have_no_room_for_are_let_go(pair, made, model, truth, monkeypatch):
    monkeypatch.setattr(dask_scores, "KEPT", 0.0)
    counted = Submitted(pair, monkeypatch)
    calculator = DaskInfluenceCalculator(model, pair)
    for times in (1, 2):
        assert error(calculator.influences(*loaders(made)).whole(), truth) < 1e-9
        assert counted.names.count("gradients") == times


def test_another_damping_and_another_fit_reach_the_workers(single, made, model):
    calculator = DaskInfluenceCalculator(model, single)
    test, train = arrays(made.test, 5), arrays(made.train, 20)
    calculator.influences(*test, *train).compute()
    model.with_regularization(0.2)
    assert error(calculator.influences(*test, *train).compute(), dense_influences(made, 0.2)) < 1e-9
    half = tuple(t[:30] for t in made.train)
    model.fit(half)
    wanted = model.influences(*made.test, *made.train)
    np.testing.assert_allclose(calculator.influences(*test, *train).compute(), wanted.numpy(), atol=1e-9)
    torch.testing.assert_close(calculator.influences(*loaders(made)).whole(), wanted)


@pytest.mark.parametrize("mode", ["up", "perturbation"])
def test_a_matrix_that_was_begun_here_is_gone_on_with_by_a_cluster(
    single, made, model, tmp_path, monkeypatch, mode
):
    monkeypatch.setattr(dask_scores, "SHARD", 16)
    path, wanted = tmp_path / "a.zarr", model.influences(*made.test, *made.train, mode=mode).numpy()
    here = SequentialInfluenceCalculator(model).influences(*loaders(made), mode).to_zarr(path, chunks=(5, 7))
    here.attrs["dvlwidgets"] = {**here.attrs["dvlwidgets"], "done": 28}  # 21 is in the middle of a shard
    here[:, 28:] = np.nan
    there = DaskInfluenceCalculator(model, single).influences(*loaders(made), mode).to_zarr(path)
    np.testing.assert_allclose(there[:], wanted, atol=1e-9)


# --- refused ------------------------------------------------------------------------------------------------------


def test_other_chunks_are_refused(single, made, model):
    calculator = DaskInfluenceCalculator(model, single)
    (x, y), (x_test, y_test) = arrays(made.train, 20), arrays(made.test, 5)
    with pytest.raises(InvalidDimensionChunksError, match="rechunk"):
        calculator.influence_factors(x.rechunk((20, 2)), y)
    with pytest.raises(UnalignedChunksError, match=r"y\.rechunk"):
        calculator.influence_factors(x, y.rechunk(7))
    with pytest.raises(UnalignedChunksError, match="x_test and y_test"):
        calculator.influences(x_test, y_test.rechunk(3), x, y)
    z = calculator.influence_factors(x_test, y_test)
    with pytest.raises(InvalidDimensionChunksError, match="z_test_factors"):
        calculator.influences_from_factors(z.rechunk((5, 3)), x, y)
    with pytest.raises(InputError, match="unknown sizes"):
        calculator.influence_factors(x[x[:, 0] > 0], y)
    with pytest.raises(InputError, match="empty"):
        calculator.influence_factors(x[:0], y[:0])
    with pytest.raises(InputError, match="only one of x and y"):
        calculator.influences(x_test, y_test, x)
    with pytest.raises(InputTypeError, match="dask array"):
        calculator.influences(x_test, y_test, x, made.train[1])
    with pytest.raises(InputTypeError, match="together"):
        calculator.influences(loaders(made)[0], x)
    with pytest.raises(InputTypeError, match=r"influences\(test, train, mode\)"):
        calculator.influences(loaders(made)[0])
    with pytest.raises(InputError, match="'perturbation'"):
        calculator.influences(*loaders(made), "sideways")


def test_workers_of_several_threads_are_refused_unless_the_model_is_made_for_it(made, model):
    with cluster(n_workers=1, threads_per_worker=2, processes=False) as workers, Client(workers) as client:
        with pytest.raises(ThreadSafetyViolationError, match="threads_per_worker=1"):
            DaskInfluenceCalculator(model, TorchNumpyConverter(), client)
        model.is_thread_safe = True
        values = DaskInfluenceCalculator(model, client).influences(
            *arrays(made.test, 1), *arrays(made.train, 3)
        )
        np.testing.assert_allclose(
            values.compute(), model.influences(*made.test, *made.train).numpy(), atol=1e-9
        )


def test_no_client_is_a_choice_and_computes_all_the_same(made, model, truth):
    calculator = DaskInfluenceCalculator(model, TorchNumpyConverter(), DisableClientSingleThreadCheck)
    with dask.config.set(scheduler="threads"):
        values = calculator.influences(*arrays(made.test, 1), *arrays(made.train, 2)).compute()
    assert error(values, truth) < 1e-9, "hooks of two threads did not meet"
    assert error(calculator.influences(*loaders(made)).whole(), truth) < 1e-9
    assert calculator.n_parameters == model.n_parameters


def test_arguments_are_told_apart_by_type(single, model):
    for arguments, names in (
        ((model, single), {}),
        ((model, TorchNumpyConverter(), single), {}),
        ((model,), {"client": single}),
        ((model,), {"converter": TorchNumpyConverter(), "client": single}),
    ):
        assert isinstance(DaskInfluenceCalculator(*arguments, **names).converter, TorchNumpyConverter)
    for arguments in ((model,), (model, TorchNumpyConverter()), (model, "tcp://here"), (model, None, 3)):
        with pytest.raises(InputTypeError, match=r"distributed\.Client"):
            DaskInfluenceCalculator(*arguments)
    with pytest.raises(InputTypeError, match="converter="):
        DaskInfluenceCalculator(model, 3, single)


def test_models_that_were_not_fitted_are_refused(single, made):
    with pytest.raises(NotFittedError, match="fit"):
        DaskInfluenceCalculator(DirectInfluence(made.model, made.loss), single)
    with pytest.raises(InputTypeError, match="DirectInfluence"):
        DaskInfluenceCalculator(made.model, single)
