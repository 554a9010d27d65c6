"""How much memory is free, before anything large is asked for."""

from __future__ import annotations

import os
from pathlib import Path

import torch


def free_bytes(device: torch.device | str = "cpu") -> int:
    """Bytes that a device could still give without swapping."""
    kind = torch.device(device)
    if kind.type == "cuda":
        return int(torch.cuda.mem_get_info(kind)[0])
    try:
        for line in Path("/proc/meminfo").read_text().splitlines():
            if line.startswith("MemAvailable:"):
                return int(line.split()[1]) * 1024
    except OSError:
        pass  # no Linux: half of what is built in is a guess that refuses what surely cannot fit
    try:
        return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") // 2
    except (ValueError, OSError, AttributeError):
        return 1 << 62  # unknown: refuse nothing


def readable(count: float) -> str:
    """Bytes in the unit that people would use."""
    for unit in ("bytes", "kB", "MB", "GB"):
        if count < 1000:
            return f"{count:.0f} {unit}" if unit == "bytes" or count >= 10 else f"{count:.1f} {unit}"
        count /= 1000
    return f"{count:,.1f} TB"
