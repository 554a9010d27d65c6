"""Rows times a low-rank damped inverse, kept in two pieces, are the flat rows that a solve gives."""

from __future__ import annotations

import pytest
import torch
from influence.problems import case, relative_error

from dvlwidgets.influence import NystroemSketchInfluence, SequentialInfluenceCalculator
from dvlwidgets.influence.aggregators import NestedTorchCatAggregator
from dvlwidgets.influence.batches import Batches
from dvlwidgets.influence.low_rank_rows import LowRankRows
from dvlwidgets.influence.rows import Rows
from dvlwidgets.influence.scan import factors_of

DAMPING = 0.05


@pytest.fixture(scope="module")
def world():
    made = case("mlp_tanh")
    model = NystroemSketchInfluence(made.model, made.loss, DAMPING, 6, second_order_mode="gauss_newton")
    model.fit(made.batches(30))
    rows = model.gradients(Batches.of(made.train).first())
    test = model.gradients(Batches.of(made.test).first())
    return made, model, rows, model.precondition_for_scores(test), model.precondition(test)


def test_they_are_the_rows_that_a_solve_gives(world):
    _, _, rows, split, flat = world
    assert isinstance(split, LowRankRows)
    assert not split.is_flat
    assert relative_error(split.flat(), flat.flat()) < 1e-12
    for other in (rows, Rows.of_flat(rows.layout, rows.flat())):
        assert relative_error(split.dot(other), flat.dot(other)) < 1e-12
    few = rows[: len(flat)]
    assert relative_error(split[: len(few)].pair(few), flat[: len(few)].pair(few)) < 1e-12
    names = rows.layout.names[1:3]
    assert relative_error(split.columns(names), flat.columns(names)) < 1e-12


def test_they_are_cut_joined_weighted_and_moved_like_any_rows(world):
    _, _, rows, split, flat = world
    joined = Rows.cat([split[:2], split[2:]])
    assert isinstance(joined, LowRankRows)
    assert torch.equal(joined.dot(rows), split.dot(rows))
    weights = torch.linspace(-1, 1, len(flat), dtype=torch.float64)
    assert relative_error(split.scaled(weights).dot(rows), flat.scaled(weights).dot(rows)) < 1e-12
    assert split.to(dtype=torch.float32).dot(rows.to(dtype=torch.float32)).dtype == torch.float32
    for left, right in ((split, split), (flat, split), (split.own, split)):
        assert relative_error(left.dot(right), left.flat() @ flat.flat().T) < 1e-12
        assert relative_error(left.pair(right), (left.flat() * flat.flat()).sum(1)) < 1e-12


def test_all_pairs_by_them_are_the_influences(world):
    made, model, *_ = world
    matrix = SequentialInfluenceCalculator(model).influences([made.test], [made.train])
    assert isinstance(factors_of(model, Batches.of([made.test])), LowRankRows)
    got = matrix.compute(NestedTorchCatAggregator())
    assert relative_error(got, model.influences(*made.test, *made.train)) < 1e-12


@pytest.mark.parametrize(("name", "structure"), [("two_blocks", "layer_wise"), ("tokens", "full")])
def test_several_blocks_and_several_positions_a_sample_stay_flat(name, structure):
    made = case(name)
    options = {"block_structure": structure, "second_order_mode": "gauss_newton"}
    model = NystroemSketchInfluence(made.model, made.loss, DAMPING, 6, **options).fit(made.batches(30))
    factors = factors_of(model, Batches.of([made.test]))
    assert factors.is_flat
    assert relative_error(factors.flat(), model.influence_factors(*made.test)) < 1e-12
