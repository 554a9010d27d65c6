"""Which method finds wrong labels? 20 % label noise on four data sets, five seeds, every method that claims to.

    .venv/bin/python tests/bench/label_noise.py                       # all of it: about half an hour on one core
    make bench-labels                                                 # the same
    .venv/bin/python tests/bench/label_noise.py --only KNN --data iris wine

The protocol: labels of 20 % of the training points are changed to another class; features are standardised by the
training set; at most 300 clean points to validate on, for the methods that use them. The three numbers are the
precision among as many lowest values as there are wrong labels, the average precision, and the F1 of an exact
two-means split of the values. Without `--only` and `--data` the table is also written to label_noise.md.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import astuple, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.ensemble import BaggingClassifier, RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.neighbors import KNeighborsClassifier, NearestNeighbors, RadiusNeighborsClassifier

import dvlwidgets as dvl
from dvlwidgets.data.examples import load_split
from dvlwidgets.evaluation import DetectionScores, detection_scores

SIZES = {"iris": 90, "wine": 100, "breast_cancer": 300, "digits": 1000}
"""Training points of each data set."""
SEEDS = 5
REFERENCE_SEEDS = 20
"""Five seeds leave a standard error of .01 to .04: too much to compare with other people's five."""
NOISE = 0.2
VALIDATION = 300
OUT = Path(__file__).with_suffix(".md")


@dataclass(frozen=True)
class Task:
    """One data set with its noise, and clean points to validate on."""

    name: str
    seed: int
    train: dvl.Dataset
    val: dvl.Dataset
    wrong: Any

    @property
    def evaluations(self) -> int:
        """What methods that sample subsets may spend."""
        return 20 * len(self.train)


def make_task(name: str, seed: int) -> Task:
    """The data set of one seed."""
    split = load_split(name, n_train=SIZES[name], flip=NOISE, seed=seed)
    x = np.concatenate([split.val.x, split.test.x])[:VALIDATION]
    y = np.concatenate([split.val.y, split.test.y])[:VALIDATION]
    return Task(name, seed, split.train, dvl.Dataset(x, y), split.flipped)


def logistic() -> Any:
    return LogisticRegression(max_iter=2000)


def forest(task: Task, **kwargs: Any) -> Any:
    return RandomForestClassifier(200, random_state=task.seed, **kwargs)


def neighbours(**kwargs: Any) -> Any:
    return KNeighborsClassifier(5, **kwargs)


def by_probability(task: Task) -> Any:
    """A smooth score: the mean probability of the right class."""
    return dvl.Utility(logistic(), dvl.SupervisedScorer("probability", task.val), show_warnings=False)


def enough(task: Task, sampler: Any) -> Any:
    return dvl.MaxSamples(sampler, task.evaluations)


def sampled(method: Callable[..., Any], sampler: Callable[..., Any], **kwargs: Any) -> Callable[[Task], Any]:
    """A method that fits models on subsets."""

    def make(task: Task) -> Any:
        draws = sampler(seed=task.seed)
        return method(by_probability(task), draws, enough(task, draws), show_warnings=False, **kwargs)

    return make


def within_reach(task: Task) -> Any:
    """A radius that gives half of the validation points ten neighbours or more."""
    near = NearestNeighbors(n_neighbors=10).fit(task.train.x)
    radius = float(np.median(near.kneighbors(task.val.x)[0][:, -1]))
    return dvl.ThresholdKNNShapleyValuation(RadiusNeighborsClassifier(radius), task.val)


def bagged(task: Task) -> Any:
    return BaggingClassifier(logistic(), 100, max_samples=0.5, random_state=task.seed)


