"""How much a vectorised pass may hold at a time: what stays near a processor, or what fills a graphics card."""

from __future__ import annotations

import torch

from ..free_memory import card_bytes, free_bytes

WORK_BYTES = 128 << 20
"""What a vectorised pass may hold of activations and tangents at a time on a processor."""

NEAR_BYTES = 16 << 20
"""What is gone over several times is cut so small that it stays in a processor's caches."""

CARD_BYTES = 8 << 30
"""More of a graphics card than this makes no pass faster."""

CARD_SHARE = 16
"""A pass takes at most one part in so many of a card: of what it has and not of what is free, so that equal fits are
cut into equal pieces."""


def work_bytes(device: torch.device) -> int:
    """What a pass may hold; a card's pass takes ten milliseconds however little it holds, so there it holds much."""
    return _on_card(device) if device.type == "cuda" else WORK_BYTES


def near_bytes(device: torch.device) -> int:
    """What should stay near a processor; on a card as much as a pass may hold."""
    return _on_card(device) if device.type == "cuda" else NEAR_BYTES


def _on_card(device: torch.device) -> int:
    share = min(CARD_BYTES, card_bytes(device) // CARD_SHARE)
    return share if share <= free_bytes(device) // 2 else WORK_BYTES
