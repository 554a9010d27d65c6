"""The smallest subsidy: a linear program over all subsets, solved on the few that matter.

Minimise e over payments x with sum x = v(N), such that x(S) + e >= v(S) for every subset S. Only about n of the
subsets bind at a solution, so that the program is solved on a working set, the subsets that its solution wrongs most
join, and so on until none is wronged (cutting planes; Kelley, 1960). Solver: SciPy's HiGHS.
Yan & Procaccia, If you like Shapley then you'll love the core (AAAI 2021).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...errors import RunError
from ...typing import Values
from .constraints import Constraints

TOLERANCE = 1e-10
"""Relative to the largest worth: a subset that lacks less is content. HiGHS takes no smaller one."""

ALL_AT_ONCE = 40
"""Up to so many subsets a point, the program is solved whole: working sets cost more than they save."""


@dataclass(frozen=True)
class Subsidy:
    """A solution of the program.

    Attributes:
        payments: shape (n,).
        subsidy: the smallest e.
        bounded: False if the subsets would let it fall for ever; then it is 0.
        working: the subsets that the last program looked at.
        weights: their multipliers, not negative; they sum to 1, if the subsidy is not held up by its floor.
    """

    payments: Values
    subsidy: float
    bounded: bool
    working: NDArray[np.intp]
    weights: NDArray[np.float64]


def least_subsidy(
    c: Constraints,
    *,
    non_negative: bool = False,
    options: Mapping[str, Any] | None = None,
) -> Subsidy:
    """Solve the program.

    If every point is in the drawn subsets about equally often, with some weights, e is bounded from below; too few
    subsets may not be. Then 0 is taken, which is enough for all of them.

    Args:
        c: the subsets.
        non_negative: whether e must not be negative.
        options: of `scipy.optimize.linprog` with HiGHS.

    Raises:
        RunError: if the solver gives up, with what it says.
    """
    if non_negative:
        return _solve(c, 0.0, options or {})
    # by duality, a bounded e is a weighted mean of worths minus a share of the total
    lowest = float(c.worth.min(initial=0.0)) - max(c.total, 0.0)
    floor = lowest - c.scale
    found = _solve(c, floor, options or {})
    if found.subsidy > floor + 0.5 * c.scale:
        return found
    found = _solve(c, 0.0, options or {})
    return replace(found, bounded=False)


def _solve(c: Constraints, floor: float, options: Mapping[str, Any]) -> Subsidy:
    few = len(c) if len(c) <= ALL_AT_ONCE * c.n else 4 * c.n
    at = np.unique(np.linspace(0, len(c) - 1, few).astype(np.intp))  # some from everywhere
    known = np.zeros(len(c), np.bool_)
    known[at] = True
    while True:
        x, e, weights = _program(c, at, floor, options)
        lacks = c.missing(x) - e
        lacks[known] = -np.inf
        worst = float(lacks.max(initial=-np.inf))
        if worst <= TOLERANCE * c.scale:
            break
        many = max(50, c.n)
        new = np.argpartition(lacks, -many)[-many:] if len(lacks) > many else np.arange(len(lacks))
        new = new[lacks[new] > TOLERANCE * c.scale]
        known[new] = True
        at = np.concatenate([at, new])
    needed = float(c.missing(x).max(initial=floor))  # to the last digit
    return Subsidy(x, floor if needed <= floor + 1e-12 * c.scale else needed, True, at, weights)


def _program(
    c: Constraints, at: NDArray[np.intp], floor: float, options: Mapping[str, Any]
) -> tuple[Values, float, NDArray[np.float64]]:
    """Payments, subsidy and multipliers for some of the subsets; everything is divided by the scale first.

    The dual program is handed over, in which a subset is a column, not a row: weights of subsets, 0 or more, that sum
    to 1 with that of the floor and hold every point equally often, so that their mean worth (less the share of the
    total that they hold) is largest. Its multipliers are the payments and the subsidy. A simplex method works on a
    basis of as many rows as the program has, which are n + 1 here instead of one a subset.
    """
    from scipy.optimize import linprog

    solve: Any = linprog
    n, scale = c.n, c.scale
    # columns: subsets, minus how often each point is held, the floor
    columns = np.ones((n + 1, len(at) + 2))
    columns[:n, : len(at)] = c.rows(at).T
    columns[:n, -1] = columns[n, -2] = 0.0
    bounds = np.tile([0.0, np.inf], (len(at) + 2, 1))
    bounds[-2, 0] = -np.inf
    found = solve(
        -np.r_[c.worth[at], c.total, floor] / scale,
        A_eq=columns,
        b_eq=np.r_[np.zeros(n), 1.0],
        bounds=bounds,
        method="highs-ds",
        options=_of_the_dual(options),
    )
    if found.status != 0:
        raise RunError(
            f"the linear program of the least core over {len(at):,} of {len(c):,} subsets was not solved: "
            f"{found.message} Pass other solver_options (options of SciPy's HiGHS), or none."
        )
    solution = -found.eqlin.marginals * scale
    return solution[:n], float(solution[n]), found.x[: len(at)]


def _of_the_dual(options: Mapping[str, Any]) -> dict[str, Any]:
    """Options for the dual program, whose feasibility is the other one."""
    primal, dual = "primal_feasibility_tolerance", "dual_feasibility_tolerance"
    # looking for what can be left out of such dense rows takes as long as the program itself
    given = {"presolve": False, primal: TOLERANCE, dual: TOLERANCE, **options}
    return {**given, primal: given[dual], dual: given[primal]}