METHODS: dict[str, Callable[[Task], Any]] = {
    "KNN-Shapley, k = 5": lambda t: dvl.KNNShapleyValuation(neighbours(), t.val, progress=False),
    "Soft-label KNN-Shapley": lambda t: dvl.SoftLabelKNNShapleyValuation(neighbours(), t.val),
    "Calibrated KNN-Shapley": lambda t: dvl.CalibratedKNNShapleyValuation(neighbours(), t.val),
    "Threshold KNN-Shapley": within_reach,
    "Weighted KNN-Shapley": lambda t: dvl.WeightedKNNShapleyValuation(neighbours(weights="distance"), t.val),
    "Data-OOB, forest of 200": lambda t: dvl.DataOOBValuation(forest(t, max_samples=0.5), seed=t.seed),
    "Data-OOB, 100 bagged logistic": lambda t: dvl.DataOOBValuation(bagged(t), seed=t.seed),
    "Self-confidence, logistic": lambda t: dvl.SelfConfidenceValuation(logistic(), seed=t.seed),
    "Self-confidence, forest": lambda t: dvl.SelfConfidenceValuation(forest(t), seed=t.seed),
    "Margin, forest": lambda t: dvl.SelfConfidenceValuation(forest(t), score="margin", seed=t.seed),
    "Leave-one-out, closed form": lambda t: dvl.ClosedFormLOOValuation(by_probability(t)),
    "Shapley, subsets": sampled(dvl.ShapleyValuation, dvl.MSRSampler),
    "Shapley, permutations": sampled(dvl.ShapleyValuation, dvl.PermutationSampler),
    "Beta(4, 1) Shapley, subsets": sampled(dvl.BetaShapleyValuation, dvl.MSRSampler, alpha=4, beta=1),
    "Banzhaf, subsets": sampled(dvl.BanzhafValuation, dvl.MSRSampler),
    "Random": lambda t: dvl.RandomValuation(random_state=t.seed),
}

SAMPLED = [name for name in METHODS if name.endswith(("subsets", "permutations"))]
LEFT_OUT = {(method, "digits") for method in SAMPLED}
"""20,000 fits a seed would take hours."""

REFERENCE = {
    "KNN-Shapley, k = 5": {
        "iris": (0.922, 0.977, 0.891),
        "wine": (0.950, 0.995, 0.904),
        "breast_cancer": (0.913, 0.967, 0.842),
        "digits": (0.928, 0.980, 0.931),
    },
    "Data-OOB, forest of 200": {
        "iris": (0.889, 0.939, 0.789),
        "wine": (0.930, 0.976, 0.815),
        "breast_cancer": (0.857, 0.940, 0.812),
        "digits": (0.964, 0.992, 0.738),
    },
    "Data-OOB, 100 bagged logistic": {
        "iris": (0.822, 0.838, 0.725),
        "wine": (0.860, 0.921, 0.737),
        "breast_cancer": (0.863, 0.916, 0.811),
    },
    "Self-confidence, logistic": {
        "iris": (0.789, 0.870, 0.720),
        "wine": (0.820, 0.885, 0.699),
        "breast_cancer": (0.843, 0.878, 0.774),
        "digits": (0.859, 0.912, 0.695),
    },
    "Self-confidence, forest": {
        "iris": (0.844, 0.908, 0.710),
        "wine": (0.890, 0.956, 0.784),
        "breast_cancer": (0.857, 0.926, 0.773),
        "digits": (0.956, 0.991, 0.719),
    },
}
"""What sketches of the same methods reached in the project's preparation, on other draws of noise and split."""


@dataclass(frozen=True)
class Cell:
    """A method on a data set: one row of scores a seed, and what they cost."""

    scores: Any
    seconds: float

    @property
    def mean(self) -> DetectionScores:
        """Over the first five seeds, as in the table."""
        return DetectionScores(*(float(m) for m in self.scores[:SEEDS].mean(axis=0)))


def score(method: str, name: str, seeds: Iterable[int]) -> Cell:
    """Value the training points with several seeds and compare with what is known to be wrong."""
    found, start = [], time.perf_counter()
    for seed in seeds:
        task = make_task(name, seed)
        result = METHODS[method](task).fit(task.train).values()
        values = np.empty(len(task.train))
        values[result.indices] = result.values
        found.append(astuple(detection_scores(values, task.wrong)))
    return Cell(np.array(found), (time.perf_counter() - start) / len(found))


def table(cells: dict[tuple[str, str], Cell]) -> str:
    """Methods down, data sets across; the best precision of each data set in bold."""
    names = list(dict.fromkeys(name for _, name in cells))
    methods = list(dict.fromkeys(method for method, _ in cells))
    best = {name: max(c.mean.precision for (_, n), c in cells.items() if n == name) for name in names}
    lines = ["| method | " + " | ".join(f"{name} ({SIZES[name]})" for name in names) + " |"]
    lines.append("| --- |" + " --- |" * len(names))
    for method in methods:
        row = []
        for name in names:
            cell = cells.get((method, name))
            if cell is None:
                row.append("-")
                continue
            precision, average, f1 = astuple(cell.mean)
            first = f"**{precision:.3f}**" if precision == best[name] else f"{precision:.3f}"
            row.append(f"{first} / {average:.3f} / {f1:.3f} ({cell.seconds:.2g} s)")
        lines.append(f"| {method} | " + " | ".join(row) + " |")
    return "\n".join(lines)


