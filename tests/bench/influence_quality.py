"""Do influence scores say what retraining says? Ours and the peers', on the same models and the same truth.

    .venv/bin/python tests/bench/influence_quality.py                 # all: some minutes; writes influence_quality.md
    .venv/bin/python tests/bench/influence_quality.py --data logistic --only EKFAC --no-peers

Three problems (influence_worlds.py): ridge regression of diabetes (n = 300, p = 11), softmax regression of digits
(n = 500, p = 650, one label in twenty wrong), a network 64-8-10 on the same digits (p = 610); 100 test points each.
Every objective is the mean loss + l2 / 2 |theta|^2 and is at its optimum, so what the L2 term adds to the Hessian is
l2 itself: that is the damping "l2", the objective's own. Truth:

* leave-one-out: every point (of all n) is taken away and the model trained to a gradient below 1e-10, from where it
  was. The number is Pearson's correlation, over all (test, train) pairs, of scores / n with the changes of test loss.
* LDS, the linear datamodeling score: 100 random halves, trained by the same recipe (the network: from scratch, five
  seeds each, averaged). Spearman's correlation over halves of minus the test loss with the sum of scores over the half,
  averaged over test points, with its standard error over them.

Peers run in environments of their own (peers_influence.txt) on the same arrays and parameters.
"""

from __future__ import annotations

import argparse
import datetime as dt
import sys
import tempfile
import time
import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
from influence_peers import NOT_MEASURED, Peer
from influence_speed import machine
from influence_truth import correlation, lds
from influence_worlds import WORLDS, World
from torch import nn

import dvlwidgets
from dvlwidgets.influence import (
    ArnoldiInfluence,
    CgInfluence,
    DirectInfluence,
    EkfacInfluence,
    EnsembleInfluence,
    GradCosInfluence,
    GradDotInfluence,
    LissaInfluence,
    NystroemSketchInfluence,
    SequentialInfluenceCalculator,
    TracInInfluence,
    TrakInfluence,
)
from dvlwidgets.influence.damping import recommended_regularization

OUT = Path(__file__).with_name("influence_quality.md")
RANK = 50


@dataclass(frozen=True)
class Cell:
    """How the scores of one method did on one problem."""

    correlation: float
    slope: float
    lds: float
    error: float
    damping: str

    def __str__(self) -> str:
        return f"{self.correlation:.3f} / {self.lds:.3f} ± {self.error:.3f}" + (
            f" ({self.damping})" if self.damping else ""
        )


Made = tuple[Any, str]  # an influence model, and its damping in words


def loss_of(world: World) -> nn.Module:
    """The loss as users write it."""
    return nn.MSELoss() if world.spec.loss == "mse" else nn.CrossEntropyLoss()


def l2(world: World) -> str:
    """The objective's own damping, in words."""
    return f"l2 = {world.spec.l2:g}"


def mean_eigenvalue(model: EkfacInfluence) -> float:
    """Of all layers' curvature together."""
    return float(torch.cat([values.flatten() for values in model.ekfac_representation.diags]).mean())


def ekfac(world: World, network: nn.Module | None = None) -> EkfacInfluence:
    """EKFAC proper, fitted, without damping yet."""
    model = EkfacInfluence(
        world.network() if network is None else network, update_diagonal=True, loss=loss_of(world)
    )
    return model.fit(data(world))


def data(world: World, which: str = "train") -> tuple[torch.Tensor, torch.Tensor]:
    """Training or test points in the precision of models."""
    x, y = (world.model.x, world.model.y) if which == "train" else (world.x_test, world.y_test)
    return x.float(), y if y.dtype == torch.int64 else y.float()


def recommended(world: World) -> Made:
    """EKFAC with what the library recommends after a look at the data."""
    model = ekfac(world)
    value = recommended_regularization(model, data(world, "test"), data(world))
    return model.with_regularization(value), in_words(value)


def guessed(world: World) -> Made:
    """EKFAC with the library's guess without data: a number for each layer."""
    model = ekfac(world)
    value = recommended_regularization(model)
    return model.with_regularization(value), in_words(value)


def direct_recommended(world: World) -> Made:
    """The exact Hessian with what the library recommends."""
    model = DirectInfluence(world.network(), loss_of(world), regularization=world.spec.l2).fit(data(world))
    value = recommended_regularization(model, data(world, "test"), data(world))
    return model.with_regularization(value), in_words(value)


def in_words(value: Any) -> str:
    """A damping, or one for each layer, in a few words."""
    if isinstance(value, Mapping):
        return " ".join(f"{number:.2g}" for number in value.values())
    return f"{value:.2g}"


