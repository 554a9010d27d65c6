"""Influences of whole data sets: against dense algebra, every gradient and solve once, rows and columns in order."""

from __future__ import annotations

import gc
import weakref
from functools import cache

import numpy as np
import pytest
import torch
from influence.problems import case, known_influences, relative_error
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

from dvlwidgets import Dataset
from dvlwidgets.errors import InputError, InputTypeError, NotFittedError
from dvlwidgets.influence import (
    DirectInfluence,
    EnsembleInfluence,
    GradDotInfluence,
    GradientStore,
    NestedTorchCatAggregator,
    SequentialInfluenceCalculator,
    TorchCatAggregator,
    score_matrix,
)

DAMPING = 0.05
CAT = NestedTorchCatAggregator()


class Counting(DirectInfluence):
    """Counts samples whose gradients are computed (stores ask for them by `gradients` too), and preconditioned."""

    computed = solved = 0

    def gradients(self, batch):
        self.computed += len(batch)
        return super().gradients(batch)

    def precondition(self, rows):
        self.solved += len(rows)
        return super().precondition(rows)


def loader(pair, size, **options):
    return DataLoader(TensorDataset(*pair), batch_size=size, **options)


def fitted(made, kind=DirectInfluence, **options):
    return kind(made.model, made.loss, DAMPING, **options).fit(made.train)


def lazily(made, model, test_size=5, train_size=16, mode="up"):
    calculator = SequentialInfluenceCalculator(model)
    return calculator.influences(loader(made.test, test_size), loader(made.train, train_size), mode)


@cache
def truth(name, damping=DAMPING):
    return known_influences(name, damping)


def joined(rows):
    return [block for row in rows for block in row]


def test_the_sentences_of_the_talk_work_as_written(tmp_path):
    made = case("mlp_tanh", torch.float32)
    torch_model, loss, path = made.model, made.loss, tmp_path / "influences.zarr"
    train, test = loader(made.train, 16), loader(made.test, 5)

    if_model = DirectInfluence(torch_model, loss, hessian_regularization=DAMPING)
    if_model.fit(train)
    if_calc = SequentialInfluenceCalculator(if_model)
    lazy_values = if_calc.influences(test, train)
    values = lazy_values.to_zarr(path)

    assert values.shape == lazy_values.shape == (12, 60)
    assert path.is_dir(), "the values are on the disk"
    assert sum(f.stat().st_size for f in path.rglob("*") if f.is_file()) > 0
    one = values[3, 17:20]  # read from the disk, chunk by chunk
    wanted = truth(made.name)
    assert relative_error(torch.from_numpy(values[:]), wanted) < 1e-4
    assert relative_error(torch.from_numpy(one), wanted[3, 17:20]) < 1e-3


@pytest.mark.parametrize("name", ["logistic", "mlp_tanh", "tokens"])
def test_rows_are_test_points_and_columns_training_points(name):
    made = case(name)
    whole = lazily(made, fitted(made)).compute(CAT)
    assert relative_error(whole, truth(made.name)) < 1e-9


def test_blocks_are_the_loaders_batches_in_both_orders():
    made = case("logistic")
    lazy = lazily(made, fitted(made))
    wanted = [[(rows, columns) for columns in (16, 16, 16, 12)] for rows in (5, 5, 2)]
    computed, read = lazy.compute(), [list(row) for row in lazy]
    assert [[tuple(b.shape) for b in row] for row in computed] == wanted
    assert [[tuple(b.shape) for b in row] for row in read] == wanted
    assert len(lazy) == 3
    for one, other in zip(joined(computed), joined(read), strict=True):
        torch.testing.assert_close(one, other)


def test_each_gradient_and_each_solve_is_computed_once_however_the_result_is_read(tmp_path):
    made = case("mlp_tanh")
    model = fitted(made, Counting)
    model.computed = model.solved = 0
    lazy = lazily(made, model)
    assert (model.computed, model.solved) == (0, 0), "nothing before it is asked for"
    assert lazy.shape == (12, 60)
    assert (model.computed, model.solved) == (0, 0), "shapes need no gradients"
    for row in lazy:
        for _ in row:
            pass
    lazy.compute()
    lazy.to_zarr(tmp_path / "a.zarr")
    assert (model.computed, model.solved) == (12 + 60, 12)


