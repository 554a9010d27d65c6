"""Gradients of an embedding by tokens are those of the whole table, without the table."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from dvlwidgets.influence import tokens as tokens_module
from dvlwidgets.influence.batches import Batch
from dvlwidgets.influence.grad_dot import GradDotInfluence
from dvlwidgets.influence.layout import Layout
from dvlwidgets.influence.members import join, split
from dvlwidgets.influence.rows import Flat, Rows
from dvlwidgets.influence.store import GradientStore
from dvlwidgets.influence.tokens import Tokens

V, D = 50, 3
LAYOUT = Layout(("e.weight",), (torch.Size([V, D]),))


def made(n, length=4, seed=0, vocabulary=V):
    generator = torch.Generator().manual_seed(seed)
    tokens = torch.randint(vocabulary, (n, length), generator=generator)
    g = torch.randn(n, length, D, generator=generator, dtype=torch.float64)
    return Rows(LAYOUT, (Tokens(("e.weight",), tokens, g, V),))


def table_by_table(rows):
    out = torch.zeros(len(rows), V, D, dtype=torch.float64)
    part = rows.parts[0]
    for i, (tokens, g) in enumerate(zip(part.tokens, part.g, strict=True)):
        for token, row in zip(tokens, g, strict=True):
            out[i, token] += row
    return out.flatten(1)


def test_flat_rows_add_up_where_a_token_stands_twice():
    rows = made(6, length=5, vocabulary=3)
    torch.testing.assert_close(rows.flat(), table_by_table(rows))


@pytest.mark.parametrize("vocabulary", [3, V])
@pytest.mark.parametrize("budget", [1, 400, 1 << 20])
def test_inner_products_of_pairs_of_other_lengths(monkeypatch, vocabulary, budget):
    monkeypatch.setattr(tokens_module, "BUDGET", budget)
    left, right = made(6, 4, 0, vocabulary), made(5, 7, 1, vocabulary)
    torch.testing.assert_close(left.dot(right), table_by_table(left) @ table_by_table(right).T)


def test_samples_without_a_token_in_common_have_nothing_in_common():
    left, right = made(2), made(3)
    left.parts[0].tokens.fill_(1)
    right.parts[0].tokens.fill_(2)
    assert torch.equal(left.dot(right), torch.zeros(2, 3, dtype=torch.float64))


def test_row_by_row_scaled_selected_and_joined():
    rows, other = made(6, vocabulary=4), made(6, 5, 1, vocabulary=4)
    torch.testing.assert_close(rows.pair(other), (table_by_table(rows) * table_by_table(other)).sum(1))
    torch.testing.assert_close(rows.squares(), table_by_table(rows).square().sum(1))
    weights = torch.arange(6.0, dtype=torch.float64)
    torch.testing.assert_close(rows.scaled(weights).flat(), table_by_table(rows) * weights.unsqueeze(1))
    torch.testing.assert_close(Rows.cat([rows[:2], rows[2:]]).flat(), table_by_table(rows))
    torch.testing.assert_close(rows[torch.tensor([4, 1])].flat(), table_by_table(rows)[[4, 1]])


def test_flat_factors_meet_tokens_without_the_table():
    rows = made(6)
    factors = Rows(LAYOUT, (Flat(("e.weight",), torch.randn(4, V * D, dtype=torch.float64)),))
    wanted = factors.flat() @ table_by_table(rows).T
    torch.testing.assert_close(factors.dot(rows), wanted)
    torch.testing.assert_close(rows.dot(factors), wanted.T)


def test_tokens_go_through_specs_precisions_and_ensembles():
    rows = made(6)
    again = Rows.of_tensors(LAYOUT, rows.spec, rows.tensors())
    torch.testing.assert_close(again.flat(), table_by_table(rows))
    assert rows.to(dtype=torch.float32).parts[0].tokens.dtype is torch.int64
    one, two = split(join([rows, made(6, seed=1)]), [LAYOUT, LAYOUT])
    torch.testing.assert_close(one.flat(), table_by_table(rows))
    torch.testing.assert_close(two.flat(), table_by_table(made(6, seed=1)))


@pytest.mark.parametrize("place", [None, "folder"])
def test_a_store_keeps_tokens_and_not_tables(tmp_path, place):
    torch.manual_seed(0)
    net = nn.Sequential(nn.Embedding(1000, 3), nn.Flatten(), nn.Linear(12, 3)).double()
    model = GradDotInfluence(net, nn.CrossEntropyLoss())
    data = torch.randint(1000, (20, 4)), torch.arange(20) % 3
    store = GradientStore.of(model, data, path=tmp_path if place else None)
    wanted = model.gradients(Batch.of(data)).flat()
    torch.testing.assert_close(store.rows(3, 17).flat(), wanted[3:17])
    assert store.nbytes < 20 * 1000
    tests = model.gradients(Batch.of((data[0][:5], data[1][:5])))
    torch.testing.assert_close(model.scores(tests, store.rows(0, 20)), wanted[:5] @ wanted.T)
