"""Closed forms beside pyDVL, and beside what the arithmetic asks for.

    .venv/bin/python tests/bench/closed_forms.py [--small]

Processor time of one BLAS thread, medians of 5 runs. KNN-Shapley and Data-OOB (of a fitted forest) are whole calls of
`fit` on a new Dataset; pyDVL does the same on the same .npz in its own environment, and its values must agree. The
million points run in a process of their own, whose peak memory is told. The least core is the whole run on a game that
returns at once, beside one call of SciPy's `linprog` on the same subsets, and beside the whole run of pyDVL, which
solves both programs, too. A remark says what share of our time goes to what no answer can do without.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
from row import Row
from scipy.optimize import linprog
from sklearn.ensemble import RandomForestClassifier
from sklearn.neighbors import KNeighborsClassifier
from threadpoolctl import threadpool_limits

from dvlwidgets import (
    DataOOBValuation,
    Dataset,
    KNNShapleyValuation,
    MonteCarloLeastCoreValuation,
    Utility,
)
from dvlwidgets.valuation.bags import rows_alike
from dvlwidgets.valuation.forest_bags import drawn_again

HERE = Path(__file__).resolve().parent
USUAL = "/tmp/dvl/peers"
REPEATS = 5


def median(call: Callable[[], Any], repeats: int = REPEATS) -> tuple[float, Any]:
    """Median processor seconds, and what the last call gave."""
    seconds = []
    for _ in range(repeats):
        start = time.process_time()
        found = call()
        seconds.append(time.process_time() - start)
    return float(np.median(seconds)), found


def peer(what: str, data: dict[str, Any], repeats: int = REPEATS) -> tuple[float | None, Any, str]:
    """pyDVL's median seconds, values and version; None where it is not installed."""
    python = Path(os.environ.get("PEER_PYDVL", USUAL)) / "bin" / "python"
    if not python.exists():
        return None, None, "pyDVL"
    one = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "data.npz"
        np.savez(path, **data)
        command = [
            str(python), "-W", "ignore", str(HERE / "peer_closed_pydvl.py"), what, str(path), str(repeats),
        ]  # fmt: skip
        said = subprocess.run(command, capture_output=True, text=True, check=True, env=os.environ | one)
    found = json.loads(said.stdout.splitlines()[-1])
    return float(np.median(found["seconds"])), np.array(found["values"]), f"pyDVL {found['version']}"


def neighbours(n: int, t: int, d: int) -> dict[str, Any]:
    rng = np.random.default_rng(0)
    x = np.empty((n, d))
    for a in range(0, n, 100_000):  # without copies that would count as ours
        x[a : a + 100_000] = rng.normal(size=(min(100_000, n - a), d))
    x_test = rng.normal(size=(t, d))
    return {"x": x, "y": rng.integers(0, 2, n), "x_test": x_test, "y_test": rng.integers(0, 2, t)}


def product_and_sort(data: dict[str, Any], together: int) -> tuple[float, float]:
    """Seconds a test point for one matrix product, and for one sort of 64-bit floats: no exact answer takes less."""
    columns, some = np.ascontiguousarray(data["x"].T), data["x_test"][:together]
    product, squares = median(lambda: some @ columns, 3)
    copy, _ = median(squares.copy, 3)
    both, _ = median(lambda: np.sort(squares, axis=1), 3)
    return product / len(some), max(0.0, both - copy) / len(some)


def knn(small: bool) -> Iterator[Row]:
    n, t = (1_000, 200) if small else (10_000, 500)
    data = neighbours(n, t, 64)
    test = Dataset(data["x_test"], data["y_test"])
    reference, theirs, against = peer("knn", data)
    for dtype in ("float64", "float32"):
        valuation = KNNShapleyValuation(KNeighborsClassifier(), test, progress=False, dtype=dtype)
        valuation.fit(Dataset(data["x"], data["y"]))
        seconds, fitted = median(lambda v=valuation: v.fit(Dataset(data["x"], data["y"])))
        if theirs is not None and dtype == "float64":
            np.testing.assert_allclose(fitted.result.values, theirs, atol=1e-10)
        product, sort = product_and_sort(data, 64)
        what = f"KNN-Shapley, {n:,} x {t} x 64, {dtype}"
        yield Row(
            what,
            seconds,
            reference,
            against,
            None if small else 60.0,
            f"float64 product {product * t / seconds:.0%} and sort {sort * t / seconds:.0%} of it",
        )


def million(n: int, t: int, dtype: str) -> dict[str, float]:
    """Seconds, those of product and sort, and peak memory: that of the whole process, which should be its own."""
    data = neighbours(n, t, 64)
    valuation = KNNShapleyValuation(
        KNeighborsClassifier(), Dataset(data["x_test"], data["y_test"]), progress=False, dtype=dtype
    )
    start, frames = time.process_time(), 0
    for _ in valuation.stream(Dataset(data["x"], data["y"])):
        frames += 1
    seconds, peak = time.process_time() - start, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
    bound = sum(product_and_sort(data, 16)) * t
    return {"seconds": seconds, "bound": bound, "peak": peak, "frames": frames}


