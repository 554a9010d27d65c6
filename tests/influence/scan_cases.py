"""A small problem whose whole matrix of influences is known by dense algebra in float64."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field

import numpy as np
import torch
from torch import Tensor, nn
from torch.func import functional_call

from dvlwidgets.data.dataset import Dataset
from dvlwidgets.engine.live import Run
from dvlwidgets.influence.base import InfluenceFunctionModel
from dvlwidgets.influence.batches import Batch, Batches
from dvlwidgets.influence.direct import DirectInfluence

DAMPING = 0.1


@dataclass
class Case:
    """Data, a net that was trained a little, and dense oracles."""

    n: int = 53
    q: int = 31
    words: tuple[str, ...] = ("ash", "beech", "cedar")
    seed: int = 0
    x: np.ndarray = field(init=False)
    y: np.ndarray = field(init=False)

    def __post_init__(self) -> None:
        draw = np.random.default_rng(self.seed)
        self.x = draw.standard_normal((self.n + self.q, 4))
        self.y = draw.integers(0, len(self.words), self.n + self.q)
        torch.manual_seed(self.seed)
        self.net = nn.Linear(4, len(self.words)).double()  # convex: its Hessian is never indefinite

    @property
    def train(self) -> Dataset:
        return Dataset(self.x[: self.n], self.y[: self.n])

    @property
    def test(self) -> Dataset:
        return Dataset(self.x[self.n :], self.y[self.n :])

    def in_words(self) -> tuple[Dataset, Dataset]:
        """The same data with strings for labels."""
        words = np.array(self.words)[self.y]
        return Dataset(self.x[: self.n], words[: self.n]), Dataset(self.x[self.n :], words[self.n :])

    def model(self, damping: float = DAMPING) -> DirectInfluence:
        return DirectInfluence(self.net, nn.CrossEntropyLoss(), damping)

    def losses(self, params: dict[str, Tensor], y: np.ndarray | None = None) -> Tensor:
        output = functional_call(self.net, params, (torch.from_numpy(self.x),))
        target = torch.from_numpy(self.y if y is None else y)
        return nn.functional.cross_entropy(output, target, reduction="none")

    def gradients(self, y: np.ndarray | None = None) -> Tensor:
        """Of all samples, one backward pass each: (n + q, p)."""
        params = {k: v.detach().requires_grad_() for k, v in self.net.named_parameters()}
        rows = []
        for loss in self.losses(params, y):
            grads = torch.autograd.grad(loss, list(params.values()), retain_graph=True)
            rows.append(torch.cat([g.flatten() for g in grads]))
        return torch.stack(rows).detach()

    def hessian(self) -> Tensor:
        """Of the mean training loss: (p, p)."""
        names, shapes = zip(*((k, v.shape) for k, v in self.net.named_parameters()), strict=True)
        sizes = [s.numel() for s in shapes]

        def mean(flat: Tensor) -> Tensor:
            params = {k: p.view(s) for k, p, s in zip(names, flat.split(sizes), shapes, strict=True)}
            return self.losses(params)[: self.n].mean()

        flat = torch.cat([v.detach().flatten() for _, v in self.net.named_parameters()])
        return torch.autograd.functional.hessian(mean, flat)

    def matrix(self, damping: float = DAMPING, y: np.ndarray | None = None) -> np.ndarray:
        """Influences (q, n); `y` are other labels, with the curvature of the true ones."""
        g, h = self.gradients(y), self.hessian()
        h = h + damping * torch.eye(len(h), dtype=h.dtype)
        return (g[self.n :] @ torch.linalg.solve(h, g[: self.n].T)).numpy()

    def self_influences(self, damping: float = DAMPING) -> np.ndarray:
        g, h = self.gradients()[: self.n], self.hessian()
        h = h + damping * torch.eye(len(h), dtype=h.dtype)
        return (g * torch.linalg.solve(h, g.T).T).sum(1).numpy()


def quantile_of_label(matrix: np.ndarray, test: np.ndarray, train: np.ndarray, fraction: float) -> np.ndarray:
    """Quantiles over the rows of each column's own label."""
    return np.array([np.quantile(matrix[test == c, j], fraction) for j, c in enumerate(train)])


class Counting(InfluenceFunctionModel):
    """A model that counts what is asked of it, and whose gradients are the inputs themselves."""

    def __init__(self, width: int = 3) -> None:
        super().__init__(nn.Linear(width, 1, bias=False), nn.MSELoss())
        self.fits = self.solved = self.computed = 0

    def _learn(self, batches: Batches) -> None:
        self.fits += 1

    def gradients_with_losses(self, batch: Batch):
        self.computed += len(batch)
        return super().gradients_with_losses(batch)

    def precondition(self, rows):
        self.solved += len(rows)
        return rows


def paused_after(points: int, run: Run) -> Run:
    """Starts a run and waits until it has paused, so many points on; it goes on when it is told to."""
    reached = threading.Event()

    def look(now: Run) -> None:
        if now.state == "paused":
            reached.set()
        elif now.progress is not None and now.progress.done >= points and not now.pausing:
            now.pause()

    forget = run.subscribe(look)
    run.start()
    assert reached.wait(60)
    forget()
    return run
