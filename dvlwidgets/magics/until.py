"""When to stop, in words: `rank(0.95) | minutes(10)`, read as Python's grammar has it; nothing is evaluated."""

from __future__ import annotations

import ast
from collections.abc import Callable
from dataclasses import dataclass

from dvlwidgets.magics.usage import UsageError, near


@dataclass(frozen=True)
class Rule:
    """A rule's name in magics.

    Attributes:
        code: the Python for its number.
        words: its line in the help.
        whole: whether its number must be whole.
        ceiling: its number must be below this, where that is known.
    """

    code: Callable[[float], str]
    words: str
    whole: bool = False
    ceiling: float | None = None


def _seconds(factor: int) -> Callable[[float], str]:
    return lambda number: f"MaxTime({_tidy(number * factor)})"


RULES: dict[str, Rule] = {
    "rank": Rule(
        lambda share: f"RankCorrelation(rtol={_tidy(1 - share)})", "the ranking is so certain", ceiling=1.0
    ),
    "stderr": Rule(
        lambda error: f"AbsoluteStandardError({_tidy(error)})",
        "every standard error is below (points of the score)",
    ),
    "seconds": Rule(_seconds(1), "so many seconds, pauses excluded"),
    "minutes": Rule(_seconds(60), "so many minutes"),
    "hours": Rule(_seconds(3600), "so many hours"),
    "updates": Rule(
        lambda count: f"MaxUpdates({_tidy(count)})", "some point has so many observations", whole=True
    ),
    "evaluations": Rule(
        lambda count: f"MaxSamples(None, {_tidy(count)})", "so many evaluations of the utility", whole=True
    ),
}
"""The rules that `--until` knows, by name."""

_JOINS = {ast.BitOr: "|", ast.BitAnd: "&"}
EXAMPLE = '--until "rank(0.95) | minutes(10)"'


def until(text: str) -> str:
    """The Python of a stopping rule, made of names of `dvlwidgets`.

    Args:
        text: rules, joined by `|` (either), `&` (both), `~` (not) and parentheses.

    Raises:
        UsageError: naming the piece that is none.
    """
    try:
        tree = ast.parse(text.strip(), mode="eval")
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        raise UsageError(f"--until: {text!r} cannot be read. Write for example {EXAMPLE}.") from None
    return _code(tree.body)


def _code(node: ast.expr) -> str:
    if isinstance(node, ast.BinOp) and type(node.op) in _JOINS:
        return f"{_inner(node.left, node)} {_JOINS[type(node.op)]} {_inner(node.right, node)}"
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Invert):
        return f"~{_inner(node.operand, node)}"
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
        return _rule(node, node.func.id)
    if isinstance(node, ast.Name) and node.id in RULES:
        raise UsageError(f"--until: {node.id} needs its number in parentheses. {_example(node.id)}")
    if isinstance(node, ast.BoolOp | ast.UnaryOp):
        raise UsageError(
            f"--until: {ast.unparse(node)!r} was given; rules are joined by | (either), & (both) and ~ (not). "
            f"Write for example {EXAMPLE}."
        )
    raise _none(node)


def _inner(node: ast.expr, outer: ast.expr) -> str:
    """In parentheses where the outer operator would take it apart."""
    code = _code(node)
    simple = isinstance(node, ast.Call | ast.UnaryOp)
    same = isinstance(node, ast.BinOp) and isinstance(outer, ast.BinOp) and type(node.op) is type(outer.op)
    left = same and isinstance(outer, ast.BinOp) and node is outer.left
    return code if simple or left else f"({code})"


def _rule(node: ast.Call, name: str) -> str:
    rule = RULES.get(name)
    if rule is None:
        raise _none(node, name)
    number = _number(node)
    if number is None or number <= 0 or (rule.ceiling is not None and number >= rule.ceiling):
        between = "a number above 0" if rule.ceiling is None else f"a number between 0 and {rule.ceiling:g}"
        raise UsageError(
            f"--until: {ast.unparse(node)!r} was given; {name} takes {between}. {_example(name)}"
        )
    if rule.whole and not number.is_integer():
        raise UsageError(
            f"--until: {ast.unparse(node)!r} was given; {name} takes a whole number. {_example(name)}"
        )
    return rule.code(number)


def _number(node: ast.Call) -> float | None:
    """The one number of a call, or None."""
    if node.keywords or len(node.args) != 1:
        return None
    value = getattr(node.args[0], "value", None)
    if isinstance(value, bool) or not isinstance(value, int | float) or not abs(value) < 1e15:
        return None
    return float(value)


_EXAMPLES = {"rank": "0.95", "stderr": "0.01", "seconds": "30", "minutes": "10", "hours": "1"}


def example(name: str) -> str:
    """A rule with a number that makes sense."""
    return f"{name}({_EXAMPLES.get(name, '100' if name == 'updates' else '5000')})"


def _example(name: str) -> str:
    return f"For example: {example(name)}: {RULES[name].words}."


def _none(node: ast.expr, name: str = "") -> UsageError:
    piece = ast.unparse(node)
    there = ", ".join(example(known) for known in RULES)
    return UsageError(f"--until: there is no rule {piece!r}.{near(name or piece, RULES)} There are: {there}.")


def _tidy(number: float) -> str:
    """A number as people write it: 0.05, not 0.050000000000000044."""
    return f"{number:.12g}" if abs(number) < 1e12 else repr(int(number))
