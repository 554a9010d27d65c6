"""Does a long run keep its memory? Five million utility evaluations of a function, by subsets and by permutations.

    .venv/bin/python tests/bench/five_million.py                 # both samplers, n = 30 and 100: minutes
    .venv/bin/python tests/bench/five_million.py --evaluations 500000 --n 50

Prints the memory after a warm-up of a hundredth of the run, how much more there was at most, and what the journal
takes on disk. It grows on disk only: the goal is under 100 MB there, and in memory nothing that counts evaluations.
"""

from __future__ import annotations

import argparse
import itertools
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from dvlwidgets import MSRSampler, NoStopping, PermutationSampler, ShapleyValuation, Utility

SAMPLERS: dict[str, Callable[[], Any]] = {
    "MSRSampler": lambda: MSRSampler(seed=0),
    "PermutationSampler": lambda: PermutationSampler(seed=0),
}


@dataclass(frozen=True)
class Growth:
    """What a run took.

    Attributes:
        evaluations: utilities in the whole run.
        base: bytes of memory after the warm-up.
        most: bytes by which memory was larger than that at any time later.
        journal: bytes on disk.
        seconds: of the whole run.
    """

    evaluations: int
    base: int
    most: int
    journal: int
    seconds: float


def additive(n: int) -> Any:
    """A utility that costs nothing, so that what is measured is the engine."""
    weights = np.random.default_rng(0).normal(size=n)

    def total(masks: Any) -> Any:
        return masks @ weights

    return Utility.from_function(total)


def resident() -> int:
    """Bytes of this process in memory (Linux)."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4096


def measure(
    sampler: Any,
    n: int,
    evaluations: int,
    folder: Path,
    *,
    warm_up: float = 0.01,
    memory: Callable[[], int] = resident,
) -> Growth:
    """Run until so many utilities are evaluated and watch the memory at every frame.

    Args:
        sampler: draws the subsets.
        n: points.
        evaluations: when to stop.
        folder: of the journal.
        warm_up: share of the run before the memory counts.
        memory: bytes in use now.
    """
    valuation = ShapleyValuation(additive(n), sampler, NoStopping(), show_warnings=False)
    base, most, done, start = None, 0, 0, time.perf_counter()
    for frame in valuation.stream(range(n), checkpoint=folder):
        done = frame.done
        if done < warm_up * evaluations:
            continue
        now = memory()
        base = now if base is None else base
        most = max(most, now - base)
        if done >= evaluations:
            break
    assert base is not None
    seconds = time.perf_counter() - start
    return Growth(done, base, most, (folder / "journal.dvl").stat().st_size, seconds)


def main() -> None:
    """Print one line a run."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--evaluations", type=int, default=5_000_000)
    parser.add_argument("--n", type=int, nargs="+", default=[30, 100])
    given = parser.parse_args()
    for (name, make), n in itertools.product(SAMPLERS.items(), given.n):
        with tempfile.TemporaryDirectory() as folder:
            g = measure(make(), n, given.evaluations, Path(folder))
        print(
            f"{name}, n = {n}: {g.evaluations:,} evaluations in {g.seconds:.0f} s; memory {g.base / 1e6:.0f} MB after "
            f"the warm-up, at most {g.most / 1e6:+.1f} MB later; journal {g.journal / 1e6:.1f} MB on disk "
            f"({g.journal / g.evaluations:.2f} bytes an evaluation)",
            flush=True,
        )


if __name__ == "__main__":
    main()
