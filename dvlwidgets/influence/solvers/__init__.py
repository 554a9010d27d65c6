"""Iterative linear algebra on rows, for matrices known by their products: what influence methods are made of."""

from __future__ import annotations
