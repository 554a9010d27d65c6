"""How fast the influence engine is, beside pyDVL and kronfluence, in one run: ours, theirs, ratio, goal.

    .venv/bin/python tests/bench/influence_speed.py             # all: some ten minutes; writes influence_speed.md
    .venv/bin/python tests/bench/influence_speed.py --only ekfac --repeats 3
    .venv/bin/python tests/bench/influence_speed.py --device cuda --large 50000 5000    # ours alone

The case: digits, a network 64-32-10 (2,410 parameters), 1,200 training points x 300 test points in chunks of 100 and
50, cross-entropy, damping 0.01. One thread everywhere. A peer's process lives through the table and its turns
alternate with ours (environments: peers_influence.txt). Seconds are medians of walls; ratios are of medians, with the
same from processor seconds in brackets, which other work on the machine disturbs less. Errors are relative (Frobenius)
to the dense solve of the same damped Hessian in float64; all methods are timed in float32.
"""

from __future__ import annotations

import argparse
import datetime as dt
import os
import platform
import sys
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import torch
from influence_peers import NOT_MEASURED, Peer
from influence_problem import Spec, Stated, load, save
from peer_influence_serve import timed
from sklearn.datasets import load_digits
from torch.utils.data import DataLoader, TensorDataset

import dvlwidgets
from dvlwidgets.influence import (
    ArnoldiInfluence,
    CgInfluence,
    DirectInfluence,
    EkfacInfluence,
    GradientStore,
    NestedTorchCatAggregator,
    NystroemSketchInfluence,
    SequentialInfluenceCalculator,
)
from dvlwidgets.influence.batches import Batch, Batches
from dvlwidgets.influence.reducers import Moments
from dvlwidgets.influence.reducers.base import Shape
from dvlwidgets.influence.scan import factors_of, scan
from dvlwidgets.influence.separable import SeparableScan

OUT = Path(__file__).with_name("influence_speed.md")
WHICH = ("train", "test")
DAMPING = 0.01
Seconds = list[list[float]]


@dataclass
class Row:
    """One line of the table: repeated [wall, processor] seconds of ours and of the reference."""

    what: str
    goal: float | None
    reference: str
    ours: Seconds = field(default_factory=list)
    theirs: Seconds = field(default_factory=list)
    missing: str = ""
    note: str = ""

    def line(self) -> str:
        """The row in Markdown."""
        mine = np.median(np.array(self.ours), axis=0)
        if not self.theirs:
            cells = [
                f"{mine[0]:.4f}",
                self.missing or "-",
                "-",
                "-" if self.goal is None else f"{self.goal:g}x",
                "",
            ]
        else:
            yours = np.median(np.array(self.theirs), axis=0)
            ratio, processor = yours / np.maximum(mine, 1e-9)
            met = "" if self.goal is None else ("yes" if ratio >= self.goal else "NO")
            goal = "-" if self.goal is None else f"{self.goal:g}x"
            cells = [f"{mine[0]:.4f}", f"{yours[0]:.4f}", f"{ratio:.1f}x ({processor:.1f}x)", goal, met]
        return f"| {self.what} | {self.reference} | " + " | ".join([*cells, self.note]) + " |"


HEAD = """| what | reference | ours, s | reference, s | ratio (processor) | goal | met | |
| --- | --- | --- | --- | --- | --- | --- | --- |"""


def trained_digits(path: Path, tests: int = 300) -> Stated:
    """The problem of the table, trained and written down."""
    x, y = load_digits(return_X_y=True)
    order = np.random.default_rng(0).permutation(len(x))
    x, y = (x / 16).astype(np.float32)[order], y[order]
    spec = Spec((64, 32, 10), "relu", l2=1e-3)
    torch.manual_seed(0)
    network = spec.network()
    search = torch.optim.Adam(network.parameters(), lr=0.01, weight_decay=spec.l2)
    x_train, y_train = torch.from_numpy(x[:1200]), torch.from_numpy(y[:1200])
    for _ in range(300):
        search.zero_grad()
        spec.mean_loss(network(x_train), y_train).backward()
        search.step()
    data = {
        "x_train": x[:1200],
        "y_train": y[:1200],
        "x_test": x[1200 : 1200 + tests],
        "y_test": y[1200 : 1200 + tests],
        "x_second": x[1500:],
        "y_second": y[1500:],
    }
    save(path, spec, data, [network.state_dict()])
    return load(path)


