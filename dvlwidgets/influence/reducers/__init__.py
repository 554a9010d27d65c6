"""What becomes of a matrix of influences that nobody holds: each reducer looks at a tile and keeps a few numbers of it.

score(test, train) comes in tiles of all test points by some training points. Statistics of a training point need its
column, which is whole in its tile; what is kept of test points is merged from tile to tile.
"""

from __future__ import annotations

from .base import Consumer, Reducer, Shape
from .disagreement import Disagreement
from .histogram import Histogram
from .moments import Moments
from .quantile import Quantile
from .self_influence import SelfInfluence
from .sums import RowSums
from .top import TopPerTest, TopPerTrain

__all__ = [
    "Consumer",
    "Disagreement",
    "Histogram",
    "Moments",
    "Quantile",
    "Reducer",
    "RowSums",
    "SelfInfluence",
    "Shape",
    "TopPerTest",
    "TopPerTrain",
]
