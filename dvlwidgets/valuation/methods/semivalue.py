"""Where users of pyDVL look for semivalues; they live in `semivalues`."""

from __future__ import annotations

from .semivalues import SemivalueValuation

__all__ = ["SemivalueValuation"]
