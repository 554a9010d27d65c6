"""Rows of factors are the flat rows that they stand for, whatever is done to them."""

from __future__ import annotations

import json

import pytest
import torch

from dvlwidgets.influence.layout import Layout
from dvlwidgets.influence.rows import Flat, Outer, Rows

LAYOUT = Layout(
    ("a.weight", "a.bias", "gain", "b.weight"),
    (torch.Size([4, 3]), torch.Size([4]), torch.Size([2]), torch.Size([5, 4])),
)


def made(n, *, positions=None, kind="factors", seed=0):
    """Parts in another order than the layout's."""
    generator = torch.Generator().manual_seed(seed)

    def draw(*shape):
        return torch.randn(*shape, generator=generator, dtype=torch.float64)

    t = () if positions is None else (positions,)
    parts = (
        Outer(("b.weight",), draw(n, *t, 4), draw(n, *t, 5)),
        Flat(("gain",), draw(n, 2)),
        Outer(("a.weight", "a.bias"), draw(n, *t, 3), draw(n, *t, 4)),
    )
    rows = Rows(LAYOUT, parts)
    return Rows.of_flat(LAYOUT, by_hand(rows)) if kind == "flat" else rows


def by_hand(rows):
    b, gain, a = rows.parts
    out = torch.zeros(len(rows), LAYOUT.p, dtype=torch.float64)
    for i in range(len(rows)):
        for part, start, bias in ((a, 0, 12), (b, 18, None)):
            inputs, slopes = (v[i].reshape(-1, v.shape[-1]) for v in (part.a, part.g))
            total = sum(torch.outer(g, x) for g, x in zip(slopes, inputs, strict=True))
            out[i, start : start + total.numel()] = total.flatten()
            if bias is not None:
                out[i, bias : bias + 4] = slopes.sum(0)
        out[i, 16:18] = gain.values[i]
    return out


@pytest.mark.parametrize("positions", [None, 1, 3])
def test_flat_rows_stand_in_the_layouts_order(positions):
    rows = made(6, positions=positions)
    torch.testing.assert_close(rows.flat(), by_hand(rows))
    assert len(rows) == 6
    assert not rows.is_flat
    assert Rows.of_flat(LAYOUT, rows.flat()).is_flat


@pytest.mark.parametrize("left", [("factors", None), ("factors", 2), ("flat", None)])
@pytest.mark.parametrize("right", [("factors", None), ("factors", 3), ("flat", None)])
def test_inner_products_of_any_two_kinds(left, right):
    one = made(6, kind=left[0], positions=left[1])
    two = made(5, kind=right[0], positions=right[1], seed=1)
    torch.testing.assert_close(one.dot(two), one.flat() @ two.flat().T)
    torch.testing.assert_close(one[:5].pair(two), (one[:5].flat() * two.flat()).sum(1))
    torch.testing.assert_close(one.squares(), one.flat().square().sum(1))


@pytest.mark.parametrize("positions", [None, 3])
def test_rows_are_selected_joined_scaled_and_sent_through_specs(positions):
    rows = made(6, positions=positions)
    flat = by_hand(rows)
    some = torch.tensor([5, 0, 0])
    torch.testing.assert_close(rows[some].flat(), flat[some])
    torch.testing.assert_close(rows[1:3].flat(), flat[1:3])
    torch.testing.assert_close(Rows.cat([rows[:2], rows[2:]]).flat(), flat)
    weights = torch.arange(6.0, dtype=torch.float64)
    torch.testing.assert_close(rows.scaled(weights).flat(), flat * weights[:, None])
    again = Rows.of_tensors(LAYOUT, json.loads(json.dumps(rows.spec)), rows.tensors())
    torch.testing.assert_close(again.flat(), flat)
    assert rows.to(dtype=torch.float32).flat().dtype is torch.float32
    assert rows.nbytes == 8 * 6 * (2 + (positions or 1) * (4 + 5 + 3 + 4))


@pytest.mark.parametrize("kind", ["factors", "flat"])
def test_columns_of_some_parameters(kind):
    rows = made(6, kind=kind)
    flat = rows.flat()
    for names in (
        ["a.weight", "a.bias"],
        ["a.bias"],
        ["b.weight", "a.weight"],
        list(LAYOUT.names),
        ["gain", "b.weight"],
    ):
        torch.testing.assert_close(rows.columns(names), flat[:, LAYOUT.columns(names)])
