"""Order and columns of a page's table, checked and kept: a page that is loaded again begins with them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from dvlwidgets.errors import WireError
from dvlwidgets.widgets.commands import short
from dvlwidgets.widgets.snapshot import Content

MOST_COLUMNS: Final = 5_000
MOST_KEYS: Final = 20
"""Columns that a table is sorted by."""
LONGEST: Final = 500
"""Characters of the id of a column."""
WIDEST: Final = 10_000
"""Pixels."""


def arrangement(given: Mapping[str, Any]) -> Content:
    """What a page said of its table, and nothing else.

    Args:
        given: `sort`, pairs of a column's id and whether it descends; `gallery`; `columns`, None for the usual ones or
            `order`, `shown`, `width` and `pinned`, all by ids of columns.

    Raises:
        WireError: anything is missing, has another type, or is too large to be kept.
    """
    columns = given.get("columns")
    return {
        "sort": [_key(item) for item in _listed(given, "sort", MOST_KEYS)],
        "gallery": given.get("gallery") is True,
        "columns": None if columns is None else _columns(columns),
    }


def _columns(given: Any) -> Content:
    if not isinstance(given, Mapping):
        raise WireError(f"'columns' should be an object, not {short(given)}.")
    return {
        "order": [_id(item) for item in _listed(given, "order", MOST_COLUMNS)],
        "shown": _each(given, "shown", lambda item: isinstance(item, bool)),
        "width": _each(given, "width", _is_width),
        "pinned": [_id(item) for item in _listed(given, "pinned", MOST_COLUMNS)],
    }


def _key(item: Any) -> list[Any]:
    if not isinstance(item, list) or len(item) != 2 or not isinstance(item[1], bool):
        raise WireError(f"'sort' should be pairs of a column and whether it descends, not {short(item)}.")
    return [_id(item[0]), item[1]]


def _id(item: Any) -> str:
    if not isinstance(item, str) or not 0 < len(item) <= LONGEST:
        raise WireError(
            f"The id of a column should be a text of at most {LONGEST} characters, not {short(item)}."
        )
    return item


def _is_width(item: Any) -> bool:
    return isinstance(item, int | float) and not isinstance(item, bool) and 0 < item <= WIDEST


def _listed(given: Mapping[str, Any], key: str, most: int) -> list[Any]:
    items = given.get(key)
    if not isinstance(items, list) or len(items) > most:
        raise WireError(f"'{key}' should be a list of at most {most:,}, not {short(items)}.")
    return items


def _each(given: Mapping[str, Any], key: str, fits: Callable[[Any], bool]) -> Content:
    items = given.get(key)
    if not isinstance(items, Mapping) or len(items) > MOST_COLUMNS:
        raise WireError(f"'{key}' should be an object by column, not {short(items)}.")
    for item in items.values():
        if not fits(item):
            raise WireError(f"'{key}' of a column cannot be {short(item)}.")
    return {_id(name): item for name, item in items.items()}
