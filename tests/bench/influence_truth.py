"""Ground truth for influence scores: models really trained again, without one point or on random halves.

Many models are trained at once: parameters carry a leading dimension of models, weights (models, n) say which points
each of them sees, so that one batched product stands for all. Everything is in float64 on one core.

The objective is sum_i w_i loss_i + l2 / 2 |theta|^2 with w_i = 1/n for everybody. Without a point its weight is 0 and
the others keep theirs (scikit-learn's C does the same); a subset S is trained by the same recipe, w_i = 1/|S| on S.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from influence_problem import Spec
from scipy.stats import rankdata
from torch.func import hessian

TOLERANCE = 1e-10  # of gradients of objectives, everywhere
Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Ensemble:
    """A network seen as a function of one flat vector of parameters, or of many at once."""

    spec: Spec
    x: torch.Tensor
    y: torch.Tensor

    def outputs(self, thetas: torch.Tensor, x: torch.Tensor) -> torch.Tensor:
        """Outputs (models, B, classes) of linear layers, as batched products."""
        hidden = x.expand(len(thetas), *x.shape)
        start, sizes = 0, self.spec.sizes
        for place, (wide, narrow) in enumerate(itertools.pairwise(sizes)):
            weight = thetas[:, start : start + wide * narrow].view(-1, narrow, wide)
            start += wide * narrow
            bias = thetas[:, start : start + narrow]
            start += narrow
            hidden = torch.baddbmm(bias[:, None], hidden, weight.transpose(1, 2))
            if place < len(sizes) - 2:
                hidden = torch.tanh(hidden) if self.spec.activation == "tanh" else torch.relu(hidden)
        return hidden

    def losses(self, thetas: torch.Tensor, x: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
        """Losses (models, B)."""
        outputs = self.outputs(thetas, x)
        flat = self.spec.losses(
            outputs.reshape(-1, outputs.shape[-1]), y.expand(len(thetas), *y.shape).flatten(0, 1)
        )
        return flat.view(len(thetas), -1)

    def gradients(self, thetas: torch.Tensor, weights: torch.Tensor) -> torch.Tensor:
        """Gradients (models, p) of the models' objectives."""
        thetas = thetas.detach().requires_grad_()
        objective = (weights * self.losses(thetas, self.x, self.y)).sum() + self.spec.l2 / 2 * (
            thetas**2
        ).sum()
        return torch.autograd.grad(objective, thetas)[0]

    def objective(self, theta: torch.Tensor, weights: torch.Tensor) -> torch.Tensor:
        """One model's objective."""
        return weights @ self.losses(theta[None], self.x, self.y)[0] + self.spec.l2 / 2 * theta @ theta

    def hessian(self, theta: torch.Tensor, weights: torch.Tensor) -> torch.Tensor:
        """One model's Hessian (p, p), L2 term included."""
        seen = weights > 0
        part = Ensemble(self.spec, self.x[seen], self.y[seen])
        if len(self.spec.sizes) > 2:
            return hessian(part.objective)(theta.detach(), weights[seen]).detach()
        return part.hessian_of_linear(theta, weights[seen])

    def hessian_of_linear(self, theta: torch.Tensor, weights: torch.Tensor) -> torch.Tensor:
        """The same for one layer: blocks sum_i w_i S_i[a, b] x x^T, S_i being the curvature of the loss."""
        wide, narrow = self.spec.sizes
        outputs = self.outputs(theta[None], self.x)[0]
        curved = 2 * torch.eye(narrow, dtype=theta.dtype).expand(len(self.x), -1, -1)
        if self.spec.loss == "cross_entropy":
            p = outputs.softmax(dim=1)
            curved = torch.diag_embed(p) - p[:, :, None] * p[:, None, :]
        x = torch.cat([self.x, torch.ones_like(self.x[:, :1])], dim=1)
        whole = torch.empty(narrow, wide + 1, narrow, wide + 1, dtype=theta.dtype)
        for a in range(narrow):
            for b in range(a + 1):
                whole[a, :, b] = whole[b, :, a] = (x * (weights * curved[:, a, b])[:, None]).T @ x
        order = torch.arange(narrow * (wide + 1)).view(narrow, wide + 1)
        order = torch.cat([order[:, :wide].flatten(), order[:, wide]])
        square = whole.view(len(order), len(order))[order][:, order]
        square.diagonal().add_(self.spec.l2)
        return square

    def mean_weights(self, subsets: torch.Tensor) -> torch.Tensor:
        """Weights of mean losses over subsets (models, n) of booleans."""
        return subsets.double() / subsets.sum(dim=1, keepdim=True)


def flat(network: torch.nn.Module) -> torch.Tensor:
    """A network's parameters as one vector of float64."""
    return torch.cat([value.detach().double().flatten() for value in network.parameters()])


def descended(model: Ensemble, start: torch.Tensor, weights: torch.Tensor) -> torch.Tensor:
    """Where L-BFGS gets to from a start: near a minimum, for problems that are not convex."""
    theta = start.clone().requires_grad_()
    search = torch.optim.LBFGS(
        [theta],
        max_iter=5000,
        max_eval=10000,
        tolerance_grad=1e-8,
        history_size=50,
        line_search_fn="strong_wolfe",
    )

    def closure() -> torch.Tensor:
        search.zero_grad()
        loss = model.objective(theta, weights)
        loss.backward()
        return loss

    search.step(closure)
    return theta.detach()


