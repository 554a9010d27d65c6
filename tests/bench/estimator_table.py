"""How far from the Shapley values after so many evaluations? All our samplers, beside antithetic permutations.

    .venv/bin/python tests/bench/estimator_table.py 14          # n = 14: truth by enumeration
    .venv/bin/python tests/bench/estimator_table.py 100         # n = 100: truth by 120,000 evaluations
    make bench-estimators                                       # both; writes estimator_table.md

Each entry is a mean over real games (`real_games.py`) of the ratio of mean squared errors, over 20 runs, to that of
antithetic permutations, the best of pyDVL's samplers here (`peers.py` shows that ours and pyDVL's are as good).
"""

from __future__ import annotations

import os

os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import argparse
import sys
import time
import warnings
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

sys.path.insert(0, str(Path(__file__).parent))
sys.path.insert(0, str(Path(__file__).parents[1]))
from oracles import all_masks, semivalue_by_enumeration
from real_games import RealGame, real_games

import dvlwidgets as dvl
from dvlwidgets.engine.records import Estimate
from dvlwidgets.utility.bound import First
from dvlwidgets.utility.function import FunctionUtility
from dvlwidgets.valuation.semivalue import shapley_law
from dvlwidgets.valuation.subset_job import SubsetJob

BASE = "antithetic permutations"
OURS = "MSR, regression-adjusted (default)"
DEAF = "MSR, the same without neighbours' votes"
BUDGETS = {14: (130, 320, 2000), 100: (1000, 2000, 10000)}
OUT = Path(__file__).with_suffix(".md")
REFERENCE_RUNS, REFERENCE_ROWS = 6, 20_000


def samplers(n: int) -> dict[str, Any]:
    """What is compared; at n = 100 only what stands a chance."""
    some = {
        BASE: dvl.AntitheticPermutationSampler(),
        OURS: dvl.MSRSampler(),
        DEAF: dvl.MSRSampler(),
        "MSR, strata alone": dvl.MSRSampler(adjusted=False),
    }
    if n <= 20:
        some |= {
            "permutations": dvl.PermutationSampler(),
            "uniform": dvl.UniformSampler(),
            "antithetic": dvl.AntitheticSampler(),
            "stratified permutations, harmonic": dvl.StratifiedPermutationSampler(
                dvl.HarmonicSampleSize(n_samples=150)
            ),
            "Owen, 7 nodes": dvl.OwenSampler(dvl.GridOwenStrategy(7), n_samples_inner=10),
        }
    return some


class Errors:
    """Squared errors of a sampler on a game after each budget."""

    def __init__(self, game: Any, truth: NDArray[np.float64], noise: float, budgets: tuple[int, ...]) -> None:
        self.truth, self.noise, self.budgets, self.votes = truth, noise, budgets, game.votes()
        self.remembered = Remembered(game)

    def run(self, label: str, sampler: Any, seed: int) -> tuple[list[float], list[float]]:
        """(mean squared error, share of covering 95 % intervals) at each budget."""
        errors, covers = [], []
        heard = self.votes if label == OURS else None
        for e in estimates(self.remembered, sampler, seed, self.budgets, heard):
            errors.append(float(np.nanmean((e.values - self.truth) ** 2)) - self.noise)
            covers.append(float((np.abs(e.values - self.truth) <= 1.96 * e.stderr).mean()))
        return errors, covers


def estimates(
    game: Any, sampler: Any, seed: int, budgets: tuple[int, ...], votes: Any = None
) -> list[Estimate]:
    """What a sampler says after each budget of evaluations; subsets that it leaves out are not counted."""
    law = shapley_law(game.n)
    job = SubsetJob(
        FunctionUtility(game).with_dataset(range(game.n)), sampler.bind(game.n, law, seed, "Shapley")
    )
    if votes is not None:
        job.sampler = replace(job.sampler, votes=votes)
    stats = job.initial(First(np.array([game.empty]), np.array([game.full]), 0.0))
    spent, step, found = 0, 0, []
    for budget in budgets:
        while (job.total_steps is None or step < job.total_steps) and spent + job.rows(step) <= budget:
            payload = job.task(job.plan(stats), step, 0, job.rows(step))
            stats = job.fold(stats, step, payload)
            spent, step = spent + job.tally(payload)[0], step + 1
        found.append(job.estimate(stats))
    return found


