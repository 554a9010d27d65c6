"""The loop and how it is run: knows no model and no widget."""

from __future__ import annotations

from .records import FAILED, OK, TRUNCATED, Estimate, Evaluations, Progress, Provenance, Verdict

__all__ = ["FAILED", "OK", "TRUNCATED", "Estimate", "Evaluations", "Progress", "Provenance", "Verdict"]