def test_other_test_points_and_dampings_use_the_training_gradients_that_are_there():
    made = case("mlp_tanh")
    model = fitted(made, Counting)
    first = lazily(made, model)
    first.compute()
    model.computed = 0
    again = lazily(made, model.with_regularization(0.2), test_size=7)
    assert relative_error(again.compute(CAT), truth(made.name, 0.2)) < 1e-9
    assert model.computed == 12


def test_training_gradients_are_let_go_with_the_last_result_at_once():
    made = case("logistic")
    model = fitted(made)
    lazy = lazily(made, model)
    lazy.compute()
    store = weakref.ref(GradientStore.of(model, made.train))
    assert store() is not None
    gc.disable()
    try:
        del lazy
        assert store() is None
    finally:
        gc.enable()


def test_gradients_that_are_too_many_to_keep_are_computed_once_and_let_go(tmp_path, monkeypatch):
    monkeypatch.setattr(score_matrix, "STORE_BYTES", 0)
    made = case("mlp_tanh")
    model = fitted(made, Counting)
    model.computed = 0
    stored = lazily(made, model).to_zarr(tmp_path / "a.zarr")
    assert relative_error(torch.from_numpy(stored[:]), truth(made.name)) < 1e-9
    assert model.computed <= 12 + 60 + 16, "a batch is looked at first, to know how many bytes all would take"


def test_a_folder_keeps_training_gradients_for_the_next_session(tmp_path):
    made = case("mlp_tanh")
    for expected in (12 + 60, 12):
        model = fitted(made, Counting)
        model.computed = 0
        calculator = SequentialInfluenceCalculator(model, gradients_path=tmp_path)
        calculator.influences(loader(made.test, 5), loader(made.train, 16)).compute()
        assert model.computed == expected


def test_thin_strips_give_the_same(monkeypatch):
    made = case("mlp_tanh")
    model = fitted(made)
    wanted = {mode: lazily(made, model, mode=mode).compute(CAT) for mode in ("up", "perturbation")}
    monkeypatch.setattr(score_matrix, "STRIP_BYTES", 1)
    for mode, values in wanted.items():
        torch.testing.assert_close(lazily(made, model, mode=mode).compute(CAT), values)


def test_batches_of_one_and_unequal_batches():
    made = case("mlp_tanh")
    model = fitted(made)
    calculator = SequentialInfluenceCalculator(model)
    lazy = calculator.influences(made.batches(1)[:1], made.batches(1, 20, 1, 7))
    assert [[tuple(b.shape) for b in row] for row in lazy.compute()] == [[(1, k) for k in (1, 20, 1, 7, 31)]]
    x, y = made.train
    torch.testing.assert_close(lazy.whole(), model.influences(x[:1], y[:1], x, y))
    ones = calculator.influences(loader(made.test, 1), loader(made.train, 1))
    torch.testing.assert_close(ones.whole(), model.influences(*made.test, x, y))


def test_a_shuffling_loader_is_pinned_to_its_data_sets_order():
    made = case("logistic")
    model = fitted(made)
    calculator = SequentialInfluenceCalculator(model)
    with pytest.warns(UserWarning, match="shuffles"):
        lazy = calculator.influences(made.test, loader(made.train, 7, shuffle=True))
    assert relative_error(lazy.whole(), truth(made.name)) < 1e-9
    torch.testing.assert_close(lazy.whole(), lazy.whole(), rtol=0, atol=0)


def test_generators_are_read_once_and_the_result_as_often_as_one_likes():
    made = case("logistic")
    calculator = SequentialInfluenceCalculator(fitted(made))
    lazy = calculator.influences((b for b in [made.test]), (b for b in made.batches(20, 20)))
    for _ in range(2):
        assert relative_error(lazy.compute(CAT), truth(made.name)) < 1e-9


def test_data_sets_and_pairs_are_data_too():
    made = case("logistic", torch.float32)
    calculator = SequentialInfluenceCalculator(fitted(made))
    train = Dataset(made.train[0].numpy(), made.train[1].numpy())
    lazy = calculator.influences(TensorDataset(*made.test), train)
    assert relative_error(lazy.whole(), truth(made.name)) < 1e-4


