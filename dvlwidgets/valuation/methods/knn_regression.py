"""KNN-Shapley for regression: what each point does to the squared error of its neighbours' mean."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from ...arguments import number
from ...data.dataset import Dataset
from ...typing import Indices
from ...utility.knn_checks import check_uniform, refuse_groups, targets
from .knn_job import Kernel, KnnValuation
from .knn_kernels import Floats, Worth, unranked


class KNNRegressionShapleyValuation(KnnValuation):
    """Exact Shapley values for a `KNeighborsRegressor`: what each point does to the squared error.

    v(S) = -(prediction - y)^2 where the prediction is the mean over K neighbours in S, and a neighbour that is missing
    (|S| < K) counts as `baseline`; v(empty) is minus the squared error of the baseline. The values sum to what all
    points gain over it. `baseline=0` is the paper's utility, which depends on where the targets' zero lies.

    Args:
        model: a KNeighborsRegressor with uniform weights; its n_neighbors and metric are used, as in
            `KNNShapleyValuation`.
        test_data: a Dataset with numbers as labels.
        progress: draw a progress bar.
        seed: order in which test points are visited.
        baseline: the prediction without neighbours; None = the mean of the training targets.

    Raises:
        InputTypeError, InputError: for another model, weights, or data that do not go with it.

    References:
        Jia et al., Efficient task-specific data valuation for nearest neighbor algorithms (VLDB 2019), section 4.
    """

    kind = "KNeighborsRegressor"
    algorithm_name = "KNN regression Shapley"
    references = (
        "Jia et al., Efficient task-specific data valuation for nearest neighbor algorithms, VLDB 2019",
    )

    def __init__(
        self,
        model: Any,
        test_data: Dataset,
        *,
        progress: bool = False,
        seed: int | None = 0,
        baseline: float | None = None,
    ) -> None:
        super().__init__(model, test_data, progress=progress, seed=seed)
        check_uniform(model, self.instead)
        hint = "It is the prediction without neighbours; None takes the mean."
        self.baseline = None if baseline is None else number("baseline", baseline, hint)

    def _kernel(self, data: Dataset) -> Kernel:
        refuse_groups(data, self.algorithm_name, self.instead)
        y, y_test = targets(data, "training data"), targets(self.test_data, "test data")
        baseline = float(y.mean()) if self.baseline is None else self.baseline
        return RegressionKernel(y - baseline, y_test - baseline, int(self.model.n_neighbors))

    def _options(self) -> dict[str, Any]:
        return {"baseline": self.baseline}


@dataclass(frozen=True)
class RegressionKernel:
    """v(S) = -(mean of K neighbours' targets - y)^2, where a missing neighbour counts as the baseline.

    With z = target - baseline and t = y - baseline, v(S) = -(sum of z over the K nearest / K - t)^2. Exchanging
    ranks i and j = i + 1 changes it by (z_i - z_j)/K * (2 t - (z_i + z_j + 2 A)/K), where A sums z over the K - 1
    nearest points of S and fewer than K are nearer than i. The mean of A needs, for each other point l, the
    probability that it is among them: for a nearer l, min(K, i)(min(K, i) - 1) / (2 i (i - 1)); for a farther one,
    R(R + 1) / (2 (l - 1)(l - 2)) with R = min(K - 1, l - 2), whatever i is. So two running sums suffice.
    Jia et al. (VLDB 2019), whose baseline is 0.

    Attributes:
        targets: of the training rows, minus the baseline, shape (n,).
        test_targets: of the test points, minus the baseline, shape (t,).
        k: K.
    """

    targets: Floats
    test_targets: Floats
    k: int
    metrics: tuple[str, ...] = ("minus squared error of the K neighbours' mean",)
    round_steps: int = 4
    width: int = 0
    by_rank: bool = True
    few: bool = True

    @property
    def n(self) -> int:
        return len(self.targets)

    @cached_property
    def _shares(self) -> tuple[Floats, Floats, Floats]:
        """Probabilities of each rank (n,): that fewer than K are nearer, and those of the other points above."""
        k, rank = self.k, np.arange(1, self.n + 1)
        few = np.minimum(k, rank) / rank
        near = few * (np.minimum(k, rank) - 1) / (2 * np.maximum(1, rank - 1))
        reach = np.clip(rank - 2, 0, k - 1)
        far = reach * (reach + 1) / (2 * np.maximum(1, (rank - 1) * (rank - 2)))
        return few, near, far

    def __call__(self, order: Indices, at: Indices) -> Worth:
        k, n = self.k, self.n
        z, t = self.targets[order], self.test_targets[at][:, None]
        few, near, far = self._shares
        nearer = np.cumsum(z, axis=1) - z  # sums over lower ranks
        farther = np.cumsum((z * far)[:, ::-1], axis=1)[:, ::-1]  # sums over this and higher ranks
        ranked = np.empty_like(z)
        sums = nearer[:, -1:] * near[-1]
        ranked[:, -1:] = z[:, -1:] / k * (few[-1] * (2 * t - z[:, -1:] / k) - 2 * sums / k)
        if n > 1:
            a, b = z[:, :-1], z[:, 1:]
            beyond = np.zeros_like(a)
            beyond[:, :-1] = farther[:, 2:]
            sums = nearer[:, :-1] * near[:-1] + beyond
            ranked[:, :-1] = (a - b) / k * (few[:-1] * (2 * t - (a + b) / k) - 2 * sums / k)
        values = unranked(np.cumsum(ranked[:, ::-1], axis=1), order[:, ::-1])
        return Worth(values, -(t[:, 0] ** 2), -((z[:, :k].sum(axis=1) / k - t[:, 0]) ** 2))
