"""Where users of pyDVL look for base classes; they live in `base` and `ekfac`."""

from __future__ import annotations

from .base import InfluenceFunctionModel
from .block_influence import BlockInfluence as ComposableInfluence
from .ekfac import NotImplementedLayerRepresentationException

__all__ = ["ComposableInfluence", "InfluenceFunctionModel", "NotImplementedLayerRepresentationException"]