def loader(stated: Stated, which: str) -> DataLoader[Any]:
    """Chunks as everybody gets them."""
    return DataLoader(TensorDataset(*stated.pair(which)), batch_size=100 if which == "train" else 50)


@dataclass
class Turn:
    """One turn of ours: seconds of each step, the matrix, and what keeps the gradients alive."""

    fit: list[float]
    score: list[float]
    second: list[float]
    scores: torch.Tensor


def our_turn(stated: Stated, make: Callable[[torch.nn.Module, Any], Any]) -> Turn:
    """Fit, all pairs, and all pairs again for another set of test points, as a user of the calculator does it."""
    model = make(stated.model(), torch.nn.CrossEntropyLoss())
    _, fit = timed(lambda: model.fit(loader(stated, "train")))

    def pairs(which: str) -> tuple[Any, torch.Tensor]:
        lazy = SequentialInfluenceCalculator(model).influences(loader(stated, which), loader(stated, "train"))
        return lazy, lazy.compute(NestedTorchCatAggregator())

    (kept, scores), score = timed(lambda: pairs("test"))
    _, second = timed(lambda: pairs("second"))
    del kept
    return Turn(fit, score, second, scores)


def apart(found: Any, exact: Any) -> float:
    """Relative distance of two matrices."""
    return float(np.linalg.norm(np.asarray(found) - np.asarray(exact)) / np.linalg.norm(np.asarray(exact)))


def added(*steps: list[float]) -> list[float]:
    """Seconds of steps together."""
    return [sum(pair) for pair in zip(*steps, strict=True)]


def dense_in_float64(stated: Stated) -> Any:
    """All influences by a dense solve of the damped Hessian, in float64: (test, train)."""
    train, test = (tuple(t.double() if t.is_floating_point() else t for t in stated.pair(w)) for w in WHICH)
    model = DirectInfluence(stated.model().double(), torch.nn.CrossEntropyLoss(), regularization=DAMPING)
    return model.fit([train]).influences(*test, *train).numpy()


