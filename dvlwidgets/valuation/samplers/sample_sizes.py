"""How many marginals each size of the set S gets: m[k] for k = 0..n-1, from one function of k a strategy."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...arguments import number, whole
from ...errors import InputError, InputTypeError

Floats = NDArray[np.float64]


class SampleSizes:
    """Base of the strategies: a number at each size between two bounds, in proportion to `shape`."""

    n_samples: int | None
    lower_bound: int | None
    upper_bound: int | None

    def __post_init__(self) -> None:
        if self.n_samples is not None:
            whole("n_samples", self.n_samples, 4, "It is the number of marginals of each point.")
        if self.lower_bound is not None:
            whole("lower_bound", self.lower_bound, 0, "It is the smallest size of a set S without the point.")
        if self.upper_bound is not None:
            whole("upper_bound", self.upper_bound, 0, "It is the largest size of a set S without the point.")
        if (self.lower_bound or 0) > (np.inf if self.upper_bound is None else self.upper_bound):
            raise InputError(
                f"lower_bound={self.lower_bound} is above upper_bound={self.upper_bound}: no size is left. "
                "Pass lower_bound <= upper_bound."
            )

    def shape(self, n: int) -> Floats:
        """What m[k] is proportional to, bounds aside, shape (n,)."""
        raise NotImplementedError

    def proportions(self, n: int) -> Floats:
        """What m[k] is proportional to, 0 outside of the bounds, shape (n,).

        Raises:
            InputError: if no size of n points lies within the bounds, or a number is not positive.
        """
        sizes = np.arange(n)
        last = n - 1 if self.upper_bound is None else self.upper_bound
        kept = (sizes >= (self.lower_bound or 0)) & (sizes <= last)
        if not kept.any():
            raise InputError(
                f"{self!r} leaves no size of S: with {n} points sizes run from 0 to {n - 1}. Pass a lower_bound "
                f"of at most {n - 1}."
            )
        m = np.where(kept, self.shape(n), 0.0)
        if not np.isfinite(m).all() or (m[kept] <= 0).any():
            raise InputError(
                f"{self!r} gives size {int(sizes[kept][np.argmin(m[kept])])} the number {m[kept].min():.3g}, but each "
                "size needs a positive one. Choose other parameters, or bounds."
            )
        return m

    def total(self, n: int) -> int | None:
        """Marginals of each point in all, or None where the sampler may choose."""
        return self.n_samples

    def sample_sizes(self, n: int) -> NDArray[np.intp]:
        """The numbers themselves, shape (n,): they sum to `n_samples` (to 8 a size where there is none).

        Args:
            n: number of points.
        """
        m = self.proportions(n)
        total = self.total(n)
        return apportion(m, 8 * int((m > 0).sum()) if total is None else total)


@dataclass(frozen=True)
class ConstantSampleSize(SampleSizes):
    """The same number at every size: best where marginals vary alike at all sizes.

    Args:
        n_samples: marginals of each point in all, at least 4; None leaves the number to the sampler.
        lower_bound: smallest size of S; None is 0.
        upper_bound: largest size of S; None is n - 1. With bounds the values are those of `DeltaShapleyValuation`.

    Raises:
        InputError: for bounds that leave no size, or fewer than 4 samples.

    References:
        Maleki, Tran-Thanh, Hines, Rahwan & Rogers, Bounding the estimation error of sampling-based Shapley value
        approximation (2013).
    """

    n_samples: int | None = None
    lower_bound: int | None = None
    upper_bound: int | None = None

    def shape(self, n: int) -> Floats:
        return np.ones(n)


@dataclass(frozen=True)
class HarmonicSampleSize(SampleSizes):
    """In proportion to 1 / (k + 1): marginals to small sets vary most. Arguments as in `ConstantSampleSize`.

    References:
        Wu, Jia, Lin, Huang & Chang, Variance reduced Shapley value estimation for trustworthy data valuation (2023).
    """

    n_samples: int | None = None
    lower_bound: int | None = None
    upper_bound: int | None = None

    def shape(self, n: int) -> Floats:
        harmonic: Floats = 1.0 / (np.arange(n, dtype=np.float64) + 1.0)
        return harmonic


@dataclass(frozen=True)
class PowerLawSampleSize(SampleSizes):
    """In proportion to (k + 1) ** exponent: -1 is `HarmonicSampleSize`, 0 is `ConstantSampleSize`.

    Args:
        exponent: any finite number; below 0 small sets get more.
        n_samples, lower_bound, upper_bound: as in `ConstantSampleSize`.

    References:
        Wu, Jia, Lin, Huang & Chang, Variance reduced Shapley value estimation for trustworthy data valuation (2023).
    """

    exponent: float = -0.5
    n_samples: int | None = None
    lower_bound: int | None = None
    upper_bound: int | None = None

    def __post_init__(self) -> None:
        number("exponent", self.exponent, "-0.5, for example.")
        super().__post_init__()

    def shape(self, n: int) -> Floats:
        sizes: Floats = (np.arange(n, dtype=np.float64) + 1.0) ** float(self.exponent)
        return sizes


@dataclass(frozen=True)
class LinearSampleSize(SampleSizes):
    """In proportion to scale * k + offset, which must be positive within the bounds.

    Args:
        scale: growth a size.
        offset: number at size 0.
        n_samples, lower_bound, upper_bound: as in `ConstantSampleSize`.
    """

    scale: float
    offset: float
    n_samples: int | None = None
    lower_bound: int | None = None
    upper_bound: int | None = None

    def __post_init__(self) -> None:
        number("scale", self.scale, "LinearSampleSize(-0.01, 2.0), for example.")
        number("offset", self.offset, "LinearSampleSize(-0.01, 2.0), for example.")
        super().__post_init__()

    def shape(self, n: int) -> Floats:
        sizes: Floats = np.arange(n, dtype=np.float64) * self.scale + self.offset
        return sizes


@dataclass(frozen=True)
class GroupTestingSampleSize(SampleSizes):
    """In proportion to 1 / k + 1 / (n - k), the sizes of group testing: many small and many large sets.

    Arguments as in `ConstantSampleSize`. Size 0 counts as size 1.

    References:
        Jia et al., Towards efficient data valuation based on the Shapley value (AISTATS 2019).
    """

    n_samples: int | None = None
    lower_bound: int | None = None
    upper_bound: int | None = None

    def shape(self, n: int) -> Floats:
        k = np.maximum(np.arange(n, dtype=np.float64), 1.0)
        tests: Floats = 1.0 / k + 1.0 / np.maximum(n - k, 1.0)
        return tests


def apportion(shares: Floats, total: int) -> NDArray[np.intp]:
    """Whole numbers in proportion to `shares` that sum to `total` (largest remainders)."""
    exact = shares / shares.sum() * total
    counts: NDArray[np.intp] = np.floor(exact).astype(np.intp)
    rest = np.argsort(counts - exact, kind="stable")[: total - int(counts.sum())]
    counts[rest] += 1
    return counts


def check_sample_sizes(sizes: Any) -> Any:
    """A strategy, or a refusal.

    Raises:
        InputTypeError: for a class, a number or anything else.
    """
    if isinstance(sizes, type) or not callable(getattr(sizes, "proportions", None)):
        raise InputTypeError(
            f"sample_sizes must be a strategy such as ConstantSampleSize(n_samples=200), not {sizes!r}."
        )
    return sizes
