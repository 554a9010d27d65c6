"""Randomness as a function of (seed, stream, step).

A draw is made from the raw 64-bit words of NumPy's counter-based Philox generator, keyed by the seed and by
`stream * 2**40 + step`; the raw words of a bit generator are stable over NumPy versions, the methods of a
`Generator` are not. A worker is therefore sent integers and makes the same masks that anybody else makes.
Salmon et al., Parallel random numbers: as easy as 1, 2, 3 (SC 2011).
"""

from __future__ import annotations

import secrets
import threading
import zlib
from collections.abc import Callable
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from ..errors import InputError, InputTypeError
from ..typing import DrawLaw, Masks

SUBSETS, PERMUTATIONS, TEST_POINTS, SIZES, BAGS, FOLDS = 1, 2, 3, 4, 5, 6
CLASS_WALKS, OTHER_CLASSES, BUDGETS, TEST_FOLDS, TRAININGS = 20, 21, 22, 23, 24
RANDOM_VALUES = 40
MARGINALS, MARGINAL_PAIRS, OWEN, OWEN_PAIRS, OWEN_NODES = 7, 8, 9, 10, 11
SIZE_STRATA, VARIANCE_STRATA, CUT_WALKS = 12, 13, 14
"""Streams: samplers never share one."""

_STEPS = 2**40

T = TypeVar("T", bound=np.generic)


def resolve_seed(seed: int | None) -> int:
    """An integer seed: the given one, or a fresh one that can be recorded.

    Raises:
        InputTypeError: if the seed is neither None nor an integer.
        InputError: if it is negative or above 2**63 - 1.
    """
    if seed is None:
        return secrets.randbits(62)
    if isinstance(seed, bool | np.bool_) or not isinstance(seed, int | np.integer):
        raise InputTypeError(
            f"seed must be None or an integer, not {type(seed).__name__} ({seed!r}). "
            "Draws are functions of an integer seed: pass seed=0, for example."
        )
    if not 0 <= int(seed) < 2**63:
        raise InputError(f"seed must lie between 0 and 2**63 - 1, not {seed}. Pass a non-negative integer.")
    return int(seed)


def words(seed: int, stream: int, step: int, count: int) -> NDArray[np.uint64]:
    """`count` raw 64-bit words that belong to (seed, stream, step) alone."""
    generator, state = _PHILOX.of_this_thread()  # the state holds counter 0 and an empty buffer
    state["state"]["key"][:] = seed, stream * _STEPS + step
    generator.state = state  # type: ignore[assignment]
    raw: NDArray[np.uint64] = generator.random_raw(count)
    return raw


class _Philox(threading.local):
    """One generator a thread, rewound for each draw: five times quicker than a new one."""

    made: tuple[np.random.Philox, dict[str, Any]] | None = None

    def of_this_thread(self) -> tuple[np.random.Philox, dict[str, Any]]:
        if self.made is None:
            generator = np.random.Philox(key=np.zeros(2, np.uint64))
            state: Any = generator.state  # a copy: counter 0, nothing buffered
            self.made = generator, state
        return self.made


_PHILOX = _Philox()


def uniforms(raw: NDArray[np.uint64]) -> NDArray[np.float64]:
    """Numbers in [0, 1) from raw words, 53 bits each."""
    return (raw >> np.uint64(11)).astype(np.float64) * 2.0**-53


def permutation(raw: NDArray[np.uint64]) -> NDArray[np.intp]:
    """The permutation that sorts `raw`; ties (one in 2**64 a pair) go to the lower index."""
    return np.argsort(raw, kind="stable")


def sizes_from_law(raw: NDArray[np.uint64], law: DrawLaw) -> NDArray[np.intp]:
    """Sizes drawn from a law over 0..n, one a word."""
    steps = np.cumsum(law)
    picks = np.searchsorted(steps, uniforms(raw) * steps[-1], side="right")
    # rounding of the last step must not give a size that the law excludes
    last: NDArray[np.intp] = np.flatnonzero(law)[-1:]
    sizes: NDArray[np.intp] = np.minimum(picks, last)
    return sizes


def subsets_of_sizes(raw: NDArray[np.unsignedinteger[Any]], sizes: NDArray[np.intp]) -> Masks:
    """Uniform subsets of given sizes.

    Args:
        raw: shape (B, n), one word a place.
        sizes: shape (B,), each between 0 and n.

    Returns:
        Masks of shape (B, n): in each row the places with the `size` smallest words; ties go to the lower index.
    """
    ordered, rows = np.sort(raw, axis=1), np.arange(len(sizes))
    cut = ordered[rows, np.maximum(sizes - 1, 0)]
    masks: Masks = raw <= cut[:, None]
    masks[sizes == 0] = False
    beyond = ordered[rows, np.minimum(sizes, raw.shape[1] - 1)]
    tied = (beyond == cut) & (sizes > 0) & (sizes < raw.shape[1])
    for b in np.flatnonzero(tied).tolist():
        masks[b] = False
        masks[b, np.argsort(raw[b], kind="stable")[: sizes[b]]] = True
    return masks


def random_subsets(seed: int, stream: int, step: int, rows: int, law: DrawLaw) -> Masks:
    """Independent subsets of n places whose sizes follow a law over 0..n, shape (rows, n).

    A place's word has 32 bits: half the words and half the sorting of 64, and a tie where the subset ends, which
    would prefer the lower index, comes once in 2**32 / n subsets.
    """
    n = len(law) - 1
    raw = words(seed, stream, step, rows + (rows * n + 1) // 2)
    halves = raw[rows:].astype("<u8", copy=False).view("<u4")[: rows * n]  # the same on every machine
    return subsets_of_sizes(halves.reshape(rows, n), sizes_from_law(raw[:rows], law))


class Memo:
    """The last few draws of a sampler, so that a step is drawn once for evaluating, checking and folding.

    Travels empty to other processes. Threads may race for an entry; both draw the same masks.

    Args:
        most: bytes that are kept.
        entries: steps that are kept; small arrays cost more than their bytes, and a round has few steps.
    """

    def __init__(self, most: int = 64_000_000, entries: int = 1024) -> None:
        self.most, self.entries = most, entries
        self._kept: dict[int, NDArray[Any]] = {}
        self._bytes = 0
        self._lock = threading.Lock()

    def get(self, step: int, draw: Callable[[int], NDArray[T]]) -> NDArray[T]:
        """What a step draws, read-only, drawn if they are not at hand."""
        masks = self._kept.get(step)
        if masks is None:
            masks = draw(step)
            masks.flags.writeable = False
            with self._lock:
                self._keep(step, masks)
        return masks

    def _keep(self, step: int, masks: NDArray[Any]) -> None:
        if step in self._kept:
            return
        self._kept[step] = masks
        self._bytes += masks.nbytes
        while len(self._kept) > 1 and (self._bytes > self.most or len(self._kept) > self.entries):
            self._bytes -= self._kept.pop(next(iter(self._kept))).nbytes

    def __reduce__(self) -> tuple[type[Memo], tuple[int, int]]:
        return Memo, (self.most, self.entries)


def checksum(drawn: NDArray[Any], start: int = 0) -> int:
    """CRC-32 of masks or orders, to notice when a draw cannot be repeated; `start` chains several arrays."""
    if drawn.dtype != np.bool_:
        return zlib.crc32(drawn.astype("<i4").tobytes(), start)
    return zlib.crc32(np.packbits(drawn, axis=1).tobytes(), start)