@dataclass
class Table:
    """Collects rows; errors refer to `exact`."""

    stated: Stated
    path: Path
    pydvl: Peer
    kronfluence: Peer
    repeats: int
    rows: list[Row] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    @cached_property
    def exact(self) -> Any:
        """The dense solve of the first problem."""
        return dense_in_float64(self.stated)

    def add(self, rows: Sequence[Row]) -> None:
        self.rows += rows
        for row in rows:
            print(row.line(), flush=True)

    def direct(self) -> None:
        """Direct: together, and influences alone."""
        together = Row("Direct: fit + influences", 20, "pyDVL Direct")
        alone = Row("Direct: influences", 20, "pyDVL Direct")
        later = Row("Direct: influences of a second set of test points", None, "pyDVL Direct")
        make = lambda model, loss: DirectInfluence(model, loss, regularization=DAMPING)
        for _ in range(self.repeats):
            turn = our_turn(self.stated, make)
            said = self.pydvl.ask(self.path, "direct", {"regularization": DAMPING}, second=True)
            for row, mine, yours in (
                (together, added(turn.fit, turn.score), ("fit", "score")),
                (alone, turn.score, ("score",)),
                (later, turn.second, ("second",)),
            ):
                self.pair(row, mine, said, yours)
        if "scores" in said:
            together.note = f"values apart by {apart(turn.scores, said['scores']):.1e}"
        self.add([together, alone, later])

    def pair(self, row: Row, mine: list[float], said: dict[str, Any], steps: Sequence[str]) -> None:
        """Enter one turn of both."""
        row.ours.append(mine)
        if "error" in said:
            row.missing = said["error"]
        else:
            row.theirs.append(added(*(said[step] for step in steps)))

    def ekfac(self) -> None:
        """EKFAC's fit and scores beside pyDVL, later query sets beside kronfluence."""
        fit = Row("EKFAC: fit", 5, "pyDVL EKFAC (update_diagonal)")
        score = Row("EKFAC: influences", 5, "pyDVL EKFAC (update_diagonal)")
        both = Row("EKFAC: fit + influences", 5, "pyDVL EKFAC (update_diagonal)")
        kron_fit = Row("EKFAC: fit", None, "kronfluence EKFAC")
        kron = Row("EKFAC: influences", None, "kronfluence EKFAC")
        later = Row("EKFAC: a second set of test points", 5, "kronfluence EKFAC")
        make = lambda model, loss: EkfacInfluence(
            model, update_diagonal=True, loss=loss, regularization=DAMPING
        )
        for _ in range(self.repeats):
            turn = our_turn(self.stated, make)
            options = {"hessian_regularization": DAMPING, "update_diagonal": True}
            said = self.pydvl.ask(self.path, "ekfac", options)
            self.pair(fit, turn.fit, said, ("fit",))
            self.pair(score, turn.score, said, ("score",))
            self.pair(both, added(turn.fit, turn.score), said, ("fit", "score"))
            said = self.kronfluence.ask(self.path, "ekfac", {"damping_factor": DAMPING}, second=True)
            self.pair(kron_fit, turn.fit, said, ("fit",))
            self.pair(kron, turn.score, said, ("score",))
            self.pair(later, turn.second, said, ("second",))
        fit.note = "ours: the exact Fisher, all classes; pyDVL: one pseudo-label (not the Fisher)"
        self.add([fit, score, both, kron_fit, kron, later])

    def low_rank(self) -> None:
        """Nystroem and Arnoldi at rank 50: same rank, same damping."""
        for name, mine, theirs, options in (
            ("Nystroem, rank 50", NystroemSketchInfluence, "nystroem", {}),
            ("Arnoldi, rank 50", ArnoldiInfluence, "arnoldi", {}),
            ("Arnoldi, rank 50, use_woodbury", ArnoldiInfluence, "arnoldi", {"use_woodbury": True}),
        ):
            fit = Row(f"{name}: fit", None, f"pyDVL {theirs}")
            both = Row(f"{name}: fit + influences", 5, f"pyDVL {theirs}")
            given = {"regularization": DAMPING, "rank": 50} | options
            for _ in range(self.repeats):
                turn = our_turn(self.stated, lambda model, loss, m=mine, g=given: m(model, loss, **g))
                said = self.pydvl.ask(self.path, theirs, given)
                self.pair(fit, turn.fit, said, ("fit",))
                self.pair(both, added(turn.fit, turn.score), said, ("fit", "score"))
            both.note = self.errors(turn.scores, said)
            self.add([fit, both])

    def errors(self, mine: Any, said: dict[str, Any], exact: Any = None) -> str:
        """Both errors against the dense solve, for equal or better."""
        exact = self.exact if exact is None else exact
        yours = f", theirs {apart(said['scores'], exact):.2g}" if "scores" in said else ""
        return f"error {apart(mine, exact):.2g}{yours}"

    def cg(self, tests: int = 20) -> None:
        """CG for a few test points, which is all that pyDVL's can do in a minute."""
        few = self.path.with_name("few.npz")
        stated = trained_digits(few, tests)
        rows = {
            rtol: Row(
                f"CG, {tests} test points, rtol {rtol:g}", 5, "pyDVL CG, solve_simultaneously, rtol 1e-4"
            )
            for rtol in (1e-4, 1e-6)  # pyDVL's goes far below what it was asked for: to float32's rounding
        }
        exact = self.exact[:tests]
        for _ in range(self.repeats):
            given = {"regularization": DAMPING, "solve_simultaneously": True, "rtol": 1e-4}
            said = self.pydvl.ask(few, "cg", given)
            for rtol, row in rows.items():
                make = lambda model, loss, r=rtol: CgInfluence(model, loss, DAMPING, rtol=r, atol=0.0)
                turn = our_turn(stated, make)
                self.pair(row, added(turn.fit, turn.score), said, ("fit", "score"))
                row.note = self.errors(turn.scores, said, exact)
        self.add(list(rows.values()))

    def bound(self) -> None:
        """Scores from stored gradients beside the bare product of the same shapes."""
        self.add(gemm_rows(self.stated, self.repeats * 3))
        large = wide(2000, 200, self.path.with_name("wide.npz"))
        self.add(gemm_rows(large, 3))
        self.add(separable_rows(large, 3))

    def wide(self) -> None:
        """EKFAC on a larger network, fit and influences, beside pyDVL and kronfluence."""
        path = self.path.with_name("wide_few.npz")
        stated = wide(1000, 100, path)
        size = "784-128-10, 1,000 x 100"
        fit = Row(f"EKFAC, {size}: fit", None, "pyDVL EKFAC (update_diagonal)")
        both = Row(f"EKFAC, {size}: fit + influences", None, "pyDVL EKFAC (update_diagonal)")
        kron = Row(f"EKFAC, {size}: fit + influences", None, "kronfluence EKFAC")
        later = Row(f"EKFAC, {size}: a second set of test points", None, "kronfluence EKFAC")
        make = lambda model, loss: EkfacInfluence(
            model, update_diagonal=True, loss=loss, regularization=DAMPING
        )
        options = {"hessian_regularization": DAMPING, "update_diagonal": True}
        for _ in range(min(self.repeats, 3)):
            turn = our_turn(stated, make)
            said = self.pydvl.ask(path, "ekfac", options)
            self.pair(fit, turn.fit, said, ("fit",))
            self.pair(both, added(turn.fit, turn.score), said, ("fit", "score"))
            said = self.kronfluence.ask(path, "ekfac", {"damping_factor": DAMPING}, second=True)
            self.pair(kron, added(turn.fit, turn.score), said, ("fit", "score"))
            self.pair(later, turn.second, said, ("second",))
        self.add([fit, both, kron, later])


