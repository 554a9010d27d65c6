"""torch's forward mode, made ready without the warnings of its own making."""

from __future__ import annotations

import warnings
from functools import cache

import torch
from torch.func import jvp


@cache
def forward_mode_ready() -> None:
    """Call before the first `torch.func.jvp` of a process: torch then loads rules that it deprecated itself."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message=".*torch.jit.script.*", category=DeprecationWarning)
        one = torch.ones(1)
        jvp(torch.sin, (one,), (one,))
