"""Previews of one's own: `register_preview`, and the sounds that it may return."""

from __future__ import annotations

from .data.preview import register_preview
from .data.preview_audio import Audio

__all__ = ["Audio", "register_preview"]
