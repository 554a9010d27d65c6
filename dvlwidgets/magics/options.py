"""A magic's line: options with values and flags, checked against a table that also makes the help and completes."""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from dvlwidgets.magics.usage import UsageError, unknown

Kind = str
"""What an option takes: "flag", "word", "choice", "name" (of a new variable), "expression" (of the notebook's
variables), "whole", "number", "shape" or "path"."""


@dataclass(frozen=True)
class Option:
    """One option of a magic.

    Attributes:
        name: without the dashes.
        kind: what it takes.
        words: its line in the help.
        metavar: what the help calls its value.
        choices: the possible words, or those that are worth completing; looked up when they are needed.
        group: the help's heading.
    """

    name: str
    kind: Kind
    words: str
    metavar: str = ""
    choices: Callable[[], Mapping[str, str]] = dict
    group: str = "Options"

    @property
    def flag(self) -> bool:
        """Whether it takes no value."""
        return self.kind == "flag"

    def read(self, text: str) -> Any:
        """The value in `text`.

        Raises:
            UsageError: it is none.
        """
        if self.kind == "choice" and text not in self.choices():
            raise unknown(self.name, text, self.choices())
        reader = _READERS.get(self.kind)
        return text if reader is None else reader(self.name, text)


@dataclass(frozen=True)
class Given:
    """What a line holds: its words without dashes, and its options by name."""

    words: tuple[str, ...]
    options: Mapping[str, Any]

    def get(self, name: str, default: Any = None) -> Any:
        """The option's value, or the default where it was not given."""
        return self.options.get(name, default)

    def __contains__(self, name: str) -> bool:
        return name in self.options


def split(line: str) -> list[str]:
    """The words of a line; quotes hold a word together, and a backslash is only a letter (of a path on Windows).

    Raises:
        UsageError: a quote is not closed.
    """
    words = shlex.shlex(line, posix=True)
    words.whitespace_split, words.commenters, words.escape = True, "", ""
    try:
        return list(words)
    except ValueError:
        raise UsageError(f"a quote is not closed in: {line.strip()}") from None


def parse(line: str, table: Mapping[str, Option]) -> Given:
    """Reads a line by a table of options, the value as the next word or after "=".

    Raises:
        UsageError: an unknown option, one twice, a value that is missing, superfluous or of the wrong kind.
    """
    words: list[str] = []
    options: dict[str, Any] = {}
    rest = split(line)
    while rest:
        word = rest.pop(0)
        if not word.startswith("--"):
            words.append(_no_dash(word, table))
            continue
        name, equals, text = word[2:].partition("=")
        option = table.get(name)
        if option is None:
            raise unknown("option", f"--{name}", [f"--{known}" for known in table])
        if name in options:
            raise UsageError(f"--{name} was given twice; give it once.")
        if not option.flag and not equals:
            if not rest or rest[0].startswith("--"):
                raise UsageError(f"--{name} needs a value: --{name} {option.metavar}. {option.words}")
            text = rest.pop(0)
        if option.flag and equals:
            raise UsageError(f"--{name} takes no value; write --{name} alone.")
        options[name] = True if option.flag else option.read(text)
    return Given(tuple(words), options)


def _no_dash(word: str, table: Mapping[str, Option]) -> str:
    if word.startswith("-") and word.lstrip("-") in table:
        raise UsageError(f"{word!r} was given; options begin with two dashes: --{word.lstrip('-')}.")
    return word


def identifier(what: str, text: str) -> str:
    """The name of a variable.

    Raises:
        UsageError: it cannot be one.
    """
    import keyword

    if not text.isidentifier() or keyword.iskeyword(text):
        raise UsageError(f"{what}: {text!r} was given; expected the name of a variable, such as run.")
    return text


def _name(option: str, text: str) -> str:
    return identifier(f"--{option}", text)


def _whole(option: str, text: str) -> int:
    try:
        return int(text.replace("_", ""))
    except ValueError:
        raise UsageError(
            f"--{option}: {text!r} was given; expected a whole number, e.g. --{option} 4."
        ) from None


def _number(option: str, text: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise UsageError(f"--{option}: {text!r} was given; expected a number, e.g. --{option} 0.5.") from None


def _shape(option: str, text: str) -> tuple[int, ...]:
    parts = [part for part in re.split(r"[x×,\s()]+", text) if part]
    if len(parts) not in {2, 3} or not all(part.isdigit() for part in parts):
        raise UsageError(
            f"--{option}: {text!r} was given; expected height x width, e.g. --{option} 8x8 or --{option} 32x32x3."
        )
    return tuple(int(part) for part in parts)


_READERS: dict[Kind, Callable[[str, str], Any]] = {
    "name": _name,
    "whole": _whole,
    "number": _number,
    "shape": _shape,
}