def truth_of(game: Any) -> tuple[Any, NDArray[np.float64], float]:
    """(the game, its Shapley values, the squared error of these)."""
    if game.n <= 20:
        scores = game(all_masks(game.n))
        table = Table(game, scores)
        return table, semivalue_by_enumeration(table, shapley_law(game.n)), 0.0
    runs = range(9_000, 9_000 + REFERENCE_RUNS)
    votes = game.votes()
    found = np.array([estimates(game, dvl.MSRSampler(), r, (REFERENCE_ROWS,), votes)[0].values for r in runs])
    return game, found.mean(axis=0), float(found.var(axis=0, ddof=1).mean() / REFERENCE_RUNS)


class Remembered:
    """A game that scores the same batch of subsets once: the MSR rows draw the same ones."""

    def __init__(self, game: Any) -> None:
        self.game, self.n, self.empty, self.full = game, game.n, game.empty, game.full
        self.known: dict[int, NDArray[np.float64]] = {}

    def __call__(self, masks: Any) -> Any:
        key = hash(np.packbits(masks).tobytes())
        if key not in self.known:
            self.known[key] = self.game(masks)
        return self.known[key]


class Table:
    """A game looked up."""

    def __init__(self, game: Any, scores: NDArray[np.float64]) -> None:
        self.n, self.scores, self.empty, self.full = game.n, scores, game.empty, game.full
        self.votes = game.votes

    def __call__(self, masks: Any) -> Any:
        return self.scores[masks @ (1 << np.arange(self.n))]


def measure(n: int, runs: int) -> list[str]:
    """The table's lines for n points."""
    budgets, ratios, covers = BUDGETS[n], {}, {}
    for name, score in real_games():
        if n > 50 and name == "iris":
            continue  # it has 100 points in all
        began = time.perf_counter()
        game, truth, noise = truth_of(RealGame(name, score, n))
        errors = Errors(game, truth, noise, budgets)
        found = {
            label: [errors.run(label, s, seed) for seed in range(runs)] for label, s in samplers(n).items()
        }
        mean = {label: np.mean([e for e, _ in each], axis=0) for label, each in found.items()}
        for label, each in found.items():
            ratios.setdefault(label, []).append(mean[label] / mean[BASE])
            covers.setdefault(label, []).append(np.mean([c for _, c in each], axis=0))
        ours = ratios[OURS][-1]
        print(f"{name} {score}: {ours.round(3)} of {BASE}, {time.perf_counter() - began:.0f} s", flush=True)
    head = " | ".join(f"{b:,} evaluations" for b in budgets)
    lines = [
        f"| n = {n} | {head} | worst game at {budgets[-1]:,} | 95 % intervals cover |",
        "|---" * (len(budgets) + 3) + "|",
    ]
    for label, found_ratios in ratios.items():
        each = np.array(found_ratios)
        cells = " | ".join(f"{v:.2f}" for v in each.mean(axis=0))
        lines.append(
            f"| {label} | {cells} | {each[:, -1].max():.2f} | {np.mean(covers[label], axis=0)[-1]:.0%} |"
        )
    return lines


def main() -> None:
    """Print the tables; with all sizes, write them too."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("n", nargs="*", type=int, default=[14, 100], help="14 or 100")
    parser.add_argument("--runs", type=int, default=20)
    arguments = parser.parse_args()
    warnings.simplefilter("ignore")
    tables = ["\n".join(measure(n, arguments.runs)) for n in arguments.n]
    text = (
        "Mean squared error of Shapley values as a share of that of antithetic permutations, mean over real games\n"
        f"({arguments.runs} runs each; `make bench-estimators`).\n\n" + "\n\n".join(tables) + "\n"
    )
    print(text)
    if arguments.n == [14, 100]:
        OUT.write_text(text)


if __name__ == "__main__":
    main()
