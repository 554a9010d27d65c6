"""Where users of pyDVL look for stopping rules; they live in `dvlwidgets.engine.stopping`."""

from __future__ import annotations

from ..engine.stopping import (
    AbsoluteStandardError,
    History,
    HistoryDeviation,
    MaxChecks,
    MaxSamples,
    MaxTime,
    MaxUpdates,
    MinUpdates,
    NoStopping,
    RankCorrelation,
    StoppingRule,
)

__all__ = [
    "AbsoluteStandardError",
    "History",
    "HistoryDeviation",
    "MaxChecks",
    "MaxSamples",
    "MaxTime",
    "MaxUpdates",
    "MinUpdates",
    "NoStopping",
    "RankCorrelation",
    "StoppingRule",
]
