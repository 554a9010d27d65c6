"""`python -m dvlwidgets.demo`: find flipped labels in two real data sets, and say honestly how well it went."""

from __future__ import annotations
