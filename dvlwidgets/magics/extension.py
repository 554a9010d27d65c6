"""Registers the magics, and what completes them, with an IPython shell; takes them out again."""

from __future__ import annotations

from typing import Any

from IPython.core.completer import (
    CompletionContext,
    SimpleCompletion,
    SimpleMatcherResult,
    context_matcher,
)

from dvlwidgets.magics import help as _help
from dvlwidgets.magics.completion import complete
from dvlwidgets.magics.dvl import dvl
from dvlwidgets.magics.influence import influence
from dvlwidgets.magics.valuation import valuation

_MATCHER = "dvlwidgets.magics"


def load(shell: Any) -> None:
    """Makes %%valuation, %%influence and %dvl known to a shell; once is enough, twice does no harm.

    Args:
        shell: IPython's.
    """
    unload(shell)
    for name, function, text in (
        ("valuation", valuation, _help.valuation_help),
        ("influence", influence, _help.influence_help),
    ):
        shell.register_magic_function(_cell_magic(shell, function, text), "cell", name)
    shell.register_magic_function(_line_magic(), "line", "dvl")
    shell.Completer.custom_matchers.append(_matcher(shell))


def unload(shell: Any) -> None:
    """Takes the magics and their completion out of a shell.

    Args:
        shell: IPython's.
    """
    magics = shell.magics_manager.magics
    for kind, name in (("cell", "valuation"), ("cell", "influence"), ("line", "dvl")):
        magics[kind].pop(name, None)
    matchers = shell.Completer.custom_matchers
    matchers[:] = [item for item in matchers if getattr(item, "matcher_identifier", "") != _MATCHER]


def _cell_magic(shell: Any, function: Any, text: Any) -> Any:
    def magic(line: str, cell: str) -> None:
        if "--help" in line.split():
            print(text())  # noqa: T201 - what was asked for
            return
        function(shell, line, cell)

    magic.__doc__ = text()
    return magic


def _line_magic() -> Any:
    def magic(line: str) -> None:
        if line.strip() in {"help", "--help"}:
            print(_help.dvl_help())  # noqa: T201 - what was asked for
            return
        dvl(line)

    magic.__doc__ = _help.dvl_help()
    return magic


def _matcher(shell: Any) -> Any:
    @context_matcher(identifier=_MATCHER)  # type: ignore[untyped-decorator]
    def matcher(context: CompletionContext) -> SimpleMatcherResult:
        found = complete(context.text_until_cursor, shell.user_ns)
        if found is None:
            return {"completions": [], "suppress": False}
        words = [SimpleCompletion(text=word, type=kind) for word, kind in found.words]
        return {
            "completions": words,
            "suppress": bool(words),
            "ordered": True,
            "matched_fragment": found.fragment,
        }

    return matcher
