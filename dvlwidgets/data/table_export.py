"""Columns for other programs: pandas, Parquet, and CSV that no spreadsheet takes for formulas."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from dvlwidgets.data.frames import pandas
from dvlwidgets.data.preview_kinds import absent
from dvlwidgets.data.shown import writable
from dvlwidgets.data.user_file import write_file
from dvlwidgets.errors import InputError

if TYPE_CHECKING:
    import pandas as pd

Table = dict[str, NDArray[Any]]
FORMULA = ("=", "+", "-", "@", "\t", "\r")
"""A text that begins so is taken for a formula by spreadsheets; it gets an apostrophe in front."""


def to_frame(table: Table) -> pd.DataFrame:
    """As a pandas data frame.

    Raises:
        InputError: pandas is not installed.
    """
    frame: pd.DataFrame = pandas("to_frame").DataFrame(table)
    return frame


def parquet(table: Table, file: Any) -> None:
    """Writes a Parquet file.

    Args:
        table: its columns.
        file: a path, or something to write bytes to.

    Raises:
        InputError: pyarrow is not installed, or the file cannot be written.
    """
    try:
        import pyarrow as pa  # type: ignore[import-untyped,unused-ignore]
        import pyarrow.parquet as pq  # type: ignore[import-untyped,unused-ignore]
    except ImportError as error:
        raise InputError(
            "Parquet needs pyarrow, which is not installed. pip install 'dvlwidgets[frames]', or take the table as CSV."
        ) from error
    columns = {writable(name): pa.array(_plain(column)) for name, column in table.items()}
    try:
        pq.write_table(pa.table(columns), file)
    except OSError as refusal:
        raise InputError(f"{str(file)!r} cannot be written: {refusal.strerror or refusal}.") from refusal


def _plain(column: NDArray[Any]) -> Any:
    """What a file can hold: texts for objects, nothing where one is missing, numbers as they are."""
    if column.dtype.kind in "biuf":
        return column
    return [None if text is None else writable(text) for text in _texts(column)]


def _texts(column: NDArray[Any]) -> list[str | None]:
    """Objects and dates as texts; None where one is missing."""
    if column.dtype.kind in "mM":
        return [None if text == "NaT" else text for text in column.astype(str).tolist()]
    return [None if absent(item) else str(item) for item in column.tolist()]


def write_csv(table: Table, path: str | PathLike[str]) -> Path:
    """Writes a CSV file in UTF-8.

    Raises:
        InputError, InputTypeError: it cannot be written, or the path is none.
    """
    text = io.StringIO()
    lines = csv.writer(text, lineterminator="\n")
    lines.writerow([safe(name) for name in table])
    lines.writerows(zip(*(cells(column) for column in table.values()), strict=True))
    return write_file(path, writable(text.getvalue()).encode(), like="values.csv")


def cells(column: NDArray[Any]) -> Sequence[Any]:
    """A column for CSV: nothing for numbers that are not known, texts that are no formulas."""
    if column.dtype.kind == "f":
        digits = str if column.dtype == np.float64 else "{:.8g}".format
        return ["" if np.isnan(x) else digits(x) for x in column.tolist()]
    return column.tolist() if column.dtype.kind in "biu" else [safe(text or "") for text in _texts(column)]


def safe(text: str) -> str:
    """A text that no spreadsheet takes for a formula: "=1+1" becomes "'=1+1"."""
    return f"'{text}" if text.startswith(FORMULA) else text
