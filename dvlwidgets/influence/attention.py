"""Attention in plain operations while derivatives are taken: fused kernels have no second derivative and no vmap."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import torch

_LOCK = threading.Lock()
_INSIDE = 0
_BEFORE: list[tuple[Callable[[bool], None], bool]] = []


@contextmanager
def plain_attention() -> Iterator[None]:
    """Within it, scaled dot products and transformer layers take the path that can be differentiated again.

    The switches belong to the whole process: the first of several threads turns them, the last turns them back.
    """
    global _INSIDE  # noqa: PLW0603 - a count of those inside, under its lock
    with _LOCK:
        if _INSIDE == 0:
            for switch, is_on in _switches():
                if is_on:
                    _BEFORE.append((switch, is_on))
                    switch(False)
        _INSIDE += 1
    try:
        yield
    finally:
        with _LOCK:
            _INSIDE -= 1
            if _INSIDE == 0:
                while _BEFORE:
                    switch, was_on = _BEFORE.pop()
                    switch(was_on)


def _switches() -> Iterator[tuple[Callable[[bool], None], bool]]:
    fused = torch.backends.cuda  # they hold for the CPU's kernels too
    yield fused.enable_flash_sdp, fused.flash_sdp_enabled()
    yield fused.enable_mem_efficient_sdp, fused.mem_efficient_sdp_enabled()
    if hasattr(fused, "enable_cudnn_sdp"):
        yield fused.enable_cudnn_sdp, fused.cudnn_sdp_enabled()
    layers = torch.backends.mha  # the layers' own inference path, nested tensors included
    yield layers.set_fastpath_enabled, layers.get_fastpath_enabled()
