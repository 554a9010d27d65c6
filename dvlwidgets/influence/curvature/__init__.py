"""The curvature of the mean loss: Hessian, Gauss-Newton or empirical Fisher matrix, as products or as a matrix."""

from __future__ import annotations

from .curvature import Curvature, curvature_of

__all__ = ["Curvature", "curvature_of"]
