"""How long `import dvlwidgets` takes beyond numpy: `make bench-prints`. Machines differ, so nothing is asserted."""

from __future__ import annotations

import statistics
import subprocess
import sys

import pytest

pytestmark = pytest.mark.bench

REPEATS = 7


def seconds(statement: str) -> float:
    """Median time of `statement` in fresh interpreters that have numpy."""
    code = f"import time, numpy\nstart = time.perf_counter()\n{statement}\nprint(time.perf_counter() - start)"
    runs = [
        subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
        for _ in range(REPEATS)
    ]
    return statistics.median(float(run.stdout) for run in runs)


def test_import_time():
    bare = seconds("import dvlwidgets")
    used = seconds("from dvlwidgets import ShapleyValuation, Utility, SupervisedScorer, Dataset")
    everything = seconds("import dvlwidgets\nfor name in dvlwidgets.__all__: getattr(dvlwidgets, name)")
    print("\nbeyond numpy:")
    for what, took in (
        ("import dvlwidgets", bare),
        ("names of a valuation", used),
        ("every public name", everything),
    ):
        print(f"  {what:<22}{took * 1e3:7.1f} ms")