def large_knn(small: bool) -> Iterator[Row]:
    n, t = (100_000, 64) if small else (1_000_000, 1_000)
    for dtype in ("float64",) if small else ("float64", "float32"):
        if small:  # what the imports of a process take would be most of it
            found = million(n, t, dtype)
        else:
            command = [sys.executable, __file__, "--million", str(n), str(t), dtype]
            said = subprocess.run(command, capture_output=True, text=True, check=True).stdout
            found = json.loads(said.splitlines()[-1])
        words = f"peak memory {found['peak']:.2f} GB, {found['frames']} frames; a ratio of 1 is the bound"
        what = f"KNN-Shapley, {n:,} x {t:,} x 64, {dtype}"
        yield Row(what, found["seconds"], found["bound"], "float64 product and sort alone", None, words)


def data_oob(small: bool) -> Iterator[Row]:
    n, size = (1_000, 50) if small else (10_000, 200)
    rng = np.random.default_rng(0)
    x = rng.normal(size=(n, 20))
    y = (x[:, 0] + rng.normal(size=n) > 0).astype(int)
    reference, theirs, against = peer("oob", {"x": x, "y": y})
    model = RandomForestClassifier(size, random_state=0).fit(x, y)
    seconds, fitted = median(lambda: DataOOBValuation(model).fit(Dataset(x, y)))
    if theirs is not None:
        np.testing.assert_allclose(fitted.result.values, theirs, atol=1e-10)
    bags, (outside, _) = median(lambda: drawn_again(model, n, 16))
    trees = [tree.tree_ for tree in model.estimators_]
    alike = rows_alike(model, x.astype(np.float32))  # the order in which we ask for them, which is quicker
    narrow = x.astype(np.float32)[alike]
    asked = [narrow[mask[alike]] for mask in outside]
    leaves, _ = median(lambda: [tree.apply(rows) for tree, rows in zip(trees, asked, strict=True)])
    words = f"scikit-learn's leaves alone take {leaves:.3f} s, bags {bags:.3f} s"
    if reference is not None:
        words = f"scikit-learn's leaves alone allow {reference / leaves:.1f}x: {leaves:.3f} s; bags take {bags:.3f} s"
    yield Row(
        f"Data-OOB, forest of {size} trees, n={n:,}",
        seconds,
        reference,
        against,
        None if small else 20.0,
        words,
    )


def coalitions(n: int) -> tuple[dict[str, Any], Callable[[Any], Any]]:
    """A game that returns at once: what it is made of, and v of masks (k, n)."""
    rng = np.random.default_rng(0)
    weights, phases = rng.exponential(size=n), 3 * rng.normal(size=n)
    weights /= weights.sum()
    made_of = {"weights": weights, "phases": phases}
    return made_of, lambda masks: np.tanh(2 * masks @ weights) + 0.02 * np.sin(masks @ phases)


def program(masks: Any, worth: Any, total: float) -> Any:
    """The smallest subsidy by SciPy's linprog, as one would write it down: a subset a row."""
    n = masks.shape[1]
    return linprog(
        np.r_[np.zeros(n), 1.0],
        A_ub=np.column_stack([-masks.astype(float), -np.ones(len(masks))]),
        b_ub=-worth,
        A_eq=np.r_[np.ones(n), 0.0][None],
        b_eq=[total],
        bounds=[(None, None)] * (n + 1),
    )


def least_core(small: bool) -> Iterator[Row]:
    n, samples = (60, 800) if small else (200, 5_000)
    made_of, game = coalitions(n)
    asked: list[Any] = []

    def ours() -> Any:
        asked.clear()
        utility = Utility.from_function(lambda masks: [asked.append(np.array(masks)), game(masks)][1])
        return MonteCarloLeastCoreValuation(utility, samples, seed=0, progress=False).fit(range(n))

    ours()  # warm
    pairs = []
    for _ in range(REPEATS):
        mine, found = median(ours, 1)
        masks = np.concatenate(asked)
        masks = masks[(masks.sum(axis=1) > 0) & (masks.sum(axis=1) < n)]
        given = (masks, game(masks), found.result.values.sum())
        theirs, solved = median(lambda g=given: program(*g), 1)
        np.testing.assert_allclose(found.result.subsidy, solved.fun, atol=1e-6)
        pairs.append((mine, theirs))
    mine, theirs = np.median(pairs, axis=0)
    what = f"Least core, n={n}, {samples:,} subsets"
    words = "the whole run, with partial values and the most equal payments, beside the subsidy alone"
    yield Row(
        what, mine, theirs, "SciPy's linprog, once on the same subsets", None if small else 1 / 1.1, words
    )
    if not small:
        reference, payments, against = peer("least core", {**made_of, "samples": samples}, 1)
        words = "the whole run of both: subsidy and most equal payments"
        if payments is not None:
            words += f"; its payments sum to {payments.sum():.4f}, ours to {found.result.values.sum():.4f}"
        yield Row(f"{what}, both programs", mine, reference, against, None, words)


def rows(small: bool) -> Iterator[Row]:
    """Everything, as it is measured."""
    with threadpool_limits(1):
        for part in (knn, data_oob, least_core, large_knn):
            yield from part(small)


def main() -> None:
    """Print one line a row."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--small", action="store_true", help="problems of a second or two")
    parser.add_argument("--million", nargs=3, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.million:
        with threadpool_limits(1):
            n, t, dtype = given.million
            print(json.dumps(million(int(n), int(t), dtype)))
        return
    for row in rows(given.small):
        ratio = "NOT MEASURED" if row.ratio is None else f"{row.ratio:.2f}x"
        goal = "" if row.goal is None else f" (goal {row.goal:.2f})"
        print(f"{row.what:45} {row.ours:8.3f} s {ratio:>13}{goal} of {row.against}. {row.bound}", flush=True)


if __name__ == "__main__":
    main()
