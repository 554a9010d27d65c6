"""How much a vectorised pass may hold at a time: what stays near a processor, or what fills a graphics card."""

from __future__ import annotations

import torch

from ..free_memory import free_bytes

WORK_BYTES = 128 << 20
"""What a vectorised pass may hold of activations and tangents at a time on a processor."""

NEAR_BYTES = 16 << 20
"""What is gone over several times is cut so small that it stays in a processor's caches."""

CARD_BYTES = 8 << 30
"""More of a graphics card than this makes no pass faster."""

CARD_SHARE = 4
"""A pass takes at most one part in so many of what is free on a card."""


def work_bytes(device: torch.device) -> int:
    """What a pass may hold; a card's pass takes ten milliseconds however little it holds, so there it holds much."""
    return WORK_BYTES if device.type == "cpu" else _on_card(device)


def near_bytes(device: torch.device) -> int:
    """What should stay near a processor; on a card as much as a pass may hold."""
    return NEAR_BYTES if device.type == "cpu" else _on_card(device)


def _on_card(device: torch.device) -> int:
    return max(WORK_BYTES, min(CARD_BYTES, free_bytes(device) // CARD_SHARE))