def with_mean(share: float) -> Callable[[World], Made]:
    """EKFAC with a share of the mean eigenvalue."""

    def make(world: World) -> Made:
        model = ekfac(world)
        value = share * mean_eigenvalue(model)
        return model.with_regularization(value), f"{value:.2g}"

    return make


def ensemble(share: float) -> Callable[[World], Made]:
    """EKFAC over models that were trained on ten other halves."""

    def make(world: World) -> Made:
        members = []
        for place in range(len(world.checkpoints)):
            member = ekfac(world, world.network(place))
            members.append(member.with_regularization(share * mean_eigenvalue(member)))
        return EnsembleInfluence(members), ""

    return make


def fixed(value: float) -> Callable[[World], Made]:
    """EKFAC with a peer's damping."""
    return lambda world: (ekfac(world).with_regularization(value), f"{value:g}")


def exact(make: Callable[[World, nn.Module, float], Any]) -> Callable[[World], Made]:
    """Methods with the objective's own damping."""
    return lambda world: (make(world, loss_of(world), world.spec.l2).fit(data(world)), l2(world))


def cheap(make: Callable[[World, nn.Module], Any]) -> Callable[[World], Made]:
    """Methods without damping."""
    return lambda world: (make(world, loss_of(world)).fit(data(world)), "")


def states(world: World) -> list[nn.Module]:
    """Models that were trained on ten other halves."""
    return [world.network(place) for place in range(len(world.checkpoints))]


OURS: dict[str, Callable[[World], Made]] = {
    "Direct, Hessian": exact(lambda w, loss, reg: DirectInfluence(w.network(), loss, regularization=reg)),
    "Direct, Gauss-Newton": exact(
        lambda w, loss, reg: DirectInfluence(
            w.network(), loss, regularization=reg, second_order_mode="gauss_newton"
        )
    ),
    "Direct, empirical Fisher": exact(
        lambda w, loss, reg: DirectInfluence(
            w.network(), loss, regularization=reg, second_order_mode="empirical_fisher"
        )
    ),
    "CG": exact(lambda w, loss, reg: CgInfluence(w.network(), loss, regularization=reg)),
    "LiSSA": exact(lambda w, loss, reg: LissaInfluence(w.network(), loss, regularization=reg, scale=None)),
    f"Arnoldi, rank {RANK}": exact(
        lambda w, loss, reg: ArnoldiInfluence(w.network(), loss, regularization=reg, rank=rank(w))
    ),
    f"Nystroem, rank {RANK}": exact(
        lambda w, loss, reg: NystroemSketchInfluence(w.network(), loss, regularization=reg, rank=rank(w))
    ),
    "Direct, Hessian, recommended damping": direct_recommended,
    "EKFAC, recommended damping": recommended,
    "EKFAC, recommended without data": guessed,
    "EKFAC, l2": lambda world: (ekfac(world).with_regularization(world.spec.l2), l2(world)),
    "EKFAC, mean eigenvalue": with_mean(1.0),
    "EKFAC, a tenth of it (kronfluence's None)": with_mean(0.1),
    "EKFAC, 1e-8 (kronfluence's default)": fixed(1e-8),
    "EKFAC, ensemble of 10, a tenth of the mean eigenvalue": ensemble(0.1),
    "Grad-Dot": cheap(lambda w, loss: GradDotInfluence(w.network(), loss)),
    "Grad-Cos": cheap(lambda w, loss: GradCosInfluence(w.network(), loss)),
    "TracIn, 10 checkpoints": cheap(lambda w, loss: TracInInfluence(w.network(), loss, states(w))),
    "TRAK, 1 checkpoint": cheap(lambda w, loss: TrakInfluence(w.network(), loss, projection=width(w))),
    "TRAK, 10 checkpoints": cheap(
        lambda w, loss: TrakInfluence(w.network(), loss, states(w), projection=width(w))
    ),
}


def rank(world: World) -> int:
    """Of low-rank methods: all of a tiny problem."""
    return min(RANK, len(world.theta) - 1)


def width(world: World) -> int:
    """Numbers that TRAK projects to."""
    return min(256, len(world.theta))


@dataclass(frozen=True)
class Asked:
    """A peer's job on every problem; options and damping in words may depend on the problem."""

    peer: str
    method: str
    options: Callable[[World], dict[str, Any]] = lambda world: {}
    damping: Callable[[World], str] = lambda world: ""
    job: dict[str, Any] = field(default_factory=dict)
    labels_only: bool = False


WHOLE = {"train_chunk": 500, "test_chunk": 100}  # one chunk: the quality is the same, and it ends sooner
own = lambda key, **more: lambda world: {key: world.spec.l2} | more
ranked = lambda key, name: lambda world: {key: world.spec.l2, name: rank(world)}

