"""What do the votes of neighbours say of a score? Printed: the share of the variance within sizes that is left over.

    .venv/bin/python tests/bench/votes_say.py          # a minute

A ridge regression on 6,000 random subsets of 100 points predicts 2,000 others; rows are weighted as the Shapley value
weighs their size. Columns: memberships alone, with the votes of K = 3 neighbours, with those of K = 1, 3, 7 and 15.
"""

from __future__ import annotations

import os

os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import sys
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parent))
from real_games import RealGame, real_games
from sklearn.linear_model import RidgeCV

from dvlwidgets import MSRSampler
from dvlwidgets.utility.votes import NEIGHBOURS
from dvlwidgets.valuation.semivalue import shapley_law

N, LEARNED, ROWS = 100, 6_000, 8_000


def main() -> None:
    """One line a game."""
    bound = MSRSampler(adjusted=False).bind(N, shapley_law(N), 5, "Shapley")
    masks = np.concatenate([bound.masks(step) for step in range(ROWS // 64)])
    size = masks.sum(axis=1)
    weight = 1.0 / size + 1.0 / (N - size)
    seen, new = slice(0, LEARNED), slice(LEARNED, None)
    level = np.eye(N + 1)[size]
    centred = masks - (size / N)[:, None]
    members = np.column_stack([centred, centred * (2 * size / N - 1)[:, None]])
    for name, score in real_games():
        game = RealGame(name, score, N) if name != "iris" and score != "R2" else None
        votes = None if game is None else game.votes()
        if game is None or votes is None:
            continue
        utility, counted = game(masks), votes(masks) - votes.of_sizes()[:, size].T
        one = [NEIGHBOURS.index(3)]
        left = []
        for columns in (None, members, np.c_[members, counted[:, one]], np.c_[members, counted]):
            x = level if columns is None else np.c_[level, columns / columns[seen].std(axis=0)]
            model = RidgeCV(np.geomspace(1e-2, 1e4, 13)).fit(x[seen], utility[seen], weight[seen])
            left.append(float(weight[new] @ (utility[new] - model.predict(x[new])) ** 2))
        print(f"{name} {score}: " + " / ".join(f"{each / left[0]:.2f}" for each in left[1:]), flush=True)


if __name__ == "__main__":
    main()
