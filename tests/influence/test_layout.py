"""Named parameters as one vector and back, and what blocks and dampings may be."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from dvlwidgets.errors import InputError, InputTypeError
from dvlwidgets.influence.layout import Layout, blocks_of, damping, per_block, trainable
from dvlwidgets.influence.types import BlockMode


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.gain = nn.Parameter(torch.ones(()))
        self.first = nn.Linear(3, 2)
        self.body = nn.Sequential(nn.Linear(2, 2), nn.Linear(2, 2, bias=False))
        self.first.bias.requires_grad_(False)


NET = Net()
LAYOUT = Layout.of(trainable(NET))


def test_trainable_parameters_in_the_models_order_shared_ones_once():
    assert LAYOUT.names == ("gain", "first.weight", "body.0.weight", "body.0.bias", "body.1.weight")
    assert LAYOUT.p == 1 + 6 + 4 + 2 + 4
    tied = nn.Sequential(nn.Linear(2, 2, bias=False), nn.Linear(2, 2, bias=False))
    tied[1].weight = tied[0].weight
    assert Layout.of(trainable(tied)).names == ("0.weight",)
    with pytest.raises(InputError, match="no trainable parameter"):
        trainable(nn.Linear(2, 2).requires_grad_(False))


@pytest.mark.parametrize("lead", [(), (4,), (2, 3)])
def test_vectors_and_trees_are_one_another(lead):
    vector = torch.arange(float(LAYOUT.p)).expand(*lead, LAYOUT.p).clone()
    tree = LAYOUT.unflatten(vector)
    assert [t.shape for t in tree.values()] == [(*lead, *shape) for shape in LAYOUT.shapes]
    assert torch.equal(LAYOUT.flatten(tree), vector)
    assert torch.equal(tree["body.0.bias"][(0,) * len(lead)], torch.tensor([11.0, 12.0]))


def test_columns_of_parameters_in_the_order_asked_for():
    assert LAYOUT.columns(["body.0.bias", "gain"]).tolist() == [11, 12, 0]
    assert LAYOUT.columns([]).tolist() == []


def test_blocks_hold_each_parameter_once():
    assert blocks_of(NET, LAYOUT, BlockMode.FULL) == {"": LAYOUT.names}
    layers = {"": ("gain",), "first": ("first.weight",), "body": LAYOUT.names[2:]}
    assert blocks_of(NET, LAYOUT, "layer_wise") == layers
    assert blocks_of(NET, LAYOUT, "parameter_wise") == {name: (name,) for name in LAYOUT.names}
    custom = {"a": ["body.1.weight", "gain"], "b": ["first.weight"]}
    assert blocks_of(NET, LAYOUT, custom) == {"a": ("body.1.weight", "gain"), "b": ("first.weight",)}


def test_frozen_parameters_of_a_block_are_left_out_and_it_is_said():
    with pytest.warns(UserWarning, match=r"first\.bias.*frozen"):
        assert blocks_of(NET, LAYOUT, {"a": ["first.weight", "first.bias"]}) == {"a": ("first.weight",)}


@pytest.mark.parametrize(
    ("structure", "error", "words"),
    [
        ("by_row", InputError, "'full', 'layer_wise', 'parameter_wise'"),
        ({"a": ["nothing"]}, InputError, "does not have"),
        ({"a": ["gain"], "b": ["gain"]}, InputError, "has one block"),
        ({"a": []}, InputError, "no trainable parameter"),
        ({}, InputError, "empty"),
        ({"a": "gain"}, InputTypeError, "expected a list"),
    ],
)
def test_blocks_that_cannot_be_are_refused_in_words(structure, error, words):
    with pytest.raises(error, match=words):
        blocks_of(NET, LAYOUT, structure)


def test_dampings_are_one_number_or_one_a_block():
    assert per_block(None, ["a", "b"], "r", positive=False) == {"a": 0.0, "b": 0.0}
    assert per_block(1, ["a", "b"], "r", positive=True) == {"a": 1.0, "b": 1.0}
    assert per_block({"a": 1, "b": 2.5}, ["a", "b"], "r", positive=True) == {"a": 1.0, "b": 2.5}
    assert damping(torch.tensor(0.5), "r", positive=True) == 0.5
    for given in ({"a": 1.0}, {"a": 1.0, "b": 1.0, "c": 1.0}, -1.0, float("nan"), float("inf")):
        with pytest.raises(InputError, match="r"):
            per_block(given, ["a", "b"], "r", positive=False)
    for given in (0, None):
        with pytest.raises(InputError, match="positive number"):
            per_block(given, ["a"], "r", positive=True)
    for given in (True, "1e-3", [1.0]):
        with pytest.raises(InputTypeError, match="expected a number"):
            per_block(given, ["a"], "r", positive=False)
