"""What a result says of itself in words: a paragraph, and one sentence for each column."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from ..counts import many
from ..engine.records import Provenance
from ..engine.stopping import certainty
from .result_columns import About, Columns

ROUNDING = 1e-9
"""Sums that miss by less than this, relatively, miss by nothing."""


def paragraph(columns: Columns, about: About, provenance: Provenance | None) -> str:
    """What the values are, what they sum to, how sure they are, and what a reader must know."""
    said = [f"{about.algorithm or 'Values'} of {many(len(columns), 'point')}, in {about.unit}."]
    said += _values(columns, about)
    said += _sureness(columns, about, provenance)
    said.append(_zero(about))
    notes = (*about.notes, *(provenance.notes if provenance else ()))
    said += [f"Note: {note.rstrip('.')}." for note in notes]
    if provenance is not None and provenance.keys:
        said.append(_repeating(about))
    return " ".join(said)


def tooltips(columns: Columns, about: About) -> dict[str, str]:
    """A sentence for each column that a table of this result may show, extra columns excepted."""
    unit, ends = about.unit, about.ends
    value = f"What the point adds to the score, by {about.algorithm or 'this method'}, in {unit}."
    if ends is not None and ends.efficient:
        value += f" All of them sum to v(N) - v(empty) = {ends.gain:.4g}."
    errors = _exact(columns)
    return {
        "rank": "1 is the lowest value; points whose value is not known yet come last.",
        "index": "Position of the point in the data set that was valued (of the group, if grouped).",
        "id": "The point's lasting name: it stays when others are dropped or the data are reordered.",
        "name": "The point's name in the data set.",
        "label": "The point's label, as edited here.",
        "value": f"{value} {_zero(about)}",
        "stderr": (
            "0: the value is exact."
            if errors
            else f"One standard error, in {unit}: the exact value is within 1 of them in 2 of 3 cases, within 2 in 19 "
            "of 20."
        ),
        "variance": "The squared standard error times the count: the spread of single observations.",
        "count": (
            "How many observations the value rests on; where every subset counts for every point, the smaller of those "
            "with and those without it."
        ),
        "converged": "Whether the stopping rule is content with this point.",
    }


def _values(columns: Columns, about: About) -> Iterator[str]:
    known = columns.values[~np.isnan(columns.values)]
    missing = len(columns) - len(known)
    if missing:
        few = "1 value is" if missing == 1 else f"{missing:,} values are"
        yield f"{few} not known yet: what was evaluated so far does not tell; a longer run may."
    if len(known):
        yield f"They sum to {known.sum():.4g}; the lowest is {known.min():.4g}, the highest {known.max():.4g}."
    ends = about.ends
    if ends is None:
        return
    gain = f"v(N) - v(empty) = {ends.full:.4g} - {_bracketed(ends.empty)} = {ends.gain:.4g}"
    if not ends.efficient:
        yield f"By this method they need not sum to {gain}."
    elif len(columns) < ends.points:
        yield f"Those of all {ends.points:,} points should sum to {gain}."
    elif not missing:
        miss = float(known.sum()) - ends.gain
        if abs(miss) <= ROUNDING * max(1.0, abs(ends.full), abs(ends.empty)):
            yield f"That is {gain}, as it should be."
        else:
            share = f" ({abs(miss / ends.gain):.1%})" if ends.gain else ""
            yield f"They should sum to {gain} and miss it by {miss:.2g}{share}."


def _bracketed(x: float) -> str:
    return f"({x:.4g})" if x < 0 else f"{x:.4g}"


def _exact(columns: Columns) -> bool:
    return bool(len(columns) and (columns.stderr == 0.0).all())


def _sureness(columns: Columns, about: About, provenance: Provenance | None) -> Iterator[str]:
    if _exact(columns):
        yield "They are exact: no standard error."
    else:
        sure = certainty(columns.values, columns.stderr)
        if not np.isnan(sure):
            yield (
                f"Another such run would rank them alike with an expected correlation of {sure:.2f}; a value is "
                f"typically off by its standard error (median {np.median(columns.stderr):.2g})."
            )
        else:
            yield "Standard errors are not known for all of them, so nothing is said of how sure the ranking is."
        if len(columns):
            low, high = int(columns.counts.min()), int(columns.counts.max())
            yield f"Each rests on {low:,}{f' to {high:,}' if high > low else ''} observations."
    reason = about.verdict.reason if about.verdict is not None else provenance.stopped if provenance else ""
    if provenance is not None and provenance.evaluations:
        ended = f", then: {reason}" if reason else ""
        yield f"{provenance.evaluations:,} {provenance.unit} in {provenance.seconds:.1f} s{ended}."
    else:
        yield f"Status: {reason or about.status.value}."


def _zero(about: About) -> str:
    if about.threshold is None:
        return (
            "The order means something; no single value, 0 included, separates helpful from harmful points."
        )
    return f"Points below {about.threshold:g} hurt the score, points above help it, by this method's measure."


def _repeating(about: About) -> str:
    """How to get the same again."""
    seeds = [str(seed) for seed in dict.fromkeys(run.seed for run in about.runs)]
    shown = (
        f"seed={seeds[0]}"
        if len(seeds) == 1
        else f"the seeds {', '.join(seeds[:5])}{', ...' * (len(seeds) > 5)}"
    )
    versions = about.runs[0].versions
    kept = [f"{name} {versions[name]}" for name in ("dvlwidgets", "numpy") if name in versions]
    with_these = f", with {' and '.join(kept)}" if kept else ""
    return f"The same again: {shown}{with_these} (see provenance)."
