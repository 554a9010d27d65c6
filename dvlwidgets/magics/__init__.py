"""`%load_ext dvlwidgets`: the magics %%valuation, %%influence and %dvl, thin wrappers over the public functions."""

from __future__ import annotations