def gemm_rows(stated: Stated, repeats: int, device: str = "cpu", tile: int = 4096) -> list[Row]:
    """All scores from factors and stored gradients; the bound is one product of flat matrices."""
    model = EkfacInfluence(stated.model().to(device), update_diagonal=True, regularization=DAMPING)
    model.fit(loader(stated, "train"))
    test = Batches.of(stated.pair("test"))
    store = GradientStore.of(model, stated.pair("train"))
    factors = factors_of(model, test)
    flat, others = factors.flat(), torch.cat([rows.flat() for _, rows in store.tiles(tile)])
    shape = Shape(store.n, len(test))
    where = f"{len(test):,} x {store.n:,} x {flat.shape[1]:,}, {device}"
    scores = Row(f"Scores from factors and the store ({where})", 0.5, "bare product of the same shapes")
    means = Row("The same, streamed into means", 0.5, "bare product of the same shapes")
    for _ in range(repeats):
        yours = timed(lambda: finished(flat @ others.T, device))[1]
        scores.ours.append(
            timed(lambda: finished([model.scores(factors, rows) for _, rows in store.tiles(tile)], device))[1]
        )
        means.ours.append(
            timed(lambda: finished(scan(model, factors, store.tiles(tile), [Moments()], shape), device))[1]
        )
        scores.theirs.append(yours)
        means.theirs.append(yours)
    return [scores, means]


def separable_rows(stated: Stated, repeats: int, ranks: Sequence[int] = (2, 4, 8)) -> list[Row]:
    """The energy-weighted separable scan beside the exact scores, both from stored gradients."""
    model = EkfacInfluence(stated.model(), update_diagonal=True, regularization=DAMPING)
    model.fit(loader(stated, "train"))
    store = GradientStore.of(model, stated.pair("train"))
    tiles = list(store.tiles(4096))
    tests = model.gradients(Batch.of(stated.pair("test")))
    factors = factors_of(model, Batches.of(stated.pair("test")))
    scores, seconds = [], []
    for _ in range(repeats):
        scores, spent = timed(lambda: torch.cat([model.scores(factors, rows) for _, rows in tiles], dim=1))
        seconds.append(spent)
    rows = []
    for rank in ranks:
        separable = SeparableScan(model, tests, tiles[0][1][:500], rank=rank)
        row = Row(f"Separable EKFAC scan, rank {rank}", None, "our exact scores", theirs=seconds)
        for _ in range(repeats):
            found, spent = timed(lambda s=separable: torch.cat([s.scores(rows) for _, rows in tiles], dim=1))
            row.ours.append(spent)
        top = separable.top_of_tests(tiles, 10)[0]
        best = scores.topk(10, dim=1).indices
        hits = (top[:, :, None] == best[:, None]).any(dim=2).float().mean()
        row.note = (
            f"error {apart(found, scores):.3f}; top 10 of each test point after re-scoring: {hits:.1%} found"
        )
        rows.append(row)
    return rows


