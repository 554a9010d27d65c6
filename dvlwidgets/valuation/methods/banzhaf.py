"""Where users of pyDVL look for Banzhaf values; they live in `semivalues` and its neighbours."""

from __future__ import annotations

from .msr_banzhaf import MSRBanzhafValuation
from .semivalues import BanzhafValuation, DataBanzhafValuation

__all__ = ["BanzhafValuation", "DataBanzhafValuation", "MSRBanzhafValuation"]
