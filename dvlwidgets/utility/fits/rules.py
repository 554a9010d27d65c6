"""What a parameter must be for a batched fit, as a test with its words."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np


@dataclass(frozen=True)
class Rule:
    """A condition on one parameter.

    Attributes:
        words: what the parameter must be, after "must be".
        holds: whether a value is that.
    """

    words: str
    holds: Callable[[Any], bool]


def only(*values: Any) -> Rule:
    """One of some values."""
    words = repr(values[0]) if len(values) == 1 else "one of " + ", ".join(map(repr, values))
    return Rule(
        words, lambda given: any(given is v or (type(given) is type(v) and given == v) for v in values)
    )


def number(above: float = -math.inf, most: float = math.inf, *, least: float = -math.inf) -> Rule:
    """One finite number, greater than `above`, at least `least`, at most `most`."""

    def holds(given: Any) -> bool:
        if isinstance(given, bool) or not isinstance(given, int | float | np.integer | np.floating):
            return False
        return bool(math.isfinite(given) and above < given <= most and given >= least)

    bounds = [f"above {above:g}"] if above > -math.inf else []
    bounds += [f"at least {least:g}"] if least > -math.inf else []
    bounds += [f"at most {most:g}"] if most < math.inf else []
    return Rule(" ".join(["a finite number", " and ".join(bounds)]).strip(), holds)


def whole(least: int) -> Rule:
    """A whole number of a type that says so, at least `least`."""
    return Rule(
        f"an integer of at least {least}",
        lambda given: bool(
            isinstance(given, int | np.integer) and type(given) is not bool and given >= least
        ),
    )


def flag() -> Rule:
    """True or False."""
    return Rule("True or False", lambda given: isinstance(given, bool | np.bool_))


def whatever() -> Rule:
    """A parameter that does not change the answers."""
    return Rule("anything", lambda _: True)


def either(*rules: Rule) -> Rule:
    """What any of some rules allows."""
    return Rule(" or ".join(r.words for r in rules), lambda given: any(r.holds(given) for r in rules))


def broken(params: Mapping[str, Any], rules: Mapping[str, Rule]) -> str:
    """The first parameter that breaks its rule, in words; "" if none does.

    A parameter without a rule is one that we do not know, from another version of scikit-learn, say.
    """
    for name, value in params.items():
        rule = rules.get(name)
        if rule is None:
            return f"the parameter {name} is not known to the batched fits"
        if not rule.holds(value):
            return f"{name}={value!r}, which must be {rule.words}"
    return ""
