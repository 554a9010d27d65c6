"""Small trained models with their data, and dense algebra in float64 by plain loops over autograd: the oracles.

`case("mlp_tanh")` gives a fresh copy of a problem; `dense_*(case)` its matrices. Nothing here uses the package.
"""

from __future__ import annotations

import copy
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import cache
from itertools import pairwise
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.attention import SDPBackend, sdpa_kernel

Pair = tuple[Tensor, Tensor]


@dataclass(frozen=True)
class Case:
    """A model at (near) a minimum of its mean loss + l2 / 2 |parameters|^2, and data.

    Attributes:
        name: of the case.
        model: in the precision of the data, in training mode as users leave it.
        loss: as users pass it.
        train: x and y.
        test: x and y.
        l2: what the objective adds to the Hessian's diagonal.
    """

    name: str
    model: nn.Module
    loss: Any
    train: Pair
    test: Pair
    l2: float = 1e-2

    @property
    def n(self) -> int:
        return len(self.train[1])

    @property
    def p(self) -> int:
        return sum(t.numel() for t in parameters(self.model))

    def to(self, dtype: torch.dtype) -> Case:
        """The same in another precision."""

        def cast(t: Tensor) -> Tensor:
            return t.to(dtype) if t.is_floating_point() else t

        pairs = [tuple(cast(t) for t in pair) for pair in (self.train, self.test)]
        return replace(self, model=copy.deepcopy(self.model).to(dtype), train=pairs[0], test=pairs[1])

    def on(self, device: str) -> Case:
        """The same on a device."""
        pairs = [tuple(t.to(device) for t in pair) for pair in (self.train, self.test)]
        loss = self.loss.to(device) if isinstance(self.loss, nn.Module) else self.loss
        return replace(self, model=self.model.to(device), loss=loss, train=pairs[0], test=pairs[1])

    def batches(self, *sizes: int) -> list[Pair]:
        """The training data in batches of these sizes; the last takes the rest."""
        x, y = self.train
        ends = [sum(sizes[: i + 1]) for i in range(len(sizes))]
        cuts = [0, *(e for e in ends if e < self.n), self.n]
        return [(x[lo:hi], y[lo:hi]) for lo, hi in pairwise(cuts)]


# --- the problems ---------------------------------------------------------------------------------------------


class TwoBlocks(nn.Module):
    """Two nets side by side that share nothing: their squared errors have a block-diagonal Hessian."""

    def __init__(self) -> None:
        super().__init__()
        self.left = nn.Linear(2, 1)
        self.right = nn.Sequential(nn.Linear(2, 3), nn.Tanh(), nn.Linear(3, 1))

    def forward(self, x: Tensor) -> Tensor:
        return torch.cat([self.left(x[:, :2]), self.right(x[:, 2:])], dim=1)


class Tokens(nn.Module):
    """Integers in, one distribution a token out: (B, T) -> (B, T, classes)."""

    def __init__(self) -> None:
        super().__init__()
        self.embedding = nn.Embedding(7, 4)
        self.head = nn.Linear(4, 3)

    def forward(self, tokens: Tensor) -> Tensor:
        h = self.embedding(tokens)
        return self.head(torch.tanh(h + h.mean(1, keepdim=True)))


def _mlp(activation: type[nn.Module], *, bias: bool = True) -> nn.Module:
    return nn.Sequential(nn.Linear(4, 5, bias=bias), activation(), nn.Linear(5, 3, bias=bias))


def _deep() -> nn.Module:
    return nn.Sequential(nn.Linear(4, 4), nn.Tanh(), nn.Linear(4, 3), nn.ReLU(), nn.Linear(3, 3))


def _cnn() -> nn.Module:
    return nn.Sequential(
        nn.Conv2d(2, 4, 3, groups=2, padding=1),
        nn.Tanh(),
        nn.Conv2d(4, 2, 2, stride=2),
        nn.ReLU(),
        nn.Flatten(),
        nn.Linear(8, 3),
    )


