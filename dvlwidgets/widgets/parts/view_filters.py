"""Filters of a panel as Python writes them: columns by name become ids of the page, anything odd is refused."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

from dvlwidgets.errors import InputError, InputTypeError
from dvlwidgets.widgets.commands import short
from dvlwidgets.widgets.subject import feature_name

if TYPE_CHECKING:
    from dvlwidgets.widgets.session import Session

Filters = dict[str, Any]

KEYS: Final = ("presets", "ranges", "classes", "text", "expression")
PRESETS: Final = ("lowest", "unconverged", "edited", "dropped", "selected", "disagrees", "flagged")
LATER: Final = ("suggested", "predicted", "note", "group")
"""Columns of classes or texts that come when there is something to say."""
EXAMPLE: Final = '{"ranges": {"value": (None, 0)}, "classes": {"label": ["cat"]}, "expression": "se < 0.1"}'
MOST_NAMED: Final = 12


def names_of(session: Session) -> dict[str, str]:
    """The names that filters may use, each with its id in the page; the panel's own first.

    A feature called like one of these is "feature NAME", as in expressions and in tables.
    """
    names = {**session.OWN, **{name: f"x:{name}" for name in LATER}}
    for i, (name, _) in enumerate(session.subject.features, session.FEATURES_FROM):
        names.setdefault(feature_name(name, names), f"f{i}")
    sent = {name for name, _ in session.subject.features}
    train = session.train
    if train.n_rows == len(train) and len(getattr(train.x, "shape", ())) == 2:
        for name in map(str, train.feature_names):
            if name not in sent:
                names.setdefault(feature_name(name, names), f"x:feature:{name}")
    return names


def checked(given: object, session: Session, names: Mapping[str, str]) -> Filters:
    """Filters in the page's terms, all five keys there.

    Args:
        given: any of `presets` (a list of PRESETS), `ranges` (column to (from, to), None for an open end), `classes`
            (column to a list of names), `text` (part of an id or label), `expression` (as in the panel's field).
        session: whose columns they are about.
        names: of these columns, from `names_of`.

    Raises:
        InputTypeError: something has another type.
        InputError: a key, a column, a class or a quick filter that there is not.
    """
    if not isinstance(given, Mapping):
        raise InputTypeError(
            f"filters should be a dict such as {EXAMPLE}, not {short(given)}. For no filters pass {{}}."
        )
    for key in given:
        if key not in KEYS:
            raise InputError(f"filters have no {short(key)}; they have {', '.join(KEYS)}. Example: {EXAMPLE}")
    return {
        "presets": _presets(given.get("presets", [])),
        "ranges": {
            _column(name, names): _range(name, ends) for name, ends in _mapping(given, "ranges").items()
        },
        "classes": {
            _column(name, names): _classes(name, some, session)
            for name, some in _mapping(given, "classes").items()
        },
        "text": _text(given, "text"),
        "expression": _text(given, "expression"),
    }


def as_python(filters: Filters, names: Mapping[str, str]) -> Filters:
    """Filters of a page as `panel.filters` gives them: by names, without what filters nothing."""
    back = {column: name for name, column in names.items()}
    named = {
        key: {back.get(column, column): content for column, content in filters[key].items()}
        for key in ("ranges", "classes")
    }
    named["ranges"] = {name: tuple(ends) for name, ends in named["ranges"].items()}
    return {key: content for key in KEYS if (content := named.get(key, filters[key]))}


def _mapping(given: Mapping[Any, Any], key: str) -> Mapping[Any, Any]:
    content = given.get(key, {})
    if not isinstance(content, Mapping):
        raise InputTypeError(f"'{key}' should be a dict by column, not {short(content)}. Example: {EXAMPLE}")
    return content


def _text(given: Mapping[Any, Any], key: str) -> str:
    content = given.get(key, "")
    if not isinstance(content, str):
        raise InputTypeError(f"'{key}' should be a string, not {short(content)}.")
    return content


def _presets(given: object) -> list[str]:
    if isinstance(given, str) or not isinstance(given, list | tuple | set | frozenset):
        raise InputTypeError(f"'presets' should be a list of {', '.join(PRESETS)}, not {short(given)}.")
    for preset in given:
        if preset not in PRESETS:
            raise InputError(f"{short(preset)} is no quick filter; there are {', '.join(PRESETS)}.")
    return [preset for preset in PRESETS if preset in given]


def _column(name: object, names: Mapping[str, str]) -> str:
    if isinstance(name, str) and name in names:
        return names[name]
    if isinstance(name, str) and (name in names.values() or name.startswith("x:")):
        return name  # as a page calls it
    listed = list(names)
    more = f" and {len(listed) - MOST_NAMED:,} more" if len(listed) > MOST_NAMED else ""
    raise InputError(
        f"there is no column {short(name)} to filter by; there are {', '.join(listed[:MOST_NAMED])}{more}."
    )


def _range(name: str, ends: object) -> list[float | None]:
    if not isinstance(ends, list | tuple) or len(ends) != 2:
        raise InputTypeError(
            f"the range of '{name}' should be (from, to), None for an open end, not {short(ends)}."
        )
    return [_end(name, end) for end in ends]


def _end(name: str, end: Any) -> float | None:
    if end is None:
        return None
    try:
        number = math.nan if isinstance(end, str | bool) else float(end)
    except (TypeError, ValueError, OverflowError):
        number = math.nan
    if math.isnan(number):
        raise InputTypeError(f"an end of the range of '{name}' should be a number or None, not {short(end)}.")
    return number if math.isfinite(number) else None


def _classes(name: str, some: object, session: Session) -> list[str]:
    if isinstance(some, str) or not isinstance(some, list | tuple | set | frozenset):
        raise InputTypeError(f"the classes of '{name}' should be a list of names, not {short(some)}.")
    wanted = [str(one) for one in some]
    if name == "label":
        labels = session.snapshot().labels
        there = () if labels is None or labels.classes is None else labels.classes
        for one in wanted:
            if one not in there:
                raise InputError(
                    f"there is no class {short(one)}; there are {', '.join(there) or 'no classes'}."
                )
    return wanted
