"""The three problems whose truth is known by retraining: ridge regression, softmax regression, a small network.

Each comes with changes of every test point's loss by leaving out each training point, with the losses of models that
were trained on random half subsets, and with the model to explain. `python influence_worlds.py` prints what they are.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from influence_problem import Spec, save
from influence_truth import Ensemble, descended, halves, on_subsets, optimum, trained, without_each
from sklearn.datasets import load_diabetes, load_digits


@dataclass(frozen=True)
class World:
    """A problem with its truth; scores to be judged are (tests, n), positive = helpful."""

    name: str
    model: Ensemble
    x_test: torch.Tensor
    y_test: torch.Tensor
    theta: torch.Tensor  # the explained model
    changes: npt.NDArray[np.float64]  # (tests, n): loss without the point minus before
    subsets: npt.NDArray[np.bool_]  # (m, n)
    losses: npt.NDArray[np.float64]  # (m, tests): of models trained on the subsets
    checkpoints: torch.Tensor  # (k, p): models trained on other half subsets, for ensembles

    @property
    def spec(self) -> Spec:
        return self.model.spec

    def network(self, place: int | None = None) -> torch.nn.Sequential:
        """The explained model, or a checkpoint, in float32."""
        network = self.spec.network()
        theta = self.theta if place is None else self.checkpoints[place]
        torch.nn.utils.vector_to_parameters(theta.float(), network.parameters())
        return network.eval()

    def write(self, path: Path) -> None:
        """The problem as the peers read it: the explained model first, the checkpoints after it."""
        networks = [self.network(), *(self.network(k) for k in range(len(self.checkpoints)))]
        data = {
            "x_train": self.model.x,
            "y_train": self.model.y,
            "x_test": self.x_test,
            "y_test": self.y_test,
        }
        save(path, self.spec, data, [network.state_dict() for network in networks])


def split(x: Any, y: Any, n: int, tests: int, seed: int) -> tuple[torch.Tensor, ...]:
    """Random training and test points, in float64."""
    order = np.random.default_rng(seed).permutation(len(x))[: n + tests]
    x, y = torch.from_numpy(np.asarray(x, float)[order]), torch.from_numpy(np.asarray(y)[order])
    return x[:n], y[:n], x[n:], y[n:]


def digits(n: int, tests: int, seed: int = 0, noise: float = 0.05) -> tuple[torch.Tensor, ...]:
    """scikit-learn's digits, scaled to 0..1, with some training labels wrong."""
    x, y = load_digits(return_X_y=True)
    x_train, y_train, x_test, y_test = split(x / 16, y, n, tests, seed)
    wrong = torch.from_numpy(np.random.default_rng(seed + 1).random(n) < noise)
    return x_train, torch.where(wrong, (y_train + 3) % 10, y_train), x_test, y_test


def convex(name: str, spec: Spec, data: tuple[torch.Tensor, ...], subsets: int, checkpoints: int) -> World:
    """Everything about a convex problem, exactly."""
    x, y, x_test, y_test = data
    model = Ensemble(spec, x, y)
    n, p = len(x), sum(a * b + b for a, b in zip(spec.sizes[:-1], spec.sizes[1:], strict=True))
    theta = optimum(model, torch.zeros(p, dtype=torch.float64), torch.full((n,), 1 / n, dtype=torch.float64))
    chosen = halves(n, subsets, seed=2)
    alone = without_each(model, theta, torch.arange(n))
    before = model.losses(theta[None], x_test, y_test)
    return World(
        name,
        model,
        x_test,
        y_test,
        theta,
        (in_parts(model, alone, x_test, y_test) - before).T.numpy(),
        chosen.numpy(),
        model.losses(on_subsets(model, theta, chosen), x_test, y_test).numpy(),
        on_subsets(model, theta, halves(n, checkpoints, seed=3)),
    )


def in_parts(model: Ensemble, thetas: torch.Tensor, x: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
    """Losses (models, tests), a hundred models at a time."""
    return torch.cat([model.losses(some, x, y) for some in thetas.split(100)])


def ridge(n: int = 300, tests: int = 100, subsets: int = 100, checkpoints: int = 10) -> World:
    """Ridge regression of diabetes progression, in standard deviations."""
    x, y = load_diabetes(return_X_y=True, scaled=False)
    x, y = (x - x.mean(axis=0)) / x.std(axis=0), (y - y.mean()) / y.std()
    return convex(
        "ridge", Spec((10, 1), loss="mse", l2=0.02), split(x, y[:, None], n, tests, 0), subsets, checkpoints
    )


def softmax(n: int = 500, tests: int = 100, subsets: int = 100, checkpoints: int = 10) -> World:
    """Softmax regression of digits (650 parameters), one label in twenty wrong."""
    return convex("logistic", Spec((64, 10), l2=0.01), digits(n, tests), subsets, checkpoints)


def network(
    n: int = 500,
    tests: int = 100,
    subsets: int = 100,
    checkpoints: int = 10,
    *,
    seeds: int = 5,
    hidden: int = 8,
    left_out: int | None = None,
) -> World:
    """A network with one hidden layer of tanh.

    Leaving one out is the local answer: the minimum that is followed from the whole model's (NaN where it goes away,
    and for points after the first `left_out`). Subsets are trained from fresh initial values, several seeds each,
    whose losses are averaged.
    """
    spec = Spec((64, hidden, 10), l2=0.01)
    x, y, x_test, y_test = digits(n, tests)
    model = Ensemble(spec, x, y)
    even = torch.full((n,), 1 / n, dtype=torch.float64)
    everything = torch.ones(1, n, dtype=torch.bool)
    first = trained(model, starts(spec, 1, seed=0), everything)[0]
    theta = optimum(model, descended(model, first, even), even)
    alone = torch.full((n, len(theta)), torch.nan, dtype=torch.float64)
    alone[:left_out] = without_each(model, theta, torch.arange(n)[:left_out])
    chosen = halves(n, subsets, seed=2)
    losses: Any = 0
    for seed in range(seeds):
        thetas = trained(model, starts(spec, subsets, seed=seed + 1), chosen)
        losses = losses + in_parts(model, thetas, x_test, y_test).numpy() / seeds
    return World(
        "MLP",
        model,
        x_test,
        y_test,
        theta,
        (in_parts(model, alone, x_test, y_test) - model.losses(theta[None], x_test, y_test)).T.numpy(),
        chosen.numpy(),
        losses,
        trained(model, starts(spec, checkpoints, seed=100), halves(n, checkpoints, seed=3)),
    )


def starts(spec: Spec, count: int, seed: int) -> torch.Tensor:
    """Initial values (count, p) as torch draws them."""
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        networks = [spec.network() for _ in range(count)]
    return torch.stack([torch.nn.utils.parameters_to_vector(n.parameters()).detach() for n in networks])


WORLDS = {"ridge": ridge, "logistic": softmax, "MLP": network}


if __name__ == "__main__":
    torch.set_num_threads(1)
    for name, make in WORLDS.items():
        since = time.perf_counter()
        world = make()
        print(
            f"{name}: n = {len(world.model.x)}, {len(world.x_test)} tests, p = {len(world.theta)}, mean test loss "
            f"{float(world.model.losses(world.theta[None], world.x_test, world.y_test).mean()):.3f}, on halves "
            f"{world.losses.mean():.3f}, {time.perf_counter() - since:.0f} s",
            flush=True,
        )
