"""Named counts of this process, which workers send home with their tasks.

A cache that travels to workers counts hits there; whoever asks at home wants the sum. Counts are kept by a token
(what is counted) and a name; a worker's counts leave it with each finished task and are added at home, so nothing is
counted twice and no record of the run needs to know of them.
"""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Mapping

Counts = dict[str, dict[str, int]]
"""{token: {name: how many}}."""

_COUNTS: dict[str, Counter[str]] = {}
_LOCK = threading.Lock()


def count(token: str, name: str, more: int = 1) -> None:
    """Add to a count."""
    if more:
        with _LOCK:
            _COUNTS.setdefault(token, Counter())[name] += more


def counted(token: str) -> dict[str, int]:
    """The counts of a token that this process knows of."""
    with _LOCK:
        return dict(_COUNTS.get(token, {}))


def drain() -> Counts:
    """Take all counts of this process out of it, to be sent home."""
    with _LOCK:
        taken = {token: dict(counts) for token, counts in _COUNTS.items()}
        _COUNTS.clear()
    return taken


def absorb(counts: Mapping[str, Mapping[str, int]]) -> None:
    """Add counts that were drained elsewhere."""
    for token, found in counts.items():
        for name, more in found.items():
            count(token, name, more)
