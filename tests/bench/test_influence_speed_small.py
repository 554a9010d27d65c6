"""The influence engine's shape of cost, on problems that take seconds: what is kept is not computed again.

`make bench-influence` prints the tables beside the peers; this asks only that the reasons for its ratios hold.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest
import torch

sys.path.insert(0, str(Path(__file__).resolve().parent))
from influence_speed import DAMPING, Stated, gemm_rows, our_turn, trained_digits

from dvlwidgets.influence import DirectInfluence


@pytest.fixture(scope="module")
def digits(tmp_path_factory: pytest.TempPathFactory) -> Stated:
    return trained_digits(tmp_path_factory.mktemp("bench") / "digits.npz")


def medians(rows: list[list[float]]) -> float:
    """Of processor seconds."""
    return float(np.median([processor for _, processor in rows]))


@pytest.mark.bench
def test_scores_from_stored_gradients_take_at_most_three_bare_products(digits: Stated) -> None:
    torch.set_num_threads(1)
    for row in gemm_rows(digits, 9):
        print(row.line())
        assert medians(row.ours) < 3 * medians(row.theirs), "2 on a quiet machine"


@pytest.mark.bench
def test_chunks_cost_next_to_nothing_beside_one_solve_for_all(digits: Stated) -> None:
    torch.set_num_threads(1)
    make = lambda model, loss: DirectInfluence(model, loss, regularization=DAMPING)
    turns = [our_turn(digits, make) for _ in range(5)]
    fit, score = (medians([getattr(turn, step) for turn in turns]) for step in ("fit", "score"))
    print(f"Direct, 1,200 x 300: fit {fit:.3f} s, influences {score:.3f} s")
    assert score < 2 * fit, "72 pairs of chunks, one factorisation"
