"""How a utility is cached, and what is refused before anything is."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from .. import arguments
from ..errors import InputError, InputTypeError
from .cache_backend import CacheBackend


@dataclass(frozen=True)
class CachedFuncConfig:
    """How a utility is cached.

    Args:
        hash_prefix: a text that becomes part of every key: another prefix sees other entries.
        ignore_args: taken for pyDVL's sake, without effect: a key is made of the utility and the subset alone.
        time_threshold: scores whose fit took fewer seconds are not put in; 0 keeps every score. (Without a
            `CachedFuncConfig` a utility keeps every score: a look-up costs less than any fit.)
        allow_repeated_evaluations: for stochastic models. The utility of a subset becomes the mean of several
            fits with different seeds, all made at once, so it is still a function of the subset.
        rtol_stderr: repeat until the standard error of the mean is at most this share of it (of each metric).
        min_repetitions: repeat at least so often.
        max_repetitions: repeat at most so often: a mean near zero never has a small relative error.

    Raises:
        InputError, InputTypeError: for values that cannot work.
    """

    hash_prefix: str | None = None
    ignore_args: Collection[str] = ()
    time_threshold: float = 0.3
    allow_repeated_evaluations: bool = False
    rtol_stderr: float = 0.1
    min_repetitions: int = 3
    max_repetitions: int = 100

    def __post_init__(self) -> None:
        if self.hash_prefix is not None:
            arguments.text("hash_prefix", self.hash_prefix, "It becomes part of the keys.")
        if isinstance(self.ignore_args, str) or not isinstance(self.ignore_args, Collection):
            raise InputTypeError(
                f"ignore_args must be a list of names, not {self.ignore_args!r}. Leave it out."
            )
        seconds = arguments.number("time_threshold", self.time_threshold, "It is in seconds; 0 keeps all.")
        if seconds < 0:
            raise InputError(
                f"time_threshold must be at least 0 seconds, not {seconds}. 0 keeps every score."
            )
        arguments.flag("allow_repeated_evaluations", self.allow_repeated_evaluations)
        share = arguments.number("rtol_stderr", self.rtol_stderr, "It is a share of the mean, such as 0.1.")
        if share <= 0:
            raise InputError(f"rtol_stderr must be above 0, not {share}. It is a share of the mean.")
        hint = "A standard error needs two repetitions."
        least = arguments.whole("min_repetitions", self.min_repetitions, 2, hint)
        arguments.whole("max_repetitions", self.max_repetitions, least, f"min_repetitions is {least}.")


def check_options(options: Any, backend: CacheBackend | None) -> CachedFuncConfig:
    """The configuration of a cache; without one everything is kept.

    Raises:
        InputTypeError: if it is none.
        InputError: if it was given without a cache.
    """
    if options is None:
        return CachedFuncConfig(time_threshold=0.0)
    if not isinstance(options, CachedFuncConfig):
        raise InputTypeError(
            f"cached_func_options must be a CachedFuncConfig, not {options!r}. "
            "Write CachedFuncConfig(time_threshold=0)."
        )
    if backend is None:
        raise InputError(
            "cached_func_options were given, but no cache_backend: nothing would be cached. "
            "Pass cache_backend=InMemoryCacheBackend() too."
        )
    return options