def wide(n: int, tests: int, path: Path) -> Stated:
    """Digits drawn three times as large on 28 x 28, with noise, and a network 784-128-10 (101,770 parameters)."""
    rng = np.random.default_rng(0)
    images, labels = load_digits(return_X_y=True)
    large = np.pad(np.kron(images.reshape(-1, 8, 8) / 16, np.ones((3, 3))), ((0, 0), (2, 2), (2, 2)))
    data: dict[str, Any] = {}
    for which, size in (("train", n), ("test", tests), ("second", tests)):
        chosen = rng.integers(0, len(large), size)
        data[f"x_{which}"] = large.reshape(-1, 784)[chosen] + rng.normal(0, 0.1, (size, 784))
        data[f"y_{which}"] = labels[chosen]
    spec = Spec((784, 128, 10), "relu")
    torch.manual_seed(0)
    network = spec.network()
    x, y = torch.from_numpy(data["x_train"][:2000]).float(), torch.from_numpy(data["y_train"][:2000])
    search = torch.optim.Adam(network.parameters(), lr=0.003, weight_decay=1e-3)
    for _ in range(60):
        search.zero_grad()
        spec.mean_loss(network(x), y).backward()
        search.step()
    save(path, spec, data, [network.state_dict()])
    return load(path)


def finished(value: Any, device: str) -> Any:
    """The value, once a GPU has really made it."""
    if device.startswith("cuda"):
        torch.cuda.synchronize()
    return value


def on_device(device: str, n: int, tests: int) -> None:
    """Halve the case until it fits, and print our scores beside the bound."""
    print(HEAD)
    while n >= 1000:
        try:
            with tempfile.TemporaryDirectory() as folder:
                for row in gemm_rows(wide(n, tests, Path(folder) / "wide.npz"), 10, device, 8192):
                    print(row.line(), flush=True)
            return
        except torch.OutOfMemoryError:
            torch.cuda.empty_cache()
            n, tests = n // 2, tests // 2
    print("No case fits.")


PAGE = """# Influence: speed

Written by `make bench-influence` (tests/bench/influence_speed.py, which says what is measured) on {date}:
{machine}, one thread; {versions}. {repeats} repeats.

{table}
"""


def main(arguments: Sequence[str] | None = None) -> None:
    """Print the table row by row, and write it down when it is whole."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parts = ["direct", "ekfac", "wide", "low_rank", "cg", "bound"]
    parser.add_argument("--only", nargs="+", choices=parts, default=parts)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--no-peers", action="store_true", help="ours alone")
    parser.add_argument("--device", default="cpu", help="cuda: only our scores against the bound, there")
    parser.add_argument("--large", nargs=2, type=int, default=(50_000, 5_000), metavar=("TRAIN", "TEST"))
    given = parser.parse_args(arguments)
    torch.set_num_threads(1)
    if given.device != "cpu":
        on_device(given.device, *given.large)
        return
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "digits.npz"
        stated = trained_digits(path)
        nowhere = folder if given.no_peers else None
        peers = [Peer("pydvl", nowhere), Peer("kronfluence", nowhere)]
        for peer in peers:
            if peer.missing:
                print(f"{peer.name}: {NOT_MEASURED}: {peer.missing}", file=sys.stderr)
        table = Table(stated, path, peers[0], peers[1], given.repeats)
        print(HEAD, flush=True)
        for part in given.only:
            getattr(table, part)()
        for peer in peers:
            peer.close()
    versions = {"dvlwidgets": dvlwidgets.__version__, "torch": torch.__version__}
    for peer in peers:
        versions |= {
            name if name != "torch" else f"{peer.name}'s torch": v for name, v in peer.versions.items()
        }
    everybody = not any(peer.missing for peer in peers)
    if given.only == parts and everybody and given.repeats >= 5:
        page = PAGE.format(
            date=dt.datetime.now(tz=dt.UTC).date(),
            machine=machine(),
            versions=", ".join(f"{name} {value}" for name, value in versions.items()),
            repeats=given.repeats,
            table="\n".join([HEAD, *(row.line() for row in table.rows)]),
        )
        OUT.write_text(page, encoding="utf-8")


def machine() -> str:
    """The processor, and how many cores of it."""
    info = Path("/proc/cpuinfo")
    names = [
        line.split(":")[1].strip() for line in info.read_text().splitlines() if line.startswith("model name")
    ]
    return f"{names[0] if names else platform.processor()}, {os.cpu_count()} cores"


if __name__ == "__main__":
    main()