def _norm() -> nn.Module:
    return nn.Sequential(nn.Linear(4, 5), nn.LayerNorm(5), nn.ReLU(), nn.Linear(5, 3))


def _frozen() -> nn.Module:
    net = _mlp(nn.ReLU)
    net[0].weight.requires_grad_(False)
    return net


def _huber(output: Tensor, target: Tensor) -> Tensor:
    return nn.functional.smooth_l1_loss(output, target)


def _quartic(output: Tensor, target: Tensor) -> Tensor:
    return ((output - target) ** 2 + (output - target) ** 4).mean()


# name: (model, loss, shape of x, kind of y)
_MADE: dict[str, tuple[Callable[[], nn.Module], Any, tuple[int, ...], str]] = {
    "linear": (lambda: nn.Linear(4, 2), nn.MSELoss(), (4,), "numbers"),
    "logistic": (lambda: nn.Linear(4, 3), nn.CrossEntropyLoss(), (4,), "classes"),
    "logistic_weighted": (
        lambda: nn.Linear(4, 3),
        nn.CrossEntropyLoss(weight=torch.tensor([1.0, 2.0, 0.5], dtype=torch.float64), label_smoothing=0.1),
        (4,),
        "classes",
    ),
    "binary": (lambda: nn.Linear(4, 2), nn.BCEWithLogitsLoss(), (4,), "bits"),
    "mlp_tanh": (lambda: _mlp(nn.Tanh), nn.CrossEntropyLoss(), (4,), "classes"),
    "mlp_relu": (lambda: _mlp(nn.ReLU), nn.CrossEntropyLoss(), (4,), "classes"),
    "mlp_no_bias": (lambda: _mlp(nn.Tanh, bias=False), nn.CrossEntropyLoss(), (4,), "classes"),
    "mlp_regression": (
        lambda: nn.Sequential(nn.Linear(4, 5), nn.Tanh(), nn.Linear(5, 2)),
        nn.MSELoss(),
        (4,),
        "numbers",
    ),
    "mlp_summed": (lambda: _mlp(nn.Tanh), nn.CrossEntropyLoss(reduction="sum"), (4,), "classes"),
    "deep": (_deep, nn.CrossEntropyLoss(), (4,), "classes"),
    "cnn": (_cnn, nn.CrossEntropyLoss(), (2, 4, 4), "classes"),
    "layer_norm": (_norm, nn.CrossEntropyLoss(), (4,), "classes"),
    "frozen": (_frozen, nn.CrossEntropyLoss(), (4,), "classes"),
    "two_blocks": (TwoBlocks, nn.MSELoss(), (4,), "numbers"),
    "tokens": (Tokens, nn.CrossEntropyLoss(), (5,), "tokens"),
    "quartic": (
        lambda: nn.Sequential(nn.Linear(4, 3), nn.Tanh(), nn.Linear(3, 2)),
        _quartic,
        (4,),
        "numbers",
    ),
    "huber": (lambda: nn.Linear(4, 2), _huber, (4,), "numbers"),
}

CASES = tuple(_MADE)


def case(name: str, dtype: torch.dtype = torch.float64, *, n: int = 60) -> Case:
    """A fresh copy of a problem: training once a session, in float64 on seeded data of n + 12 points."""
    made = copy.deepcopy(_trained(name, n)).on(os.environ.get("DVLWIDGETS_TEST_DEVICE", "cpu"))
    return made if dtype is torch.float64 else made.to(dtype)


@cache
def _trained(name: str, n: int) -> Case:
    build, loss, shape, kind = _MADE[name]
    generator = torch.Generator().manual_seed(sum(map(ord, name)))
    n_test = 12
    with torch.random.fork_rng():
        torch.manual_seed(7)
        model = build().double()
    x, y = _data(n + n_test, shape, kind, generator)
    made = Case(name, model, loss, (x[:n], y[:n]), (x[n:], y[n:]))
    train_to_minimum(made)
    return made


