"""What the demo tells a person: lines for the terminal, a table for a spreadsheet."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from ..engine.records import Provenance
from ..engine.stopping import certainty
from ..valuation.result import ValuationResult
from .find import Findings, Question

ROWS = 8
"""Lowest values shown on the terminal."""


def introduction(question: Question, workers: int) -> Iterator[str]:
    """What is about to be computed, and on which data."""
    split = question.split
    n, k = len(split.train), len(split.flipped)
    yield f"{question.name}: {n} training points, {k} of them ({k / n:.0%}) with a label that was flipped on purpose"
    yield (
        f"  Shapley values by {len(split.val)} validation points ({question.valuation.utility.scorer.name} of "
        f"LogisticRegression), {workers} worker{'s' if workers != 1 else ''}; "
        f"{len(split.test)} further points judge the outcome"
    )


def findings(question: Question, found: Findings) -> Iterator[str]:
    """How the run ended, the lowest values with their standard errors, and whether they were worth finding."""
    result, split = found.result, question.split
    sure = certainty(result.values, result.stderr)
    how_sure = "not known yet" if np.isnan(sure) else f"{sure:.0%}"
    run = result.provenance or Provenance()
    yield f"  {run.evaluations:,} fits in {run.seconds:.0f} s; certainty of the ranking: {how_sure} ({run.stopped})"
    yield from (f"  note: {note}" for note in run.notes)
    yield f"  the {ROWS} lowest of {len(result.values)} values:"
    yield f"    {'id':>6}  {'label':<12}{'value':>11}   standard error   updates"
    wrong = set(split.flipped.tolist())
    for i in found.detection.lowest[:ROWS]:
        yield (
            f"    {split.train.ids[i]!s:>6}  {label(question, i):<12}{result.values[i]:>+11.5f}   "
            f"± {result.stderr[i]:<13.5f} {result.counts[i]:>7}{'   flipped' if int(i) in wrong else ''}"
        )
    yield f"  found: {found.detection}"
    yield "  dropping them, judged on the third split (higher is better):"
    for judged in found.judgements:
        yield f"    {judged}"


def label(question: Question, i: int) -> str:
    """The label of point i as the training data have it, in words where there are any."""
    given, names = question.split.train.y[i], question.split.train.class_names
    return str(given) if names is None else str(names[int(given)])


def write_csv(path: Path, question: Question, result: ValuationResult) -> None:
    """One line per training point, in the order of the data; unknown numbers stay empty."""
    wrong = set(question.split.flipped.tolist())
    with path.open("w", newline="", encoding="utf-8") as file:
        table = csv.writer(file)
        table.writerow(["id", "value", "stderr", "count", "label", "flipped"])
        for i in range(len(result.values)):
            numbers = [repr(float(x)) if np.isfinite(x) else "" for x in (result.values[i], result.stderr[i])]
            table.writerow(
                [
                    question.split.train.ids[i],
                    *numbers,
                    int(result.counts[i]),
                    label(question, i),
                    int(i in wrong),
                ]
            )