def beside_reference(cells: dict[tuple[str, str], Cell]) -> str:
    """Our means over more seeds minus the references, in points and in standard errors of the difference."""
    lines = [
        "| method | data | precision | average precision | F1 |",
        "| --- | --- | --- | --- | --- |",
    ]
    apart: list[float] = []
    for (method, name), cell in cells.items():
        reference = REFERENCE.get(method, {}).get(name)
        if reference is None or len(cell.scores) < 2:
            continue
        ours, spread = cell.scores.mean(axis=0), cell.scores.std(axis=0, ddof=1)
        error = spread * np.sqrt(1 / len(cell.scores) + 1 / SEEDS)  # theirs are means of five
        apart += ((ours - reference) / error).tolist()
        row = [
            f"{o:.3f} ({o - r:+.3f}, {(o - r) / e:+.1f} se)"
            for o, r, e in zip(ours, reference, error, strict=True)
        ]
        lines.append(f"| {method} | {name} | " + " | ".join(row) + " |")
    if not apart:
        return "Nothing of this was run."
    low, high, mean = min(apart), max(apart), np.mean(apart)
    lines.append(
        f"\nThe {len(apart)} differences lie between {low:+.1f} and {high:+.1f} standard errors, mean {mean:+.2f}."
    )
    return "\n".join(lines)


PAGE = """# Label noise: which method finds wrong labels?

Written by `make bench-labels` (tests/bench/label_noise.py), which says the protocol. Each cell: precision among as
many lowest values as there are wrong labels / average precision / F1 of an exact two-means split, means over {seeds}
seeds; in brackets the seconds of one run, whatever else the machine did. Methods that fit models on subsets spend 20
evaluations a point on a logistic regression that is scored by the probability of the right label. They,
leave-one-out and the KNN family see clean validation labels; Data-OOB and self-confidence do not.

{table}

## Beside the reference

Sketches of the same methods, on five other draws of split and noise, gave the reference numbers of the project's
preparation. Ours here are means over {reference_seeds} seeds, with the difference in points and in standard errors of
the difference:

{reference}
"""


def main(arguments: Sequence[str] | None = None) -> None:
    """Print the tables, and write them down when they are whole."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", nargs="+", choices=list(SIZES), default=list(SIZES))
    parser.add_argument("--only", default="", help="methods whose name holds this")
    parser.add_argument("--seeds", type=int, help="other than 5, or 20 where there is a reference")
    parser.add_argument("--keep", type=Path, help="a file that keeps what is done, for the next time")
    given = parser.parse_args(arguments)
    cells: dict[tuple[str, str], Cell] = {}
    kept = json.loads(given.keep.read_text()) if given.keep is not None and given.keep.exists() else {}
    for method in [m for m in METHODS if given.only.lower() in m.lower()]:
        for name in given.data:
            if (method, name) in LEFT_OUT:
                continue
            seeds = REFERENCE_SEEDS if name in REFERENCE.get(method, {}) else SEEDS
            known = kept.get(f"{method}: {name}")
            cell = (
                Cell(np.array(known[0]), known[1])
                if known
                else score(method, name, range(given.seeds or seeds))
            )
            cells[method, name] = cell
            if given.keep is not None:
                kept[f"{method}: {name}"] = cell.scores.tolist(), cell.seconds
                given.keep.write_text(json.dumps(kept))
            print(f"{method}, {name}: {cell.mean}, {cell.seconds:.1f} s", flush=True)
    parts = {"table": table(cells), "reference": beside_reference(cells)}
    page = PAGE.format(seeds=SEEDS, reference_seeds=REFERENCE_SEEDS, **parts)
    print(page)
    if not given.only and not given.seeds and given.data == list(SIZES):
        OUT.write_text(page, encoding="utf-8")


if __name__ == "__main__":
    main()
