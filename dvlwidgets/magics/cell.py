"""Runs the cell under a magic as the notebook would, and returns the value of its last expression."""

from __future__ import annotations

import ast
from dataclasses import dataclass
from types import TracebackType
from typing import Any

from dvlwidgets.magics.usage import UsageError


class BrokenCellError(Exception):
    """A syntax error of the cell, shown as the shell shows those: IPython shows one under a magic with its frames."""

    def __init__(self, shell: Any, error: SyntaxError) -> None:
        super().__init__(str(error))
        self._lines = shell.SyntaxTB.structured_traceback(type(error), error, [])

    def _render_traceback_(self) -> list[str]:
        """The shell asks an exception that has this how to show it."""
        lines: list[str] = self._lines
        return lines


@dataclass(frozen=True)
class Outcome:
    """What came of a cell.

    Attributes:
        value: of its last expression.
        name: the variable that holds it in the shown program.
        source: the cell with that variable set.
    """

    value: Any
    name: str
    source: str


def run(shell: Any, head: str, cell: str, *, wanted: str, name: str) -> Outcome:
    """Runs a cell in the notebook's namespace: prints, assignments and errors are as in any cell.

    Args:
        shell: IPython's.
        head: the magic's line, for tracebacks: they show the cell as the user sees it.
        cell: the source under it.
        wanted: what the last expression should be, for the errors.
        name: what the shown program calls it, unless it is a variable already.

    Raises:
        UsageError: the cell does not end with an expression; nothing was run.
        Whatever the cell raises, with the cell's own traceback.
    """
    try:
        source = "\n" + shell.transform_cell(cell)
        file = shell.compile.cache(head + source, shell.execution_count)
        tree = ast.parse(source, file)
        last = _last(tree, wanted)
        shown = _shown(source, last, name)
        return Outcome(_run(shell, file, tree, last), shown[0], shown[1])
    except UsageError:
        raise
    except SyntaxError as error:
        raise BrokenCellError(shell, error) from None
    except BaseException as error:
        _as_in_the_cell(shell, error)
        raise


def _last(tree: ast.Module, wanted: str) -> ast.Expr:
    if not tree.body:
        raise UsageError(f"the cell is empty; its last line must be {wanted}.")
    last = tree.body[-1]
    if isinstance(last, ast.Expr):
        return last
    if isinstance(last, ast.Assign) and isinstance(last.targets[0], ast.Name):
        target = last.targets[0].id
        raise UsageError(f"the cell ends with an assignment; add {target!r} as its last line, {wanted}.")
    kind = ast.unparse(last).splitlines()[0]
    raise UsageError(f"the cell ends with {kind!r}; its last line must be {wanted}.")


def _run(shell: Any, file: str, tree: ast.Module, last: ast.Expr) -> Any:
    tree = shell.transform_ast(tree)
    if tree.body[:-1]:
        body = ast.Module(tree.body[:-1], tree.type_ignores)
        exec(shell.compile(body, file, "exec"), shell.user_global_ns, shell.user_ns)  # noqa: S102 - the user's cell
    final = tree.body[-1] if isinstance(tree.body[-1], ast.Expr) else last
    ending: Any = ast.fix_missing_locations(ast.Expression(final.value))
    return eval(shell.compile(ending, file, "eval"), shell.user_global_ns, shell.user_ns)  # noqa: S307 - the user's cell


def _shown(source: str, last: ast.Expr, name: str) -> tuple[str, str]:
    if isinstance(last.value, ast.Name):
        return last.value.id, _without(source, last)
    lines = source.splitlines()
    raw = lines[last.lineno - 1].encode()
    lines[last.lineno - 1] = (
        raw[: last.col_offset] + f"{name} = ".encode() + raw[last.col_offset :]
    ).decode()
    return name, "\n".join(lines)


def _without(source: str, last: ast.Expr) -> str:
    """The source without its last expression, a name that does nothing."""
    lines = source.splitlines()
    raw = lines[last.lineno - 1].encode()
    lines[last.lineno - 1] = raw[: last.col_offset].decode().rstrip("; ")
    return "\n".join(lines[: last.lineno])


def _as_in_the_cell(shell: Any, error: BaseException) -> None:
    """Makes the shell show the error as if the cell had raised it: no frames of the magic, one traceback."""
    inner: TracebackType | None = error.__traceback__
    while inner is not None and inner.tb_frame.f_code.co_filename in _OWN:
        inner = inner.tb_next
    if inner is None:
        return
    lines = shell.InteractiveTB.structured_traceback(type(error), error, inner, tb_offset=0)
    try:
        error._render_traceback_ = lambda: lines  # type: ignore[attr-defined]
    except AttributeError:  # an exception without room for attributes shows the magic's frames, too
        return


_OWN = {__file__}
