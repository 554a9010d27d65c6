"""Where users of pyDVL look for the exception that is raised before `fit`; it is `dvlwidgets.errors.NotFittedError`."""

from __future__ import annotations

from ..errors import NotFittedError

NotFittedException = NotFittedError

__all__ = ["NotFittedException"]
