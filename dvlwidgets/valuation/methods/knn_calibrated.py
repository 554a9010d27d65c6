"""Calibrated KNN-Shapley: large subsets only, so that 0 separates helpful from harmful points."""

from __future__ import annotations

from typing import Any

import numpy as np

from ...arguments import whole
from ...data.dataset import Dataset
from ...errors import InputError
from ...typing import SizeLaw
from ...utility.knn_checks import check_uniform, class_codes, refuse_groups
from .knn_job import Kernel, KnnValuation
from .knn_kernels import semivalue_hits, shapley_hits


class CalibratedKNNShapleyValuation(KnnValuation):
    """KNN-Shapley over large subsets only, which makes 0 the line between helpful and harmful points.

    Small subsets need any point with the right label, wherever it lies, and so inflate the values of the classic. Here
    the mean change that a point makes to v (that of `KNNShapleyValuation`) is taken over subsets of the others of
    `smallest` points or more, each size alike. With the default n - 2K only the nearest 3K points of a test point can
    matter to it. The values do not sum to v(N) - v(empty).

    Args:
        model: a KNeighborsClassifier with uniform weights; see `KNNShapleyValuation`.
        test_data: a Dataset whose points the values are averaged over.
        progress: draw a progress bar.
        seed: order in which test points are visited.
        smallest: the smallest subsets that count, at most n - 1; None = n - 2K (0 where that is negative).

    Raises:
        InputTypeError, InputError: as `KNNShapleyValuation`; from `fit`, for groups, or `smallest` above n - 1.

    References:
        Yang, Yue, Chen & Liu, On the inflation of KNN-Shapley value (2024, arXiv 2405.17489).
    """

    algorithm_name = "Calibrated KNN-Shapley"
    references = ("Yang, Yue, Chen & Liu, On the inflation of KNN-Shapley value, arXiv 2405.17489, 2024",)

    def __init__(
        self,
        model: Any,
        test_data: Dataset,
        *,
        progress: bool = False,
        seed: int | None = 0,
        smallest: int | None = None,
    ) -> None:
        super().__init__(model, test_data, progress=progress, seed=seed)
        check_uniform(model, "WeightedKNNShapleyValuation")
        self.smallest = None if smallest is None else whole("smallest", smallest, 0, "None takes n - 2K.")

    def size_law(self, n: int) -> SizeLaw:
        """The probabilities of the sizes 0..n-1 of the rest: uniform from the smallest that counts.

        Raises:
            InputError: if that is larger than n - 1.
        """
        least = max(0, n - 2 * int(self.model.n_neighbors)) if self.smallest is None else self.smallest
        if least > n - 1:
            raise InputError(
                f"smallest must be at most {n - 1} for {n} points, not {least}: no subset of the others is larger. "
                "Leave it out to take n - 2K."
            )
        return np.where(np.arange(n) >= least, 1.0 / (n - least), 0.0)

    def _kernel(self, data: Dataset) -> Kernel:
        refuse_groups(data, self.algorithm_name)
        codes, test_codes, _ = class_codes(data, self.test_data)
        k, law = int(self.model.n_neighbors), self.size_law(len(data))
        return shapley_hits(codes, test_codes, k) if law[0] else semivalue_hits(codes, test_codes, k, law)

    def _efficient(self, n: int) -> bool:
        return bool(self.size_law(n)[0])

    def _options(self) -> dict[str, Any]:
        return {"smallest": self.smallest}
