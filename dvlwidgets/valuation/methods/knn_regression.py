"""KNN-Shapley for regression: what each point does to the squared error of its neighbours' mean."""

from __future__ import annotations

from typing import Any

from ...arguments import number
from ...data.dataset import Dataset
from ...utility.knn_checks import check_uniform, refuse_groups, targets
from .knn_job import Kernel, KnnValuation
from .knn_kernels import RegressionKernel


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