def optimum(model: Ensemble, start: torch.Tensor, weights: torch.Tensor) -> torch.Tensor:
    """The stationary point that Newton's method, with halved steps, finds from a start.

    Raises:
        RuntimeError: The gradient did not get below the tolerance.
        torch.linalg.LinAlgError: The Hessian on the way is not positive definite.
    """
    theta = start
    for _ in range(60):
        slope = model.gradients(theta[None], weights[None])[0]
        if slope.norm() < TOLERANCE:
            return theta
        factor = torch.linalg.cholesky(model.hessian(theta, weights))
        step, now = torch.cholesky_solve(slope[:, None], factor)[:, 0], model.objective(theta, weights)
        size = 1.0
        while slope.norm() > 1e-6 and size > 1e-6 and model.objective(theta - size * step, weights) > now:
            size /= 2
        theta = theta - size * step
    raise RuntimeError(f"The training did not end: the gradient is {float(slope.norm()):.1e}.")


def without_each(
    model: Ensemble, theta: torch.Tensor, points: torch.Tensor, chunk: int = 100
) -> torch.Tensor:
    """Optima (len(points), p) of the objective without each of the points, all from the whole model's optimum.

    The steps are those of Newton's method with the Hessian of the whole model, which differs from that without a
    point by one term of n: they converge fast, and the gradient says when they have. Points that are too influential
    for that get shorter steps. Rows are NaN where that does not help either: in a network the minimum itself can go
    away with a point.
    """
    n = len(model.x)
    even = torch.full((n,), 1 / n, dtype=torch.float64)
    factor = torch.linalg.cholesky(model.hessian(theta, even))
    found = torch.full((len(points), len(theta)), torch.nan, dtype=torch.float64)
    for size, steps in ((1.0, 100), (0.3, 400), (0.1, 1000)):
        left = torch.nonzero(found[:, 0].isnan()).flatten()
        for some in left.split(chunk) if len(left) else ():
            weights = even.repeat(len(some), 1)
            weights[torch.arange(len(some)), points[some]] = 0
            thetas = theta.repeat(len(some), 1)
            for _ in range(steps):
                slopes = model.gradients(thetas, weights)
                done = slopes.norm(dim=1) < TOLERANCE
                if done.all():
                    break
                thetas = thetas - size * torch.cholesky_solve(slopes.T, factor).T
            found[some[done]] = thetas[done]
    return found


def on_subsets(model: Ensemble, start: torch.Tensor, subsets: torch.Tensor) -> torch.Tensor:
    """Optima (len(subsets), p) of convex problems on subsets, each by Newton's method."""
    return torch.stack([optimum(model, start, weights) for weights in model.mean_weights(subsets)])


def trained(
    model: Ensemble, starts: torch.Tensor, subsets: torch.Tensor, steps: int = 400, rate: float = 0.02
) -> torch.Tensor:
    """Networks (models, p) trained from their starts by Adam on their subsets, all at once, in float32."""
    single = Ensemble(
        model.spec, model.x.float(), model.y if model.y.dtype == torch.int64 else model.y.float()
    )
    weights, thetas = model.mean_weights(subsets).float(), starts.float()
    first, second = torch.zeros_like(thetas), torch.zeros_like(thetas)
    for step in range(1, steps + 1):
        slope = single.gradients(thetas, weights)
        first = 0.9 * first + 0.1 * slope
        second = 0.99 * second + 0.01 * slope**2
        size = rate * (1 + np.cos(np.pi * step / steps)) / 2
        thetas = thetas - size * (first / (1 - 0.9**step)) / ((second / (1 - 0.99**step)).sqrt() + 1e-8)
    return thetas.double()


def halves(n: int, count: int, seed: int) -> torch.Tensor:
    """Random half subsets (count, n) of booleans."""
    rng = np.random.default_rng(seed)
    return torch.from_numpy(np.stack([rng.permutation(n) < n // 2 for _ in range(count)]))


def lds(scores: Floats, subsets: npt.NDArray[np.bool_], losses: Floats) -> tuple[float, float]:
    """The linear datamodeling score and its standard error over test points.

    Spearman's correlation over subsets between the sum of a test point's scores (tests, n) over the subset and minus
    its loss (subsets, tests) by the model that was trained on it, averaged over test points (Park et al. 2023, TRAK).
    """
    predicted = rankdata(scores @ subsets.T, axis=1)  # (tests, subsets)
    true = rankdata(-losses.T, axis=1)
    predicted -= predicted.mean(axis=1, keepdims=True)
    true -= true.mean(axis=1, keepdims=True)
    norms = np.linalg.norm(predicted, axis=1) * np.linalg.norm(true, axis=1)
    each = (predicted * true).sum(axis=1) / np.where(norms > 0, norms, np.inf)
    return float(each.mean()), float(each.std(ddof=1) / np.sqrt(len(each)))


def correlation(scores: Floats, changes: Floats) -> tuple[float, float]:
    """Pearson's correlation and the slope through zero of changes by scores, over all known pairs."""
    known = np.isfinite(changes)
    scores, changes = scores[known], changes[known]
    return float(np.corrcoef(scores, changes)[0, 1]), float((scores * changes).sum() / (scores**2).sum())
