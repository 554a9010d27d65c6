"""How much memory is free, before anything large is asked for."""

from __future__ import annotations

import os
from pathlib import Path

import torch


def free_bytes(device: torch.device | str = "cpu") -> int:
    """Bytes that a device could still give without swapping."""
    kind = torch.device(device)
    if kind.type == "cuda":
        kept = torch.cuda.memory_reserved(kind) - torch.cuda.memory_allocated(
            kind
        )  # by PyTorch, to use again
        return int(torch.cuda.mem_get_info(kind)[0]) + kept
    try:
        for line in Path("/proc/meminfo").read_text().splitlines():
            if line.startswith("MemAvailable:"):
                return min(int(line.split()[1]) * 1024, _of_container(Path("/sys/fs/cgroup")))
    except OSError:
        pass  # no Linux: half of what is built in is a guess that refuses what surely cannot fit
    try:
        return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") // 2
    except (ValueError, OSError, AttributeError):
        return 1 << 62  # unknown: refuse nothing


def card_bytes(device: torch.device) -> int:
    """All memory of a graphics card."""
    return int(torch.cuda.mem_get_info(device)[1])


def _of_container(folder: Path) -> int:
    """What a container's own limit leaves (Linux control groups, version 2); very much where there is none."""
    try:
        limit = (folder / "memory.max").read_text().strip()
        used = int((folder / "memory.current").read_text())
        stat = dict(line.split() for line in (folder / "memory.stat").read_text().splitlines())
    except (OSError, ValueError):
        return 1 << 62
    if limit == "max":
        return 1 << 62
    return max(0, int(limit) - used + int(stat.get("inactive_file", 0)))  # file pages are given back


def readable(count: float) -> str:
    """Bytes in the unit that people would use."""
    for unit in ("bytes", "kB", "MB", "GB"):
        if count < 1000:
            return f"{count:.0f} {unit}" if unit == "bytes" or count >= 10 else f"{count:.1f} {unit}"
        count /= 1000
    return f"{count:,.1f} TB"
