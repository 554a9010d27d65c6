"""Many models at once: one model for each subset, trained together where the mathematics allows."""

from __future__ import annotations

from .covered import explain
from .many import fit_many

__all__ = ["explain", "fit_many"]
