"""What a graphics card gives, each beside its reference in the same run.

    .venv/bin/python tests/bench/on_a_card.py                                   # on "cuda"
    .venv/bin/python tests/bench/on_a_card.py --device cpu --points 5000 --samples 500    # whether it runs

KNN-Shapley ranks with NumPy and on the card. Conjugate gradients solve 64 right-hand sides of a network of 265,482
parameters, at most three iterations, with passes that hold what a processor's would and what the card's may. Medians of
walls after one run to warm up.
"""

from __future__ import annotations

import argparse
import time
import warnings
from collections.abc import Callable
from statistics import median
from unittest import mock

import numpy as np
import torch
from sklearn.neighbors import KNeighborsClassifier
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

from dvlwidgets import Dataset, KNNShapleyValuation
from dvlwidgets.influence import CgInfluence
from dvlwidgets.influence.curvature import work_space

REPEATS = 3


def seconds(work: Callable[[], object], repeats: int = REPEATS) -> float:
    """The median of some walls, until the card is really done."""
    walls = []
    for turn in range(repeats + 1):
        began = time.perf_counter()
        work()
        if torch.cuda.is_available():
            torch.cuda.synchronize()
        if turn:
            walls.append(time.perf_counter() - began)
    return median(walls)


def say(what: str, ours: float, reference: float) -> None:
    """One line."""
    print(f"{what}: {ours:.3f} s, reference {reference:.3f} s, {reference / ours:.1f}x", flush=True)


def knn(device: str, points: int) -> None:
    """KNN-Shapley, float32."""
    rng = np.random.default_rng(0)

    def data(n: int) -> Dataset:
        x = rng.normal(size=(n, 32)).astype(np.float32)
        return Dataset(x, (x[:, 0] > 0).astype(int))

    train, test = data(points), data(1000)

    def valued(where: str | None) -> object:
        model = KNeighborsClassifier(5)
        return KNNShapleyValuation(model, test, progress=False, dtype="float32", device=where).fit(train)

    say(
        f"KNN-Shapley, {points:,} x 1,000 x 32, beside NumPy",
        seconds(lambda: valued(device)),
        seconds(lambda: valued(None), 1),
    )


def conjugate_gradients(device: str, samples: int) -> None:
    """Solves with passes of both sizes."""
    torch.manual_seed(0)
    x = torch.randn(samples, 256)
    y = x[:, :10].argmax(1)
    layers = (nn.Linear(256, 512), nn.ReLU(), nn.Linear(512, 256), nn.ReLU(), nn.Linear(256, 10))

    def solved() -> object:
        model = CgInfluence(
            nn.Sequential(*layers), nn.CrossEntropyLoss(), 0.1, maxiter=3, warn_on_max_iteration=False
        )
        return model.to(device).fit(DataLoader(TensorDataset(x, y), 512)).influence_factors(x[:64], y[:64])

    ours = seconds(solved)
    with mock.patch.object(work_space, "_on_card", return_value=work_space.WORK_BYTES):
        say(f"CG, {samples:,} samples, beside passes of a processor's size", ours, seconds(solved, 1))


def main() -> None:
    """Prints both."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--device", default="cuda")
    parser.add_argument("--points", type=int, default=1_000_000)
    parser.add_argument("--samples", type=int, default=20_000)
    given = parser.parse_args()
    warnings.simplefilter("ignore", UserWarning)
    print(f"PyTorch {torch.__version__}, {given.device}")
    knn(given.device, given.points)
    conjugate_gradients(given.device, given.samples)


if __name__ == "__main__":
    main()
