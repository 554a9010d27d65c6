"""Results as tables: a short one in text or HTML, a CSV file, a data frame."""

from __future__ import annotations

import csv
import html
import io
import os
from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np

from ..counts import many
from ..data.frames import pandas
from ..data.shown import shown
from ..data.user_file import write_file
from ..typing import Indices
from .result_columns import About, Columns, sort_order

if TYPE_CHECKING:
    import pandas as pd

SHOWN = 5
HEADER = ("index", "name", "value", "stderr", "count")


def text_table(columns: Columns, about: About) -> str:
    """The lowest and the highest values, for a terminal."""
    lines = [title(columns, about)]
    low, high = _ends(columns)
    if len(low):
        cells = [HEADER, *_cells(columns, low), *_cells(columns, high)]
        widths = [max(len(row[c]) for row in cells) for c in range(len(HEADER))]
        rows = ["  " + "  ".join(cell.rjust(w) for cell, w in zip(row, widths, strict=True)) for row in cells]
        gap = [f"  ... {len(columns) - len(low) - len(high):,} more ..."] if len(high) else []
        lines += rows[: 1 + len(low)] + gap + rows[1 + len(low) :]
    return "\n".join(lines)


def html_table(columns: Columns, about: About) -> str:
    """The same for a notebook."""
    low, high = _ends(columns)

    def rows(cells: Iterator[tuple[str, ...]]) -> str:
        return "".join("<tr>" + "".join(f"<td>{html.escape(c)}</td>" for c in row) + "</tr>" for row in cells)

    gap = f'<tr><td colspan="{len(HEADER)}">…</td></tr>' if len(high) else ""
    head = "".join(f"<th>{name}</th>" for name in HEADER)
    return (
        f"<div><p>{html.escape(title(columns, about))}</p><table><thead><tr>{head}</tr></thead>"
        f"<tbody>{rows(_cells(columns, low))}{gap}{rows(_cells(columns, high))}</tbody></table></div>"
    )


def title(columns: Columns, about: About) -> str:
    """Method, number of points and status in one line."""
    points = many(len(columns), "point")
    return f"ValuationResult: {about.algorithm or 'values'} of {points}, {about.status.value}"


def write_csv(columns: Columns, path: str | os.PathLike[str]) -> None:
    """One line a point, in the result's order; numbers at full precision, nan where not known.

    Raises:
        InputError, InputTypeError: the file cannot be written, or the path is none.
    """
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(["index", "id", "name", "value", "stderr", "variance", "count"])
    c = columns
    table = (c.indices, c.ids, c.names, c.values, c.stderr, c.variances, c.counts)
    writer.writerows(zip(*(column.tolist() for column in table), strict=True))
    write_file(path, text.getvalue().encode("utf-8", "backslashreplace"), like="values.csv")


def _ends(columns: Columns) -> tuple[Indices, Indices]:
    """Rows of the lowest and of the highest values; all of them are low when there are few."""
    order = sort_order(columns, "value", reverse=False)
    if len(order) <= 2 * SHOWN:
        return order, order[:0]
    known = int((~np.isnan(columns.values)).sum())
    end = known if known >= 2 * SHOWN else len(order)  # unknown values are the highest of nothing
    return order[:SHOWN], order[end - SHOWN : end]


def _cells(columns: Columns, rows: Indices) -> Iterator[tuple[str, ...]]:
    for r in rows:
        name = shown(str(columns.names[r]))
        yield (
            str(columns.indices[r]),
            name if len(name) <= 24 else name[:23] + "…",
            f"{columns.values[r]:.4g}",
            f"{columns.stderr[r]:.2g}",
            f"{columns.counts[r]:,}",
        )


def frame(columns: Columns, name: str, *, use_names: bool) -> pd.DataFrame:
    """A data frame in the result's order; see `ValuationResult.to_dataframe`.

    Raises:
        InputError: if pandas is not installed.
    """
    table = {
        name: columns.values,
        f"{name}_stderr": columns.stderr,
        f"{name}_variances": columns.variances,
        f"{name}_counts": columns.counts,
        **columns.extra,
    }
    made = pandas("to_dataframe")
    index = made.Index(columns.names if use_names else columns.indices)
    found: pd.DataFrame = made.DataFrame(table, index=index)
    return found