def _data(n: int, shape: tuple[int, ...], kind: str, generator: torch.Generator) -> Pair:
    if kind == "tokens":
        x = torch.randint(0, 7, (n, *shape), generator=generator)
        return x, (x + torch.randint(0, 2, (n, *shape), generator=generator)) % 3
    x = torch.randn(n, *shape, generator=generator, dtype=torch.float64)
    truth = torch.randn(x[0].numel(), 3, generator=generator, dtype=torch.float64)
    score = torch.tanh(x.flatten(1) @ truth) * 2 + 0.7 * torch.randn(
        n, 3, generator=generator, dtype=torch.float64
    )
    if kind == "classes":
        return x, score.argmax(1)
    return x, (score[:, :2] > 0).double() if kind == "bits" else score[:, :2]


def train_to_minimum(made: Case, steps: int = 60) -> None:
    """LBFGS on the whole data, in place; the model is left in training mode."""
    params = list(parameters(made.model))
    optimiser = torch.optim.LBFGS(
        params, max_iter=steps, tolerance_grad=1e-12, tolerance_change=1e-16, line_search_fn="strong_wolfe"
    )

    def closure() -> Tensor:
        optimiser.zero_grad()
        total = mean_loss(made, made.train) + 0.5 * made.l2 * sum((t**2).sum() for t in params)
        total.backward()
        return total

    optimiser.step(closure)
    optimiser.zero_grad()


# --- dense algebra, in float64 --------------------------------------------------------------------------------


def parameters(model: nn.Module) -> Iterator[nn.Parameter]:
    """The trainable ones, in order."""
    return (t for t in model.parameters() if t.requires_grad)


def exact(problem: Any) -> tuple[nn.Module, Any]:
    """A float64 copy of the model in eval mode, and the loss as the user gave it; a Case or the package's Problem."""
    return copy.deepcopy(problem.model).double().eval(), getattr(problem.loss, "loss", problem.loss)


def _doubles(pair: Pair) -> Pair:
    x, y = pair
    return (x.double() if x.is_floating_point() else x), (y.double() if y.is_floating_point() else y)


def each_loss(model: Any, loss: Any, pair: Pair) -> Iterator[Tensor]:
    """loss(model(x), y) of every sample as a batch of one: the definition.

    With class weights torch's mean over one sample divides the weight out again; a sample's loss keeps it.
    """
    if getattr(loss, "weight", None) is not None:
        loss = copy.deepcopy(loss)
        loss.reduction = "sum"
    for x, y in zip(*pair, strict=True):
        yield loss(model(x.unsqueeze(0)).movedim(-1, 1), y.unsqueeze(0))


def mean_loss(problem: Any, pair: Pair) -> Tensor:
    """The objective: the mean over samples, in the model's own precision."""
    return _mean(problem.model, getattr(problem.loss, "loss", problem.loss), pair)


def _mean(model: nn.Module, loss: Any, pair: Pair) -> Tensor:
    if getattr(loss, "weight", None) is not None:  # torch's own mean would be weighted by the batch's labels
        return torch.stack(list(each_loss(model, loss, pair))).mean()
    value: Tensor = loss(model(pair[0]).movedim(-1, 1), pair[1])
    return value / len(pair[1]) if getattr(loss, "reduction", "mean") == "sum" else value


def dense_gradients(problem: Any, batch: Pair | None = None) -> Tensor:
    """Per-sample gradients, shape (B, p)."""
    model, loss = exact(problem)
    params = list(parameters(model))
    rows = [_flat_grad(value, params) for value in each_loss(model, loss, _doubles(batch or problem.train))]
    return torch.stack(rows)


def dense_hessian(problem: Any, batch: Pair | None = None) -> Tensor:
    """Hessian of the mean loss, shape (p, p), row by row."""
    model, loss = exact(problem)
    params, pair = list(parameters(model)), _doubles(batch or problem.train)
    with sdpa_kernel(SDPBackend.MATH):  # the fused one has no second derivative
        total = _mean(model, loss, pair)
    gradient = _flat_grad(total, params, create_graph=True)
    return torch.stack([_flat_grad(g, params, retain_graph=True) for g in gradient])


