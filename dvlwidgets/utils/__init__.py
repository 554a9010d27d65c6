"""Where users of pyDVL look for caches: `dvlwidgets.utils.caching`. Nothing else lives here."""

from __future__ import annotations
