"""What the values of a class sum to, and values scaled to the class's score: the errors of that ratio included."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from ...engine.moments import Moments, add

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class ClassSums:
    """Moments over steps of each class's sum of values, and of a point's value with its class's sum.

    Attributes:
        codes: (n,) class of each point.
        scores: (k,) in-class scores of the full model that values are scaled to; None scales nothing.
        moments: of the classes' sums, shape (k,).
        cross: (n,) sum over steps of (value - mean) (sum of the class - mean).
    """

    codes: NDArray[np.intp]
    scores: Floats | None
    moments: Moments
    cross: Floats

    @classmethod
    def zeros(cls, codes: NDArray[np.intp], scores: Floats | None) -> ClassSums:
        """Before the first step."""
        return cls(codes, scores, Moments.zeros(int(codes.max()) + 1), np.zeros(len(codes)))

    def add(self, before: Moments, observed: Floats) -> ClassSums:
        """With one more step.

        Args:
            before: moments of the points' values up to the step before.
            observed: the step's values, (n,).
        """
        sums: Floats = np.bincount(self.codes, observed, len(self.moments.mean)).astype(np.float64)
        moments = add(self.moments, sums)
        cross = self.cross + (observed - before.mean) * (sums - moments.mean)[self.codes]
        return replace(self, moments=moments, cross=cross)

    def normalized(self, values: Floats, variance: Floats, points: Moments) -> tuple[Floats, Floats]:
        """Values that sum to the class's score, and the squared standard errors of these ratios.

        With r = value / sum, the ratio's error is that of value - r sum, scaled (the delta method).

        Args:
            values: (n,) mean values.
            variance: (n,) their squared standard errors.
            points: moments of the values.
        """
        if self.scores is None:
            return values, variance
        total, count = self.moments.mean[self.codes], np.maximum(points.count, 2)
        usable = total > 0.0
        safe = np.where(usable, total, 1.0)
        scale = np.where(usable, self.scores[self.codes] / safe, 1.0)
        share = np.where(usable, values / safe, 0.0)
        together = self.cross / (count - 1) / count
        of_sum = self.moments.variance_of_mean()[self.codes]
        spread = np.maximum(variance - 2.0 * share * together + share**2 * of_sum, 0.0)
        return values * scale, scale**2 * spread
