"""Stochastic models made functions of the subset.

Every estimator parameter `random_state` that is None, nested ones included, gets a value from the model seed and the
subset, so that a subset has one utility: a cached or journaled one equals a fresh one bit for bit, in any process.
Models without such a parameter may draw from the global generators; those are seeded, and restored, in worker
processes only. In the user's own process a background thread must not reseed the user's NumPy.
"""

from __future__ import annotations

import contextlib
import hashlib
import random
import sys
from collections.abc import Iterator
from typing import Any

import numpy as np

from ..typing import Masks


def seedable(model: Any) -> tuple[str, ...]:
    """Names of the parameters `random_state` that are None, nested ones included."""
    if not hasattr(model, "get_params") or isinstance(model, type):
        return ()
    params = model.get_params(deep=True)
    return tuple(
        sorted(
            k
            for k, v in params.items()
            if v is None and (k == "random_state" or k.endswith("__random_state"))
        )
    )


def may_draw_globally(model: Any) -> bool:
    """Whether nobody can tell: a part that is not scikit-learn's, takes no random_state, and learns."""
    params: dict[str, Any] = getattr(model, "get_params", dict)()
    parts = [model, *(v for v in params.values() if hasattr(v, "fit") and not isinstance(v, type))]
    return any(_unknown(part) for part in parts)


def _unknown(part: Any) -> bool:
    if type(part).__module__.split(".")[0] == "sklearn":
        return False
    return "random_state" not in getattr(part, "get_params", dict)()


def subset_seed(seed: int, mask: Masks, repetition: int = 0) -> int:
    """31 bits from (model seed, mask of shape (n,), repetition)."""
    h = hashlib.blake2b(np.packbits(mask).tobytes(), digest_size=8, salt=b"dvl-fit")
    h.update(f"{seed},{len(mask)},{repetition}".encode())
    return int.from_bytes(h.digest(), "little") & 0x7FFFFFFF


@contextlib.contextmanager
def global_generators_kept(active: bool) -> Iterator[None]:
    """Give the global generators back as they were, if `active`."""
    if not active:
        yield
        return
    torch = sys.modules.get("torch")
    saved = random.getstate(), np.random.get_state(), torch.get_rng_state() if torch else None  # noqa: NPY002
    try:
        yield
    finally:
        random.setstate(saved[0])
        np.random.set_state(saved[1])  # noqa: NPY002
        if torch and saved[2] is not None:
            torch.set_rng_state(saved[2])


def seed_global_generators(seed: int) -> None:
    """Seed Python's, NumPy's and (if loaded) torch's global generators."""
    random.seed(seed)
    np.random.seed(seed)  # noqa: NPY002
    torch = sys.modules.get("torch")
    if torch:
        torch.manual_seed(seed)
