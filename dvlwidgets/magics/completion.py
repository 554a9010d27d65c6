"""Tab completion on the magics' lines: options, methods, samplers, metrics, rules, variables, runs."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from dvlwidgets.engine import runs
from dvlwidgets.magics import tables
from dvlwidgets.magics.dvl import VERBS
from dvlwidgets.magics.influence_methods import METHODS as INFLUENCE_METHODS
from dvlwidgets.magics.influence_methods import influence_method
from dvlwidgets.magics.methods import METHODS, method
from dvlwidgets.magics.options import Option

_LINE = re.compile(r"^\s*(%%valuation|%%influence|%dvl|dvl)\s")
_WORD = re.compile(r"[^\s\"'=|&~(,]*$")


@dataclass(frozen=True)
class Found:
    """Completions of the fragment that ends at the cursor: (text, what it is)."""

    fragment: str
    words: tuple[tuple[str, str], ...]


def complete(text: str, variables: Mapping[str, Any]) -> Found | None:
    """What may stand at the cursor.

    Args:
        text: the line up to the cursor.
        variables: the notebook's.

    Returns:
        None if the line is none of ours.
    """
    match = _LINE.match(text)
    if match is None:
        return None
    found = _WORD.search(text)
    fragment = "" if found is None else found.group()
    magic, before = match.group(1).lstrip("%"), text[match.end() : len(text) - len(fragment)]
    if magic == "dvl":
        words = _for_dvl(before)
    else:
        table = tables.VALUATION if magic == "valuation" else tables.INFLUENCE
        words = _for_cell(table, magic, before, fragment, variables)
    return Found(fragment, tuple((word, kind) for word, kind in words if word.startswith(fragment)))


def _for_dvl(before: str) -> list[tuple[str, str]]:
    words = before.split()
    if not words:
        return [(name, "function") for name in ("list", *VERBS)]
    if len(words) == 1 and words[0] in VERBS:
        return [(_quoted(entry.name), "run") for entry in runs.entries()]
    return []


def _quoted(name: str) -> str:
    return f'"{name}"' if " " in name else name


def _for_cell(
    table: Mapping[str, Option], magic: str, before: str, fragment: str, variables: Mapping[str, Any]
) -> list[tuple[str, str]]:
    option = _open_option(table, before)
    if option is not None:
        return _values(option, variables)
    if not before.strip() and not fragment.startswith("-"):
        return [*_options(table, magic, before)]  # a new name, or options
    return _options(table, magic, before)


def _open_option(table: Mapping[str, Option], before: str) -> Option | None:
    """The option whose value the cursor stands in."""
    found = re.search(r"--([\w-]+)(?:\s+|=)(\"[^\"]*|'[^']*|[^\s\"']*,)?$", before)
    option = table.get(found.group(1)) if found else None
    return None if option is None or option.flag else option


def _values(option: Option, variables: Mapping[str, Any]) -> list[tuple[str, str]]:
    if option.kind == "expression":
        extra = ["auto", "none"] if option.name == "previews" else []
        return [(name, "keyword") for name in extra] + [(name, "instance") for name in _data(variables)]
    words = [(word, option.name) for word in option.choices()]
    if option.name == "target":
        frames = [value for value in variables.values() if _has(value, "columns") and _has(value, "iloc")]
        words = [(str(column), "column") for frame in frames for column in frame.columns]
    if option.name in {"sampler", "metric", "loss"}:
        attribute = "bind" if option.name == "sampler" else "__call__"
        words += [(name, "instance") for name in _of_user(variables, lambda value: _has(value, attribute))]
    return list(dict.fromkeys(words))


def _data(variables: Mapping[str, Any]) -> list[str]:
    """Variables that may be data: Datasets first, then whatever has rows."""
    own = _of_user(variables, lambda value: _has(value, "fingerprint"))
    rows = _of_user(
        variables,
        lambda value: hasattr(type(value), "__len__") and not isinstance(value, str | bytes | dict | set),
    )
    holders = _of_user(
        variables,
        lambda value: any(_has(part, "fingerprint") for part in _inside(value)),
    )
    return list(dict.fromkeys([*own, *holders, *rows]))


def _inside(value: Any) -> list[Any]:
    """What an object holds, by no code of its own."""
    try:
        return list(object.__getattribute__(value, "__dict__").values())
    except AttributeError:
        return []


def _of_user(variables: Mapping[str, Any], fits: Callable[[Any], bool]) -> list[str]:
    hidden = {"In", "Out", "exit", "quit", "get_ipython", "open"}
    mine = [name for name in variables if not name.startswith("_") and name not in hidden]
    return [name for name in mine if not _is_code(variables[name]) and fits(variables[name])]


def _is_code(value: Any) -> bool:
    return inspect.isclass(value) or inspect.ismodule(value)


def _has(value: Any, attribute: str) -> bool:
    # on the class: nothing of the user's is computed for a completion
    return hasattr(type(value), attribute)


def _options(table: Mapping[str, Option], magic: str, before: str) -> list[tuple[str, str]]:
    """Options that were not given yet and that the method takes."""
    given = set(re.findall(r"--([\w-]+)", before))
    takes = _takes(magic, before)
    return [(f"--{name}", "option") for name in table if name not in given and takes(name)]


def _takes(magic: str, before: str) -> Callable[[str], bool]:
    named = re.search(r"--method(?:\s+|=)([\w-]+)", before)
    known: Iterable[str] = METHODS if magic == "valuation" else INFLUENCE_METHODS
    if named is None or named.group(1) not in known:
        return lambda _name: True
    found: Any = method(named.group(1)) if magic == "valuation" else influence_method(named.group(1))
    takes: Callable[[str], bool] = found.takes
    return takes
