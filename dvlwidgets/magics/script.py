"""The Python that a magic stands for: each statement is run and kept, so that what is shown is what was done."""

from __future__ import annotations

import ast
from typing import Any

from dvlwidgets.magics.usage import UsageError, in_one_line, near

QUIET = "dvlwidgets magic"
"""Name of the statements' source: it is in no file, and tracebacks say so."""
_SHELLS = frozenset({"In", "Out", "exit", "get_ipython", "open", "quit"})
"""Names that IPython puts among a notebook's variables; nobody means them."""


class Script:
    """Statements that work on a copy of the notebook's variables.

    Args:
        variables: the notebook's; they are read and never changed.
        cell: the source of the cell, whose last expression got a name.
    """

    def __init__(self, variables: dict[str, Any], cell: str = "") -> None:
        self._variables = variables
        self._names = dict(variables)
        self._cell = cell.strip("\n")
        self._imports: dict[str, set[str]] = {}
        self._modules: set[str] = set()
        self._statements: list[str] = []

    def uses(self, *names: str, home: str = "dvlwidgets") -> None:
        """Imports public names, for the statements that follow."""
        self._imports.setdefault(home, set()).update(names)
        with in_one_line():
            exec(f"from {home} import {', '.join(names)}", self._names)  # noqa: S102 - our own statement

    def uses_module(self, name: str) -> None:
        """Imports a module, for the statements that follow."""
        self._modules.add(name)
        exec(f"import {name}", self._names)  # noqa: S102 - our own statement

    def binds(self, name: str, value: Any) -> None:
        """Gives a name to something that earlier code of the shown program makes."""
        self._names[name] = value

    def does(self, statement: str, *, shown: str | None = None) -> None:
        """Runs a statement and keeps it.

        Args:
            statement: made of checked pieces.
            shown: what the program has in its place, where a value was bound that it must compute.

        Raises:
            UsageError: dvlwidgets refused it.
        """
        with in_one_line():
            exec(compile(statement, QUIET, "exec"), self._names)  # noqa: S102 - made of checked pieces
        self.shows(statement if shown is None else shown)

    def shows(self, statement: str) -> None:
        """Keeps a statement without running it."""
        self._statements.append(statement)

    def __getitem__(self, name: str) -> Any:
        return self._names[name]

    def get(self, name: str) -> Any:
        """What a name stands for, or None."""
        return self._names.get(name)

    def value(self, what: str, expression: str) -> Any:
        """The value of an expression of the notebook's variables.

        Args:
            what: the option that it stands behind.
            expression: what the user wrote.

        Raises:
            UsageError: it is none, or fails.
        """
        try:
            ast.parse(expression.strip(), mode="eval")
        except (SyntaxError, ValueError):
            raise UsageError(f"{what}: {expression!r} is no name or expression of this notebook.") from None
        try:
            return eval(expression.strip(), self._names)  # noqa: S307 - the user's own words, in the user's notebook
        except NameError as error:
            known = [name for name in self._variables if not name.startswith("_") and name not in _SHELLS]
            close = near(error.name or expression, known)
            raise UsageError(f"{what}: there is no variable {error.name or expression!r}.{close}") from None
        except Exception as error:
            raise UsageError(f"{what}: {expression} gives {type(error).__name__}: {error}") from error

    def code(self) -> str:
        """The program, to be run in a cell of its own."""
        imports = [f"import {name}" for name in sorted(self._modules)]
        imports += [
            f"from {home} import {', '.join(sorted(self._imports[home]))}" for home in sorted(self._imports)
        ]
        parts = ["\n".join(imports), self._cell, "\n".join(self._statements)]
        return "\n\n".join(part for part in parts if part) + "\n"


def call(function: str, /, *positional: str, **options: Any) -> str:
    """The Python of a call: positional arguments as code, the others as values, None left out."""
    named = [f"{key}={literal(value)}" for key, value in options.items() if value is not None]
    return f"{function}({', '.join([*positional, *named])})"


def literal(value: Any) -> str:
    """The Python of a value, strings in the quotes that are usual here."""
    text = repr(value)
    plain = type(value) is str and not set(text[1:-1]) & set("\\\"'")
    return f'"{value}"' if plain else text


class Code(str):
    """Code in the place of a value: its repr is itself."""

    __slots__ = ()

    def __repr__(self) -> str:
        return str(self)
