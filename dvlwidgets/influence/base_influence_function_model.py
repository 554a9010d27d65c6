"""Where users of pyDVL look for base classes; they live in `base`."""

from __future__ import annotations

from ..errors import InputError
from .base import BlockInfluence as ComposableInfluence
from .base import InfluenceFunctionModel

NotImplementedLayerRepresentationException = InputError
"""pyDVL's name of what is raised for layers that a method cannot represent."""

__all__ = [
    "ComposableInfluence",
    "InfluenceFunctionModel",
    "NotImplementedLayerRepresentationException",
]
