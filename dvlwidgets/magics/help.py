"""What `%%valuation?`, `%%influence?` and `%dvl?` say, made of the tables that read the lines."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping

from dvlwidgets.magics import tables
from dvlwidgets.magics.dvl import VERBS
from dvlwidgets.magics.options import Option
from dvlwidgets.magics.until import RULES, example

WIDTH = 100

_VALUATION = """Values the training points with the model that the cell gives, and shows them live in a panel.

    %%valuation [NAME] --train NAME --test NAME [options]

The cell runs as usual; its last line is the model (anything with fit), a utility, or a valuation. The work
goes on in the background: the cell returns at once, the values stream in. Running the cell again replaces its
run.

    %%valuation digits --train train --test test --sampler permutation --until "rank(0.95) | minutes(10)"
    LogisticRegression()

    %%valuation --train x_train,y_train --test x_test,y_test --metric accuracy --jobs 4 --seed 0 --out run
    RandomForestClassifier()

    %%valuation --train houses --target price --method data-oob --wait
    RandomForestRegressor(100)

--train and --test take a Dataset, a pair of names, or a data frame with --target; any expression of the
notebook's variables, in quotes if it has spaces."""

_INFLUENCE = """Which training points made which prediction what it is, live in a panel.

    %%influence [NAME] --train NAME --test NAME [options]

The cell runs as usual; its last line is a trained torch module, an influence model or an Explorer. The work
goes on in the background: the cell returns at once. Running the cell again replaces its run.

    %%influence cells --train train --test test --method ekfac --damping 0.01
    net

    %%influence --train train --test test --method direct --loss mse --regularization 0.1 --wait
    regressor"""

_DVL = """Lists the runs of this kernel, and does things to them.

    %dvl                     name, method, state, progress, time left, certainty
    {verbs}

NAME may be left out where there is one run that it can be. From Python: dvlwidgets.engine.runs.entries()."""


def valuation_help() -> str:
    """The help of %%valuation."""
    rules = _columns({example(name): rule.words for name, rule in RULES.items()})
    until = f"Rules of --until, joined by | (either), & (both) and ~ (not)\n{rules}"
    return f"{_VALUATION}\n\n{_options(tables.VALUATION)}\n\n{until}\n\n{_choices(tables.VALUATION)}\n"


def influence_help() -> str:
    """The help of %%influence."""
    return f"{_INFLUENCE}\n\n{_options(tables.INFLUENCE)}\n\n{_choices(tables.INFLUENCE)}\n"


def dvl_help() -> str:
    """The help of %dvl."""
    lines = [
        f"%dvl {f'{name} [NAME] [FILE]' if name == 'save' else f'{name} [NAME]'}".ljust(25) + verb.words
        for name, verb in VERBS.items()
    ]
    return _DVL.format(verbs="\n    ".join(lines))


def _options(table: Mapping[str, Option]) -> str:
    groups: dict[str, dict[str, str]] = {}
    for option in table.values():
        head = f"--{option.name} {option.metavar}".rstrip()
        groups.setdefault(option.group, {})[head] = option.words
    width = max(len(head) for lines in groups.values() for head in lines)
    return "\n\n".join(f"{group}\n{_columns(lines, width)}" for group, lines in groups.items())


def _choices(table: Mapping[str, Option]) -> str:
    parts = []
    for option in table.values():
        if option.name in {"until", "metric"}:
            continue
        if choices := option.choices():
            parts.append(f"--{option.name}\n{_columns(dict(choices))}")
    return "\n\n".join(parts)


def _columns(lines: Mapping[str, str], width: int = 0) -> str:
    width = max(width, *(len(head) for head in lines))
    hanging = " " * (width + 6)
    return "\n".join(
        textwrap.fill(words, WIDTH, initial_indent=f"    {head.ljust(width)}  ", subsequent_indent=hanging)
        for head, words in lines.items()
    )
