"""Rows of several models side by side, as one: what ensembles store of a data point."""

from __future__ import annotations

from collections.abc import Sequence

import torch

from .layout import Layout
from .rows import Part, Rows, with_numbers


def joined_layout(layouts: Sequence[Layout]) -> Layout:
    """The layouts one after the other; the names of the k-th begin with "k/"."""
    names = [f"{k}/{name}" for k, layout in enumerate(layouts) for name in layout.names]
    return Layout(tuple(names), tuple(shape for layout in layouts for shape in layout.shapes))


def join(several: Sequence[Rows]) -> Rows:
    """The rows of the same samples under several models, side by side."""
    parts: list[Part] = []
    for k, rows in enumerate(several):
        parts += [_renamed(part, [f"{k}/{name}" for name in part.names]) for part in rows.parts]
    return Rows(joined_layout([rows.layout for rows in several]), tuple(parts))


def split(rows: Rows, layouts: Sequence[Layout]) -> list[Rows]:
    """Back from `join`; also of one flat part."""
    if rows.is_flat:
        columns = torch.split(rows.flat(), [layout.p for layout in layouts], dim=1)
        return [Rows.of_flat(layout, own) for layout, own in zip(layouts, columns, strict=True)]
    found: list[list[Part]] = [[] for _ in layouts]
    for part in rows.parts:
        owner = int(part.names[0].split("/", 1)[0])
        found[owner].append(_renamed(part, [name.split("/", 1)[1] for name in part.names]))
    return [Rows(layout, tuple(own)) for layout, own in zip(layouts, found, strict=True)]


def _renamed(part: Part, names: Sequence[str]) -> Part:
    return with_numbers({**part.spec, "names": list(names)}, part.tensors())