def dense_ggn(problem: Any, batch: Pair | None = None) -> Tensor:
    """Mean of J^T (d^2 loss / d output^2) J, shape (p, p)."""
    model, loss = exact(problem)
    params, (xs, ys) = list(parameters(model)), _doubles(batch or problem.train)
    total = torch.zeros(sum(t.numel() for t in params), dtype=torch.float64, device=xs.device)
    total = torch.outer(total, total)
    for x, y in zip(xs, ys, strict=True):
        output = model(x.unsqueeze(0))
        jacobian = torch.stack([_flat_grad(o, params, retain_graph=True) for o in output.flatten()])
        free = output.detach().flatten().requires_grad_(True)
        given = free.reshape(output.shape)
        (value,) = each_loss(nn.Identity(), loss, (given, y.unsqueeze(0)))
        (slope,) = torch.autograd.grad(value, free, create_graph=True)
        inner = torch.stack([torch.autograd.grad(s, free, retain_graph=True)[0] for s in slope])
        total += jacobian.T @ inner @ jacobian
    return total / len(ys)


def dense_empirical_fisher(problem: Any, batch: Pair | None = None) -> Tensor:
    """Mean of g g^T over per-sample gradients, shape (p, p)."""
    g = dense_gradients(problem, batch)
    return g.T @ g / len(g)


DENSE = {"hessian": dense_hessian, "gauss_newton": dense_ggn, "empirical_fisher": dense_empirical_fisher}


def dense_influences(problem: Any, damping: float, *, mode: str = "hessian") -> Tensor:
    """(n_test, n_train) of grad L(test)^T (H + damping)^-1 grad L(train)."""
    return _influences(
        DENSE[mode](problem), damping, dense_gradients(problem, problem.test), dense_gradients(problem)
    )


def _influences(curvature: Tensor, damping: float, test: Tensor, train: Tensor) -> Tensor:
    eye = torch.eye(len(curvature), dtype=curvature.dtype, device=curvature.device)
    return test @ torch.linalg.solve(curvature + damping * eye, train.T)


# The same of a case as it is made: once a session, whatever the damping and whoever asks.


@cache
def known_curvature(name: str, mode: str = "hessian") -> Tensor:
    """Dense curvature of a case."""
    return DENSE[mode](case(name))


@cache
def _known_gradients(name: str) -> tuple[Tensor, Tensor]:
    made = case(name)
    return dense_gradients(made, made.test), dense_gradients(made)


@cache
def known_influences(name: str, damping: float, mode: str = "hessian") -> Tensor:
    """`dense_influences` of a case."""
    return _influences(known_curvature(name, mode), damping, *_known_gradients(name))


def linear_hessian(x: Tensor, outputs: int) -> Tensor:
    """Closed form for `nn.Linear` with bias and squared error averaged over outputs, weight columns before bias."""
    ones = torch.ones(len(x), 1, dtype=torch.float64)
    a = torch.cat([x.double(), ones], dim=1)
    moments, d, eye = a.T @ a / len(x) * 2 / outputs, x.shape[1], torch.eye(outputs, dtype=torch.float64)
    weight = torch.kron(eye, moments[:d, :d].contiguous())
    mixed = torch.kron(eye, moments[:d, d:].contiguous())
    return torch.cat(
        [
            torch.cat([weight, mixed], dim=1),
            torch.cat([mixed.T, torch.kron(eye, moments[d:, d:].contiguous())], dim=1),
        ]
    )


def relative_error(got: Tensor, wanted: Tensor) -> float:
    """|got - wanted| / |wanted| in the Frobenius norm."""
    return float((got.double().to(wanted.device) - wanted).norm() / wanted.norm())


def _flat_grad(value: Tensor, params: list[nn.Parameter], **options: Any) -> Tensor:
    if not value.requires_grad:
        return torch.zeros(sum(t.numel() for t in params), dtype=torch.float64, device=value.device)
    grads = torch.autograd.grad(value, params, allow_unused=True, **options)
    pieces = [torch.zeros_like(t) if g is None else g for t, g in zip(params, grads, strict=True)]
    return torch.cat([g.flatten() for g in pieces])
