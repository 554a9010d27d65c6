"""Where the least core is a single point, it is found at once: by the subsets that carry weight in the linear program.

A subset with a positive multiplier is paid exactly its worth less the subsidy by all solutions. If those subsets are as
many as the points, their rows leave one solution (and one combination of rows that vanishes: the multipliers'). That is
the usual case of sampled games, whose worths tie nowhere; nothing is left then to choose equal payments from.
"""

from __future__ import annotations

import numpy as np

from .constraints import Constraints
from .egalitarian import WANTED, Egalitarian, egalitarian, kkt_residual
from .subsidy import Subsidy

CARRIES = 1e-9
"""A multiplier above this is positive; they sum to 1."""


def most_equal(c: Constraints, found: Subsidy) -> Egalitarian | None:
    """The most equal payments among the solutions of the program; None if they are not found."""
    return single_point(c, found) or egalitarian(c, found.subsidy)


def single_point(c: Constraints, found: Subsidy) -> Egalitarian | None:
    """The only solution, with proof that it is the most equal one; None unless there is one."""
    carries = found.weights > CARRIES
    at, multipliers = found.working[carries], found.weights[carries]
    if len(at) != c.n or c.n < 2:
        return None
    rows, equal = c.rows(at), c.total / c.n
    bounds = (c.worth[at] - found.subsidy - rows.sum(axis=1) * equal) / c.scale
    # payments above equal ones sum to 0: the last one is minus the others
    free = rows[:-1, :-1] - rows[:-1, -1:]
    try:
        y = np.linalg.solve(free, bounds[:-1])
        y = np.append(y, -y.sum())
        weights = np.append(np.linalg.solve(free.T, y[:-1] - y[-1]), 0.0)
    except np.linalg.LinAlgError:
        return None
    # the multipliers' combination of rows vanishes, so any share of it may be added
    weights += max(0.0, float((-weights / multipliers).max())) * multipliers
    payments = equal + y * c.scale
    residual = kkt_residual(c, found.subsidy, payments, at, weights)
    return Egalitarian(payments, residual, at, weights) if residual <= WANTED else None
