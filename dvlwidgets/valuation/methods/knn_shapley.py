"""KNN-Shapley and its soft-label kin: exact values of points (and groups) without a fit.

The utility of a subset is how well the K nearest neighbours in the subset do on a test point, averaged over test
points. The kin: `SoftLabelKNNShapleyValuation` scores subsets of fewer than K points fairly,
`CalibratedKNNShapleyValuation` looks at large subsets only, `WeightedKNNShapleyValuation` lets near neighbours count
for more, `ThresholdKNNShapleyValuation` takes all within a radius, `KNNRegressionShapleyValuation` predicts numbers.
"""

from __future__ import annotations

from typing import Any

from ...arguments import flag
from ...data.dataset import Dataset
from ...data.grouped import GroupedDataset
from ...errors import InputError
from ...utility.knn_checks import (
    EXACT_GROUPS,
    check_chance,
    check_device,
    check_dtype,
    check_uniform,
    class_codes,
    refuse_groups,
)
from ...utility.knn_neighbours import Neighbours
from .knn_groups import GroupKernel
from .knn_job import Kernel, KnnJob, KnnValuation
from .knn_kernels import shapley_hits, soft_hits


class KNNShapleyValuation(KnnValuation):
    """Exact Shapley values for a `KNeighborsClassifier`, without a fit; streams over test points.

    v(S) is the share of the K nearest neighbours in S with the right label, where fewer than K still divide by K;
    v(empty) = 0. So the values sum to the share for all points. A point of a small subset never takes from it, which
    inflates values: 0 is no threshold here. Groups get exact values too (`GroupedDataset`), which are not sums of
    their rows' values.

    Args:
        model: a KNeighborsClassifier with uniform weights; its n_neighbors and metric are used. Any metric of
            scikit-learn; with "precomputed" the test data's features are the distances to the training rows,
            shape (t, n_rows).
        test_data: a Dataset whose points the values are averaged over.
        progress: draw a progress bar.
        clone_before_fit: accepted for pyDVL's sake; the model is never fitted.
        seed: order in which test points are visited.
        dtype: "float64", or "float32" for Euclidean distances of dense features: half the memory beside the data.
            Points whose squared distances agree to about 6 digits, copies among them, may then change ranks, which
            moves a value by about the difference of two neighbouring ranks.
        device: None ranks with NumPy; "cuda", "cuda:1" or "cpu" with PyTorch there, likewise for Euclidean distances
            of dense features. The same values, but for rounding.

    Raises:
        InputTypeError: for another model, or test data that are no Dataset.
        InputError: for distance weights, or another dtype; from `fit`, for a device without PyTorch, or a device or
            float32 where distances are not Euclidean, features sparse, or points grouped.

    Example:
        >>> from sklearn.neighbors import KNeighborsClassifier
        >>> from dvlwidgets import Dataset, KNNShapleyValuation
        >>> test = Dataset([[0.0], [1.0]], [0, 1])
        >>> valuation = KNNShapleyValuation(KNeighborsClassifier(1), test, progress=False)
        >>> valuation.fit(Dataset([[0.1], [0.2], [0.9]], [1, 0, 1])).values().values.round(3)
        array([-0.083,  0.167,  0.417])

    References:
        Jia et al., Efficient task-specific data valuation for nearest neighbor algorithms (VLDB 2019).
    """

    algorithm_name = "KNN-Shapley"
    references = (
        "Jia et al., Efficient task-specific data valuation for nearest neighbor algorithms, VLDB 2019",
    )
    threshold = None

    def __init__(
        self,
        model: Any,
        test_data: Dataset,
        progress: bool = True,
        clone_before_fit: bool = True,
        *,
        seed: int | None = 0,
        dtype: str = "float64",
        device: str | None = None,
    ) -> None:
        super().__init__(model, test_data, progress=progress, seed=seed)
        check_uniform(model, "WeightedKNNShapleyValuation")
        self.clone_before_fit = flag("clone_before_fit", clone_before_fit)
        self.dtype, self.device = check_dtype(dtype), check_device(device)

    def _kernel(self, data: Dataset) -> Kernel:
        codes, test_codes, _ = class_codes(data, self.test_data)
        k = int(self.model.n_neighbors)
        if isinstance(data, GroupedDataset):
            if self.device is not None:
                raise InputError(
                    f"device={self.device!r} values points; values of groups are found by NumPy. Leave device out."
                )
            return GroupKernel(codes, test_codes, data.logical_indices(), len(data), k)
        return shapley_hits(codes, test_codes, k)

    def _on(self, neighbours: Neighbours, kernel: Kernel, seed: int) -> KnnJob:
        if self.device is None:
            return super()._on(neighbours, kernel, seed)
        from .knn_torch import TorchKnnJob

        return TorchKnnJob(neighbours, kernel, seed, device=self.device)

    def _options(self) -> dict[str, Any]:
        given = {} if self.dtype == "float64" else {"dtype": self.dtype}
        return given if self.device is None else {**given, "device": self.device}


class SoftLabelKNNShapleyValuation(KnnValuation):
    """KNN-Shapley with the probability that the neighbours give to the right label, also when they are fewer than K.

    v(S) is the share of right labels among the min(K, |S|) nearest neighbours in S; v(empty) is the share that a
    guess gets right. So the values sum to the share for all points minus that of a guess, and points with wrong
    labels take from small subsets as well.

    Args:
        model: a KNeighborsClassifier with uniform weights; see `KNNShapleyValuation`.
        test_data: a Dataset whose points the values are averaged over.
        progress: draw a progress bar.
        seed: order in which test points are visited.
        chance: v(empty); None = 1 / number of classes in the training and test data.

    Raises:
        InputTypeError, InputError: as `KNNShapleyValuation`; from `fit`, for groups.

    References:
        Wang & Jia, A note on "Efficient task-specific data valuation for nearest neighbor algorithms"
        (2023, arXiv 2304.04258).
    """

    algorithm_name = "Soft-label KNN-Shapley"
    references = ('Wang & Jia, A note on "Efficient task-specific data valuation", arXiv 2304.04258, 2023',)

    def __init__(
        self,
        model: Any,
        test_data: Dataset,
        *,
        progress: bool = False,
        seed: int | None = 0,
        chance: float | None = None,
    ) -> None:
        super().__init__(model, test_data, progress=progress, seed=seed)
        check_uniform(model, "WeightedKNNShapleyValuation")
        self.chance = check_chance(chance)

    def _kernel(self, data: Dataset) -> Kernel:
        sampled = "ShapleyValuation(KNNClassifierUtility(model, test_data, soft=True))"
        refuse_groups(data, self.algorithm_name, f"{sampled}, or {EXACT_GROUPS}")
        codes, test_codes, classes = class_codes(data, self.test_data)
        chance = 1.0 / classes if self.chance is None else self.chance
        return soft_hits(codes, test_codes, int(self.model.n_neighbors), chance)

    def _options(self) -> dict[str, Any]:
        return {"chance": self.chance}
