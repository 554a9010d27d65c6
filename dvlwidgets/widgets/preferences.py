"""What a front-end's settings say for panels that were told nothing themselves: sharing level, frames a second."""

from __future__ import annotations

import threading
from dataclasses import dataclass, replace

from dvlwidgets.arguments import number, text
from dvlwidgets.errors import InputError

LEVELS = ("summary", "values", "values+text", "full")
"""How much of a panel a stored copy holds, from least to most."""
MIN_RATE, MAX_RATE = 1.0, 30.0


@dataclass(frozen=True)
class Preferences:
    """Defaults of this process.

    Attributes:
        share: one of `LEVELS`.
        rate: frames a second that a page is sent at most.
    """

    share: str = "values"
    rate: float = 10.0

    @property
    def interval(self) -> float:
        """Seconds between two frames, at least."""
        return 1 / self.rate


_LOCK = threading.Lock()
_NOW = [Preferences()]


def current() -> Preferences:
    """The defaults now; from any thread."""
    return _NOW[0]


def prefer(*, share: str | None = None, rate: float | None = None) -> Preferences:
    """Changes the defaults, of panels that are open too; None leaves one as it is.

    Args:
        share: one of `LEVELS`.
        rate: frames a second, from 1 to 30.

    Returns:
        The new defaults.

    Raises:
        InputTypeError: the level is no string, or the rate no number.
        InputError: there is no such level, or the rate is out of range. Nothing is changed then.
    """
    level = None if share is None else _level(share)
    hertz = None if rate is None else _rate(rate)
    with _LOCK:
        now = _NOW[0]
        _NOW[0] = replace(now, share=level or now.share, rate=hertz or now.rate)
        return _NOW[0]


def _level(share: object) -> str:
    known = ", ".join(repr(level) for level in LEVELS)
    if text("share", share, f"It is one of {known}.") not in LEVELS:
        raise InputError(f"share={share!r:.60} was given; expected one of {known}.")
    return str(share)


def _rate(rate: object) -> float:
    given = number("rate", rate, "It is in frames a second.")
    if not MIN_RATE <= given <= MAX_RATE:
        raise InputError(f"rate={given:g} was given; expected {MIN_RATE:g} to {MAX_RATE:g} frames a second.")
    return given
