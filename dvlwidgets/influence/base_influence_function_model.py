"""Where users of pyDVL look for base classes; they live in `base` and `ekfac`."""

from __future__ import annotations

from .base import BlockInfluence as ComposableInfluence
from .base import InfluenceFunctionModel
from .ekfac import NotImplementedLayerRepresentationException

__all__ = ["ComposableInfluence", "InfluenceFunctionModel", "NotImplementedLayerRepresentationException"]
