"""Values of training points for a model's performance on test data."""

from __future__ import annotations