THEIRS: dict[str, Asked] = {
    "pyDVL Direct, Hessian": Asked("pydvl", "direct", own("regularization"), l2, WHOLE),
    "pyDVL CG": Asked("pydvl", "cg", own("regularization", solve_simultaneously=True, rtol=1e-2), l2, WHOLE),
    "pyDVL LiSSA": Asked("pydvl", "lissa", own("regularization", maxiter=300), l2, WHOLE),
    f"pyDVL Arnoldi, rank {RANK}": Asked("pydvl", "arnoldi", ranked("regularization", "rank"), l2, WHOLE),
    f"pyDVL Nystroem, rank {RANK}": Asked("pydvl", "nystroem", ranked("regularization", "rank"), l2, WHOLE),
    "pyDVL EKFAC, l2": Asked(
        "pydvl", "ekfac", own("hessian_regularization", update_diagonal=True), l2, labels_only=True
    ),
    "pyDVL EKFAC, default (0)": Asked(
        "pydvl", "ekfac", lambda w: {"update_diagonal": True}, lambda w: "0", labels_only=True
    ),
    "kronfluence EKFAC, default (1e-8)": Asked("kronfluence", "ekfac", damping=lambda w: "1e-8"),
    "kronfluence EKFAC, None (0.1 mean)": Asked(
        "kronfluence", "ekfac", lambda w: {"damping_factor": None}, lambda w: "0.1 mean"
    ),
    "kronfluence EKFAC, l2": Asked("kronfluence", "ekfac", own("damping_factor"), l2),
    "kronfluence EKFAC, our recommended damping": Asked("kronfluence", "ekfac"),
    "dattri explicit": Asked("dattri", "explicit", own("regularization"), l2, WHOLE),
    "dattri CG": Asked("dattri", "cg", own("regularization", max_iter=50), l2, WHOLE),
    "dattri LiSSA": Asked(
        "dattri",
        "lissa",
        lambda w: {"damping": w.spec.l2, "recursion_depth": 300, "scaling": 50.0, "batch_size": 50},
        l2,
        WHOLE,
    ),
    "dattri Arnoldi, 50": Asked("dattri", "arnoldi", ranked("regularization", "proj_dim"), l2, WHOLE),
    "dattri DataInf": Asked("dattri", "datainf", own("regularization"), l2, WHOLE),
    "dattri EKFAC, l2": Asked("dattri", "ekfac", own("damping"), l2),
    "dattri EKFAC, default (0)": Asked("dattri", "ekfac", damping=lambda w: "0"),
    "dattri Grad-Dot": Asked("dattri", "tracin", lambda w: {"normalized_grad": False}),
    "dattri Grad-Cos": Asked("dattri", "tracin", lambda w: {"normalized_grad": True}),
    "dattri TracIn, 10 checkpoints": Asked(
        "dattri", "tracin", lambda w: {"normalized_grad": False}, job={"checkpoints": 10}
    ),
    "dattri TRAK, 1 checkpoint": Asked(
        "dattri", "trak", lambda w: {"projector_kwargs": {"proj_dim": width(w)}}, labels_only=True
    ),
    "dattri TRAK, 10 checkpoints": Asked(
        "dattri",
        "trak",
        lambda w: {"projector_kwargs": {"proj_dim": width(w)}},
        job={"checkpoints": 10},
        labels_only=True,
    ),
}


def judged(scores: Any, world: World, damping: str) -> Cell | str:
    """Scores (tests, n) against the truth."""
    scores = np.asarray(scores, float)
    if not np.isfinite(scores).all():
        return "not finite"
    found, slope = correlation(scores / scores.shape[1], world.changes)
    return Cell(found, slope, *lds(scores, world.subsets, world.losses), damping)


def ours(name: str, world: World) -> Cell | str:
    """One of our methods on one problem."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model, damping = OURS[name](world)
        lazy = SequentialInfluenceCalculator(model).influences(data(world, "test"), data(world))
        scores = torch.cat([torch.cat(list(row), dim=1) for row in lazy.compute()])
    return judged(scores, world, damping)


def theirs(asked: Asked, peer: Peer, world: World, path: Path, damping: float) -> Cell | str:
    """A peer's method on one problem."""
    if asked.labels_only and world.spec.loss == "mse":
        return "-"
    options, words = asked.options(world), asked.damping(world)
    if not options and not words and asked.peer == "kronfluence":
        options, words = {"damping_factor": damping}, f"{damping:.2g}"
    # checkpoint 0 of the file is the explained model; a list of ten starts after it
    said = peer.ask(path, asked.method, options, **asked.job)
    return said["error"] if "error" in said else judged(said["scores"], world, words)