def test_perturbation_influences_have_the_shape_of_the_input_behind():
    torch.manual_seed(0)
    model = nn.Sequential(nn.Conv2d(2, 2, 2), nn.Flatten(), nn.Linear(8, 3))
    x, y = torch.randn(7, 2, 3, 3), torch.randint(3, (7,))
    influence = GradDotInfluence(model, nn.CrossEntropyLoss())
    calculator = SequentialInfluenceCalculator(influence)
    lazy = calculator.influences(loader((x, y), 3), loader((x, y), 4), mode="perturbation")
    assert lazy.shape == (7, 7, 2, 3, 3)
    wanted = influence.influences(x, y, x, y, mode="perturbation")
    torch.testing.assert_close(lazy.compute(CAT), wanted)
    torch.testing.assert_close(torch.cat([torch.cat(list(row), dim=1) for row in lazy]), wanted)


def test_factors_come_batch_by_batch_and_give_the_same_influences():
    made = case("mlp_tanh")
    model = fitted(made)
    calculator = SequentialInfluenceCalculator(model)
    z = calculator.influence_factors(loader(made.test, 5))
    assert (len(z), z.shape) == (3, (12, model.n_parameters))
    torch.testing.assert_close(z.compute(TorchCatAggregator()), model.influence_factors(*made.test))
    wanted, train = lazily(made, model).compute(), loader(made.train, 16)
    whole = torch.cat(list(z))
    for given in (z, list(z), [(t,) for t in z], [[t] for t in z], (t for t in list(z))):
        got = calculator.influences_from_factors(given, train).compute()
        for one, other in zip(joined(got), joined(wanted), strict=True):
            torch.testing.assert_close(one, other)
    got = calculator.influences_from_factors(whole, train).whole()
    torch.testing.assert_close(got, torch.cat([torch.cat(row, 1) for row in wanted]))
    perturbed = calculator.influences_from_factors(z, train, "perturbation").whole()
    torch.testing.assert_close(perturbed, lazily(made, model, mode="perturbation").whole())


@pytest.mark.parametrize("given", [[torch.ones(2, 3)], [torch.ones(43)], ["a"], []])
def test_factors_of_other_shapes_are_refused(given):
    made = case("mlp_tanh")
    calculator = SequentialInfluenceCalculator(fitted(made))
    with pytest.raises(InputError, match="expected"):
        calculator.influences_from_factors(given, made.train).compute()


def test_what_cannot_work_is_refused_before_any_work():
    made = case("logistic")
    with pytest.raises(InputTypeError, match="DirectInfluence"):
        SequentialInfluenceCalculator(made.model)
    calculator = SequentialInfluenceCalculator(DirectInfluence(made.model, made.loss))
    for call in (
        lambda: calculator.influences(made.test, made.train),
        lambda: calculator.influence_factors(made.test),
        lambda: calculator.influences_from_factors([torch.ones(1, 15)], made.train),
    ):
        with pytest.raises(NotFittedError, match=r"fit\(training_data\)"):
            call()
    calculator = SequentialInfluenceCalculator(fitted(made))
    with pytest.raises(InputError, match="'up', 'perturbation'"):
        calculator.influences(made.test, made.train, "sideways")
    with pytest.raises(InputTypeError, match="factors of the type int"):
        calculator.influences_from_factors(3, made.train)
    with pytest.raises(InputTypeError, match="DataLoader"):
        calculator.influences(3, made.train)


def test_integer_inputs_give_scores_in_floats(tmp_path):
    model = nn.Sequential(nn.Embedding(7, 3), nn.Flatten(), nn.Linear(15, 2))
    generator = torch.Generator().manual_seed(0)
    x = torch.randint(7, (9, 5), generator=generator)
    y = torch.randint(2, (9,), generator=generator)
    influence = GradDotInfluence(model, nn.CrossEntropyLoss())
    stored = SequentialInfluenceCalculator(influence).influences((x, y), (x, y)).to_zarr(tmp_path / "a.zarr")
    assert stored.dtype == np.float32
    np.testing.assert_allclose(stored[:], influence.influences(x, y, x, y).numpy(), rtol=1e-5)


def test_the_other_methods_and_ensembles_go_through_too(tmp_path):
    made = case("mlp_tanh")
    other = case("mlp_relu")
    members = [GradDotInfluence(made.model, made.loss), GradDotInfluence(other.model, made.loss)]
    ensemble = EnsembleInfluence(members)
    lazy = lazily(made, ensemble)
    wanted = (
        members[0].influences(*made.test, *made.train) + members[1].influences(*made.test, *made.train)
    ) / 2
    torch.testing.assert_close(lazy.whole(), wanted)
    np.testing.assert_allclose(lazy.to_zarr(tmp_path / "a.zarr")[:], wanted.numpy())
