"""How far a fit is, for `progress=True`."""

from __future__ import annotations

import time
from collections.abc import Callable

import numpy as np

from ..engine.bar import Bar
from ..engine.records import Progress, Verdict


def fit_bar(label: str, total: int, unit: str, doing: str) -> Callable[[int], None]:
    """A function to be told how many more units are done, which draws a bar on standard error.

    Args:
        label: what is fitted.
        total: units in all.
        unit: what is counted, such as "samples".
        doing: what is being done, in a word or two.
    """
    bar, started, done = Bar(label), time.monotonic(), 0
    nothing = np.empty(0)

    def more(units: int) -> None:
        nonlocal done
        done += units
        seconds, share = time.monotonic() - started, done / max(1, total)
        verdict = Verdict(done >= total, share, np.empty(0, dtype=np.bool_), doing)
        left = seconds / share - seconds if share else None
        bar.update(
            Progress(
                done, nothing, nothing, np.empty(0, dtype=np.int64), verdict, float("nan"), done, total, unit,
                seconds, left, final=done >= total,
            )
        )  # fmt: skip

    return more