def table(cells: Mapping[str, Mapping[str, Cell | str]], names: Sequence[str]) -> str:
    """Rows of methods, columns of problems."""
    lines = ["| method | " + " | ".join(names) + " |", "| --- |" + " --- |" * len(names)]
    lines += [
        f"| {method} | " + " | ".join(str(row.get(n, "")) for n in names) + " |"
        for method, row in cells.items()
    ]
    return "\n".join(lines)


PAGE = """# Influence: quality

Written by `make bench-influence` (tests/bench/influence_quality.py, which says the protocol) on {date}:
{machine}; {versions}. Each cell: leave-one-out correlation / LDS ± its standard error over test points (damping).
Slopes of the changes of loss by Direct's scores / n: {slopes}. TRAK's scores (dattri's) are of the margin,
not the loss, and each row has its own scale there, which lowers a correlation over all pairs but not the LDS.
dattri's EKFAC takes weights and biases for one matrix in an order that mixes them (its layers without a bias come
out right), CG divides by zero once it has converged, and pyDVL's EKFAC has zero eigenvalues without damping.
With ridge regression the ensembles' and checkpoints' models are the optima on ten other halves, as everywhere.

## Ours

{ours}

## Peers

{theirs}
"""


def main(arguments: Sequence[str] | None = None) -> None:
    """Print cells as they come, and write the page when it is whole."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", nargs="+", choices=list(WORLDS), default=list(WORLDS))
    parser.add_argument("--only", default="", help="methods whose name holds this")
    parser.add_argument("--no-peers", action="store_true", help="ours alone")
    given = parser.parse_args(arguments)
    torch.set_num_threads(1)
    mine: dict[str, dict[str, Cell | str]] = {name: {} for name in OURS if given.only in name}
    yours: dict[str, dict[str, Cell | str]] = {
        name: {} for name in THEIRS if given.only in name and not given.no_peers
    }
    peers = {} if given.no_peers else {name: Peer(name) for name in ("pydvl", "kronfluence", "dattri")}
    for peer in peers.values():
        if peer.missing:
            print(f"{peer.name}: {NOT_MEASURED}: {peer.missing}", file=sys.stderr)
    with tempfile.TemporaryDirectory() as folder:
        for name in given.data:
            world = WORLDS[name]()
            path = Path(folder) / f"{name}.npz"
            world.write(path)
            for method in mine:
                said(mine, method, name, lambda m=method, w=world: ours(m, w))
            damping = common_damping(world)
            for method in yours:
                asked = THEIRS[method]
                call = lambda a=asked, w=world, p=path, d=damping: theirs(a, peers[a.peer], w, p, d)
                said(yours, method, name, call)
    for peer in peers.values():
        peer.close()
    everybody = bool(peers) and not any(peer.missing for peer in peers.values())
    if everybody and not given.only and given.data == list(WORLDS):
        OUT.write_text(page(mine, yours, peers, given.data), encoding="utf-8")


def common_damping(world: World) -> float:
    """Our recommendation as one number for a library that takes one."""
    value = recommended_regularization(ekfac(world), data(world, "test"), data(world))
    return float(np.mean(list(value.values()))) if isinstance(value, Mapping) else value


def said(
    cells: dict[str, dict[str, Cell | str]], method: str, name: str, call: Callable[[], Cell | str]
) -> None:
    """Fill a cell and print it."""
    since = time.perf_counter()
    cells[method][name] = call()
    print(f"{name}, {method}: {cells[method][name]}, {time.perf_counter() - since:.1f} s", flush=True)


def page(
    mine: Mapping[str, Mapping[str, Cell | str]],
    yours: Mapping[str, Mapping[str, Cell | str]],
    peers: Mapping[str, Peer],
    names: Sequence[str],
) -> str:
    """The file of the tables."""
    versions = {"dvlwidgets": dvlwidgets.__version__, "torch": str(torch.__version__)}
    for peer in peers.values():
        versions |= {k if k != "torch" else f"{peer.name}'s torch": v for k, v in peer.versions.items()}
    slopes = [(name, mine["Direct, Hessian"][name]) for name in names]
    return PAGE.format(
        date=dt.datetime.now(tz=dt.UTC).date(),
        machine=machine(),
        versions=", ".join(f"{name} {value}" for name, value in versions.items()),
        slopes=", ".join(f"{name} {cell.slope:.2f}" for name, cell in slopes if isinstance(cell, Cell)),
        ours=table(mine, names),
        theirs=table(yours, names),
    )


if __name__ == "__main__":
    main()
