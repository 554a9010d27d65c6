"""What an evaluation costs beside the utility: runs with a utility that returns at once.

    .venv/bin/python tests/bench/engine_overhead.py [--small]

Processor time of one BLAS thread, microseconds an evaluation, medians of 5 runs of
`ShapleyValuation(utility, sampler, MaxSamples(...)).fit(range(n))`, draws, journal, regression and values included. The
reference is pyDVL with as many points, few evaluations (its own share is milliseconds an evaluation) and the same
sampler. MSR at n = 300 is the default with its regression over 20,480 evaluations, every refit of it included. The
last row is the journal: bytes an evaluation in place of seconds.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from threadpoolctl import threadpool_limits

sys.path.insert(0, str(Path(__file__).parent))
from pydvl_runs import pydvl_seconds
from row import Row

from dvlwidgets import MaxSamples, MSRSampler, PermutationSampler, ShapleyValuation, Utility

CASES = [
    (MSRSampler, 300, 20_480, 64, 15.0),
    (MSRSampler, 1_600, 8_192, 3, 60.0),
    (MSRSampler, 10_000, 2_048, 0, 400.0),
    (PermutationSampler, 300, 60_000, 60, 2.0),
    (PermutationSampler, 1_600, 100_000, 16, 2.0),
]
"""Sampler, points, our evaluations, pyDVL's samples, microseconds that are wanted.

A sample of pyDVL is a subset or a whole permutation; 0: it would take minutes for one.
"""

REPEATS = 5
MOST_JOURNAL = 100e6 / 5e6
"""Bytes an evaluation: 100 MB for 5 million."""


def instant(n: int) -> Utility:
    """Scores that cost nothing and are noise beside a little of the size."""
    scores = np.random.default_rng(0).random(4096)

    def score(masks: Any) -> Any:
        return scores[: len(masks)] if len(masks) <= len(scores) else np.resize(scores, len(masks))

    return Utility.from_function(score, key=f"instant, {n} points")


def seconds(sampler: Any, n: int, evaluations: int, checkpoint: Path | None = None) -> float:
    """Processor seconds an evaluation of one run."""
    bound = sampler(seed=0)
    valuation = ShapleyValuation(instant(n), bound, MaxSamples(bound, evaluations), show_warnings=False)
    start = time.process_time()
    valuation.fit(range(n), checkpoint=checkpoint)
    return (time.process_time() - start) / valuation.result.provenance.evaluations


def rows(small: bool) -> Iterator[Row]:
    """Seconds an evaluation, ours and pyDVL's.

    Args:
        small: a tenth of the evaluations, and no pyDVL.
    """
    with threadpool_limits(1):
        for sampler, n, evaluations, theirs, goal in CASES:
            many = max(512, evaluations // 10) if small else evaluations
            ours = float(np.median([seconds(sampler, n, many) for _ in range(1 if small else REPEATS)]))
            reference, version = None, "pyDVL"
            if theirs and not small:
                reference, version = pydvl_seconds(sampler=sampler.__name__, n=n, evaluations=theirs)
            met = "yes" if 1e6 * ours <= goal else "NO"
            yield Row(
                f"engine_overhead: {sampler.__name__}, {n:,} points, {many:,} evaluations",
                ours,
                reference,
                f"{version}: {sampler.__name__}, {theirs:,} samples" if theirs else f"{version}: too slow",
                bound=f"at most {goal:g} us wanted: {met}, {1e6 * ours:.1f} us. {floor(n, sampler)}",
            )
        yield journal(many=20_480 if small else 200_000)


def floor(n: int, sampler: Any) -> str:
    """What the draws alone take: words of Philox, the sort that cuts them, their checksum."""
    bound = sampler(seed=0).bind(n, np.full(n, 1 / n), 0, "Shapley")
    spent = []
    for step in range(8):
        start = time.process_time()
        bound._draw(step) if hasattr(bound, "_draw") else bound.masks(step)
        spent.append(time.process_time() - start)
    return f"Draws alone: {1e6 * float(np.median(spent)) / bound.rows(0):.1f} us"


def journal(many: int) -> Row:
    """Bytes of the journal an evaluation, beside the 20 that are allowed."""
    with tempfile.TemporaryDirectory() as folder:
        seconds(MSRSampler, 30, many, Path(folder))
        size = (Path(folder) / "journal.dvl").stat().st_size / many
    return Row(
        f"engine_overhead: journal, an evaluation, {many:,} evaluations",
        size,
        MOST_JOURNAL,
        "what is allowed: 100 MB for 5 million evaluations",
        1.0,
        f"5 million take {5 * size:.0f} MB",
        unit="bytes",
    )


def main() -> None:
    """Print the rows."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--small", action="store_true", help="what CI runs")
    for row in rows(parser.parse_args().small):
        them = (
            "not measured" if row.reference is None else f"{1e6 * row.reference:,.0f} us, {row.ratio:,.0f}x"
        )
        print(f"{row.what}: {1e6 * row.ours:,.2f} us; {row.against}: {them}; {row.bound}", flush=True)


if __name__ == "__main__":
    main()
