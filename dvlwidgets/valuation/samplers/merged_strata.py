"""Strata of several sizes: where they begin, and the weighted mean and its standard error in each."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from .size_sums import SideSums

Floats = NDArray[np.float64]

LEAST = 4
"""A stratum is believed once each point was seen in it so often; else it joins its neighbour."""


@dataclass(frozen=True)
class Merged:
    """What merged strata say of each point, shape (strata, n).

    Attributes:
        weight: sum of the observations' weights.
        mean: their weighted mean; 0 where nothing was seen.
        variance: its squared standard error; NaN below two observations.
    """

    weight: Floats
    mean: Floats
    variance: Floats


def merged_starts(per_bin: NDArray[np.float64], least: int) -> NDArray[np.intp] | None:
    """Where strata begin after merging neighbours until every point has `least` observations.

    The same strata serve all points. None when even all sizes together are too few.

    Args:
        per_bin: observations, shape (bins, n).
        least: how many are enough.
    """
    enough = per_bin.min(axis=1, initial=least) >= least
    starts, last, full = [0], per_bin[0], bool(enough[0])
    for b in range(1, len(per_bin)):
        if full:
            starts.append(b)
            last, full = per_bin[b], bool(enough[b])
        else:
            last = last + per_bin[b]
            full = bool(last.min(initial=least) >= least)
    if not full:  # the last stratum is too thin: it joins the one before
        starts.pop()
    return np.array(starts, np.intp) if starts else None


def merge(side: SideSums, off: Floats, starts: NDArray[np.intp]) -> Merged:
    """Neighbouring bins as one stratum each.

    Sizes of one stratum have other weights and other spreads, mostly large ones together. With h an observation's
    share of the stratum's weight, the variance is the sum of (h r / (1 - h))^2 over residuals r, each from the mean
    of the others (the jackknife; MacKinnon & White 1985). Observations of one size share their weight, so their
    sums suffice. For equal weights that is n / (n - 1) times the usual estimate; the factor is taken out.

    Args:
        side: sums of the single bins.
        off: (bins,) what is added to residuals of each bin, counted from its zero.
        starts: where strata begin.
    """
    edges = np.r_[starts, len(off)]
    together = sp.csr_array((np.ones(len(off)), np.arange(len(off)), edges), shape=(len(starts), len(off)))
    stratum = np.repeat(np.arange(len(starts)), np.diff(edges))
    seen = side.weight > 0
    own = np.divide(side.first, side.weight, out=np.zeros_like(side.first), where=seen)
    spread = np.maximum(side.second - side.first * own, 0.0)  # within each bin
    own += off[:, None]
    total, count = together @ side.weight, together @ side.count
    mean = np.divide(together @ (side.weight * own), total, out=np.zeros_like(total), where=total > 0)
    spread += side.weight * (own - mean[stratum]) ** 2
    each = np.divide(side.squares, side.weight, out=np.zeros_like(spread), where=seen)
    whole = np.maximum(total, 1e-60)[stratum]
    share = each / whole
    variance = together @ (share * spread / whole / np.maximum(1.0 - share, 1e-6) ** 2)
    variance *= 1.0 - 1.0 / np.maximum(count, 2)
    return Merged(total, mean, np.where(count >= 2, variance, np.nan))
