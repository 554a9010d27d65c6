"""Where users of pyDVL look for leave-one-out values; they live in `semivalues`."""

from __future__ import annotations

from .semivalues import LOOValuation

__all__ = ["LOOValuation"]
