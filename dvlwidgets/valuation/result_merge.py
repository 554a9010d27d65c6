"""Two runs over the same data as one result: more observations, smaller standard errors.

A value is a mean of `count` observations with a sample variance; two of these merge as if all observations had been
seen at once. Chan, Golub & LeVeque, Algorithms for computing the sample variance (The American Statistician, 1983).
"""

from __future__ import annotations

import dataclasses
import itertools
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..engine.records import Provenance
from ..errors import IdentityError
from ..typing import Indices
from .result_checks import same
from .result_columns import About, Columns, Ends, standard_error
from .result_item import Status


def merged(a: Columns, b: Columns, about_a: About, about_b: About) -> tuple[Columns, About]:
    """All points of both; shared points weighted by their counts.

    Raises:
        IdentityError: if the runs are of different data, methods or utilities, or share observations.
    """
    if b.counts.any() and not a.counts.any():
        a, b, about_a, about_b = b, a, about_b, about_a  # names and ids come from the one that has seen data
    shared, in_a, in_b = np.intersect1d(a.indices, b.indices, assume_unique=True, return_indices=True)
    _check_same_question(about_a, about_b)
    if not b.counts.any() and len(shared) == len(b):
        return a, about_a  # nothing was seen, nothing changes
    if len(shared) and b.counts.any():
        _check_same_points(a.take(in_a), b.take(in_b))
        _check_no_overlap(about_a.runs, about_b.runs)
    columns = _merged_columns(a, b, in_a, in_b)
    per_point, lost = _merged_extra(a, b, in_a, in_b)
    whole, lost_whole = _agreeing(about_a.whole, about_b.whole)
    about = dataclasses.replace(
        about_a,
        algorithm=about_a.algorithm or about_b.algorithm,
        fingerprint=about_a.fingerprint or about_b.fingerprint,
        status=_merged_status(about_a.status, about_b.status) if b.counts.any() else about_a.status,
        runs=about_a.runs + about_b.runs,
        verdict=None,
        threshold=about_a.threshold if about_a.threshold == about_b.threshold or not b.counts.any() else None,
        whole=whole,
        ends=_merged_ends(about_a.ends, about_b.ends),
        notes=(
            *about_a.notes,
            *about_b.notes,
            *(f"extra value {k!r} could not be merged" for k in lost | lost_whole),
        ),
    )
    return dataclasses.replace(columns, extra=per_point), about


def combined(runs: tuple[Provenance, ...]) -> Provenance | None:
    """One provenance for all merged runs: that of the first, with the work and the notes of all."""
    if len(runs) < 2:
        return runs[0] if runs else None
    seeds = ", ".join(str(run.seed) for run in runs)
    notes = dict.fromkeys(note for run in runs for note in run.notes)
    return dataclasses.replace(
        runs[0],
        seconds=sum(run.seconds for run in runs),
        evaluations=sum(run.evaluations for run in runs),
        steps=tuple(step for run in runs if run.seed == runs[0].seed for step in run.steps),
        stopped="; ".join(dict.fromkeys(run.stopped for run in runs if run.stopped)),
        notes=(*notes, f"merged from {len(runs)} runs with the seeds {seeds}"),
    )


def _merged_columns(a: Columns, b: Columns, in_a: Indices, in_b: Indices) -> Columns:
    only_b = np.setdiff1d(np.arange(len(b)), in_b)
    arrays: dict[str, NDArray[Any]] = {
        name: np.concatenate((getattr(a, name), getattr(b, name)[only_b]))
        for name in ("values", "variances", "stderr", "counts", "indices", "ids", "names")
    }
    # a value that is not known yet holds nothing to merge, however many observations it waits on
    n_a, n_b = (np.where(np.isnan(c.values), 0, c.counts) for c in (a, b))
    from_b = (n_a[in_a] == 0) & (n_b[in_b] > 0)
    for name in ("values", "variances", "stderr", "counts"):
        arrays[name][in_a[from_b]] = getattr(b, name)[in_b[from_b]]
    both = (n_a[in_a] > 0) & (n_b[in_b] > 0)
    i, j = in_a[both], in_b[both]
    na, nb = n_a[i].astype(float), n_b[j].astype(float)
    delta, n = b.values[j] - a.values[i], na + nb
    m2 = _m2(a, i) + _m2(b, j) + delta**2 * na * nb / n
    arrays["values"][i] = a.values[i] + delta * nb / n
    arrays["variances"][i] = m2 / (n - 1)
    arrays["counts"][i] = a.counts[i] + b.counts[j]
    arrays["stderr"][i] = standard_error(arrays["variances"][i], arrays["counts"][i])
    return Columns.from_arrays(arrays)


