"""Where users of pyDVL look for caches and exceptions: `dvlwidgets.utils.caching`, `dvlwidgets.utils.exceptions`."""

from __future__ import annotations
