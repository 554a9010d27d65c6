"""What an influence panel's page may ask for besides the commands of any panel; checked in the same way."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from dvlwidgets.errors import WireError
from dvlwidgets.widgets import commands
from dvlwidgets.widgets.commands import Command, request_of, short

MOST_SHOWN = 60
"""Helpful and harmful points that one question may ask for."""


@dataclass(frozen=True)
class Question(Command):
    """A command about test points or single influences.

    Attributes:
        at: of "of_test" and "of_train": the position asked about.
        k: of "of_test": how many of each kind.
    """

    at: int = -1
    k: int = 0


@dataclass(frozen=True)
class TestEdit(Command):
    """An edit of test points: it goes to their own log."""

    __test__ = False  # no test of pytest's, in spite of its name


def parse(content: Any, n_train: int, n_test: int) -> Command:
    """Checks a message from a page.

    Args:
        content: whatever arrived.
        n_train: number of training points.
        n_test: number of test points.

    Raises:
        WireError: it is no command, or its arguments are not what the command takes.
    """
    name = content.get("t") if isinstance(content, dict) else None
    if name == "of_test":
        at = _integer(content, "test", 0, n_test - 1)
        return Question(name, request_of(content), at=at, k=_integer(content, "k", 1, MOST_SHOWN))
    if name == "of_train":
        return Question(name, request_of(content), at=_integer(content, "train", 0, n_train - 1))
    if name in ("previews", *commands.EDITS) and "of" in content:
        if content["of"] != "test":
            what = "Previews are" if name == "previews" else "Edits are"
            raise WireError(f"{what} 'of' \"test\" or name nothing, not {short(content['of'])}.")
        asked = commands.parse(content, n_test)
        if name == "previews":
            return Question("test_previews", asked.request, rows=asked.rows)
        return TestEdit(**vars(asked))
    return commands.parse(content, n_train)


def _integer(content: dict[str, Any], key: str, least: int, most: int) -> int:
    given = content.get(key)
    if type(given) is not int or not least <= given <= most:
        raise WireError(f"'{key}' should be a whole number from {least} to {most}, not {short(given)}.")
    return given