def _m2(c: Columns, rows: Indices) -> NDArray[np.float64]:
    """Sum of squared deviations: none for a single observation, whose variance nobody knows."""
    return np.where(c.counts[rows] == 1, 0.0, c.variances[rows] * (c.counts[rows] - 1))


def _merged_extra(
    a: Columns, b: Columns, in_a: Indices, in_b: Indices
) -> tuple[dict[str, NDArray[Any]], dict[str, None]]:
    """The extra columns that say the same in both; others would be half of one run and half of another."""
    if len(in_a) < max(len(a), len(b)):
        return {}, dict.fromkeys([*a.extra, *b.extra])
    back = np.empty(len(a), np.intp)
    back[in_a] = in_b
    return _agreeing(a.extra, {name: column[back] for name, column in b.extra.items()})


def _agreeing(a: Mapping[str, Any], b: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, None]]:
    lost = [name for name in a.keys() & b.keys() if not same(a[name], b[name])]
    return {k: v for k, v in {**b, **a}.items() if k not in lost}, dict.fromkeys(sorted(lost))


def _merged_status(a: Status, b: Status) -> Status:
    if a == b:
        return a
    return Status.Failed if Status.Failed in (a, b) else Status.Stopped


def _merged_ends(a: Ends | None, b: Ends | None) -> Ends | None:
    """The ends that both runs found; a score that is not reproducible has none that holds for both."""
    return a if a == b or b is None else b if a is None else None


def _check_same_question(a: About, b: About) -> None:
    utilities, methods = (
        [{run.keys.get(key, "") for run in about.runs} - {""} for about in (a, b)]
        for key in ("utility", "method")
    )
    for what, one, other in (
        ("data (their fingerprints differ, e.g. because labels were edited)", a.fingerprint, b.fingerprint),
        ("methods", a.algorithm, b.algorithm),
        ("methods", *(", ".join(sorted(names)) for names in methods)),
        ("units", a.unit, b.unit),
        ("utilities (model, scorer or test data)", *("".join(sorted(keys)) for keys in utilities)),
    ):
        if one and other and one != other:
            raise IdentityError(
                f"the two results are of different {what}: {one[:60]} and {other[:60]}. Their values answer different "
                "questions and cannot be merged; value the same data with the same method, and another seed, twice."
            )


def _check_same_points(a: Columns, b: Columns) -> None:
    wrong = (a.ids.astype(np.str_) != b.ids.astype(np.str_)) | (a.names != b.names)
    if wrong.any():
        at = int(np.flatnonzero(wrong)[0])
        raise IdentityError(
            f"position {a.indices[at]} is {a.names[at]!r} in one result and {b.names[at]!r} in the other, so they are "
            "of different data. Only results of the same data can be merged."
        )


def _check_no_overlap(a: tuple[Provenance, ...], b: tuple[Provenance, ...]) -> None:
    ranges = [[(run.seed, *steps) for run in runs for steps in run.steps] for runs in (a, b)]
    for (seed, stream, first, end), (seed_b, stream_b, first_b, end_b) in itertools.product(*ranges):
        begin, stop = max(first, first_b), min(end, end_b)
        if (seed, stream) == (seed_b, stream_b) and begin < stop:
            raise IdentityError(
                f"both results rest on the draws of steps {begin} to {stop - 1} of seed {seed}: merged, they would "
                "count twice. Run the second one with another seed, or go on with fit(data, continue_from=result)."
            )
