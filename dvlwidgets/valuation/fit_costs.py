"""What a job says of the fits of a step beside their outcome."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class FitCosts:
    """Seconds that fits took, how often they warned, the first warning, and the first failure's traceback."""

    seconds: float
    warnings: int = 0
    warning: str | None = None
    failure: str | None = None
