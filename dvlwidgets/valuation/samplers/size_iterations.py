"""In which order strata of sizes are visited: one after the other, in turn, or at random. Pass the class."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...errors import InputTypeError

MOST_IN_TURN = 8
"""An endless round visits no stratum more often than so many times the rarest one."""


class FiniteSequentialSizeIteration:
    """All marginals of the smallest sizes, then those of the next: there is no value before the last size."""

    endless = False

    @staticmethod
    def visits(counts: NDArray[np.intp]) -> NDArray[np.intp]:
        """The stratum of each pass.

        Args:
            counts: passes of each stratum, shape (strata,).
        """
        return np.repeat(np.arange(len(counts)), counts)


class RoundRobinSizeIteration:
    """One marginal of each size in turn, sizes with fewer ones left out once theirs are done.

    Without a total number of samples the round begins again until the rule stops it.
    """

    endless = True

    @staticmethod
    def visits(counts: NDArray[np.intp]) -> NDArray[np.intp]:
        """The stratum of each pass: those with more passes left come again in each round.

        Args:
            counts: passes of each stratum, shape (strata,).
        """
        rounds = int(counts.max(initial=0))
        turns = [np.flatnonzero(counts > r) for r in range(rounds)]
        return np.concatenate(turns) if turns else np.zeros(0, np.intp)


class RandomSizeIteration:
    """The size of each set is drawn, with chances in proportion to the sample sizes: one stratum of all sizes.

    Without a total number of samples it goes on until the rule stops it.
    """

    endless = True

    @staticmethod
    def visits(counts: NDArray[np.intp]) -> NDArray[np.intp]:
        """One stratum, as often as all are visited together.

        Args:
            counts: passes of each stratum, shape (strata,).
        """
        return np.zeros(int(counts.sum()), np.intp)


def check_iteration(iteration: Any) -> Any:
    """One of the three, as a class or an object of it.

    Raises:
        InputTypeError: for anything else.
    """
    if not (callable(getattr(iteration, "visits", None)) and hasattr(iteration, "endless")):
        raise InputTypeError(
            "sample_sizes_iteration must be FiniteSequentialSizeIteration, RoundRobinSizeIteration or "
            f"RandomSizeIteration, not {iteration!r}. Pass the class."
        )
    return iteration
