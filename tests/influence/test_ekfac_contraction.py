"""Inner products of flat rows with factored ones, against the products of all numbers."""

from __future__ import annotations

import pytest
import torch

from dvlwidgets.influence import contraction
from dvlwidgets.influence.contraction import contract
from dvlwidgets.influence.layout import Layout
from dvlwidgets.influence.rows import Flat, Outer, Rows


def normal(*shape: int) -> torch.Tensor:
    return torch.randn(*shape, dtype=torch.float64, generator=torch.Generator().manual_seed(sum(shape)))


@pytest.mark.parametrize("small_tiles", [False, True])
@pytest.mark.parametrize("positions", [None, 1, 3])
@pytest.mark.parametrize("bias", [False, True])
@pytest.mark.parametrize("q", [1, 19])
def test_contraction_is_the_product_of_all_numbers(
    monkeypatch: pytest.MonkeyPatch, q: int, bias: bool, positions: int | None, small_tiles: bool
) -> None:
    if small_tiles:
        monkeypatch.setattr(contraction, "TILE", 20)
        monkeypatch.setattr(contraction, "WIDTH", 3)
    lead = (7,) if positions is None else (7, positions)
    part = Outer(("w", "b") if bias else ("w",), normal(*lead, 9), normal(*lead, 3))
    values = normal(q, 30 if bias else 27)
    torch.testing.assert_close(contract(values, part.a, part.g, bias=bias), values @ part.flat().T)


def test_rows_of_other_parts_give_the_same_inner_products_either_way_round() -> None:
    layout = Layout(("u", "w", "b", "v"), tuple(map(torch.Size, [(2,), (3, 4), (3,), (5,)])))
    parts = (Flat(("v", "u"), normal(6, 7)), Outer(("w", "b"), normal(6, 4), normal(6, 3)))
    rows, tests = Rows(layout, parts), Rows.of_flat(layout, normal(5, 22))
    split = Rows(layout, tuple(Flat((n,), tests.columns((n,))) for n in ("b", "u", "v", "w")))
    wanted = tests.flat() @ rows.flat().T
    torch.testing.assert_close(tests.dot(rows), wanted)
    torch.testing.assert_close(rows.dot(tests), wanted.T)
    torch.testing.assert_close(split.dot(rows), wanted)
    assert tests.columns(("w", "b")).data_ptr() == tests.flat()[:, 2:].data_ptr()
