"""Threshold KNN-Shapley: neighbours are all points within a radius. Linear time, and values that follow an edit.

The value of a point for a test point depends only on whether it is near, whether it has the right label, and on two
counts: c near points, of which `right` have the right label. Points that are not near are worth 0; of the others c - 1
a random set of size k comes first, each size with probability 1/c, and moves the share from the mean of the set to
(k mean + hit) / (k + 1). So two numbers a test point say it all, and an edit changes them only for the test points
near the edited rows: O(n) each, without a matrix of distances being kept.
Wang, Zhu, Wang, Jia & Mittal, Threshold KNN-Shapley (NeurIPS 2023, arXiv 2308.15709).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...data import arrays
from ...data.dataset import Dataset
from ...engine.gate import Gate
from ...engine.job import NoReceipts
from ...engine.run import Loop
from ...errors import InputError, NotFittedError
from ...utility.knn_checks import check_chance, check_training_data, check_uniform, class_codes, refuse_groups
from ..fitted import Fitted
from ..result import ValuationResult
from .knn_edits import Edit, change
from .knn_job import Kernel, KnnJob, KnnValuation
from .knn_kernels import RadiusKernel
from .knn_stack import stacked

TRIED = 50
"""So many test points are asked for near points before any work."""


class ThresholdKNNShapleyValuation(KnnValuation):
    """Exact Shapley values for a `RadiusNeighborsClassifier`; `relabel`, `remove` and `add` update them at once.

    v(S) is the share of right labels among the points of S within the radius of a test point, or `chance` where there
    is none. The values sum to the share for all points minus that of a guess.

    Args:
        model: a RadiusNeighborsClassifier with uniform weights; its radius and metric are used, as in
            `KNNShapleyValuation`. Values of all points far from every test point are 0: choose the radius so that
            a test point has tens of neighbours.
        test_data: a Dataset whose points the values are averaged over.
        progress: draw a progress bar.
        seed: order in which test points are visited.
        chance: the score without neighbours; None = 1 / number of classes in the training and test data.

    Raises:
        InputTypeError, InputError: as `KNNShapleyValuation`; from `fit`, for groups, or a radius within which there
            is nothing.

    Example:
        >>> from sklearn.neighbors import RadiusNeighborsClassifier
        >>> from dvlwidgets import Dataset, ThresholdKNNShapleyValuation
        >>> valuation = ThresholdKNNShapleyValuation(RadiusNeighborsClassifier(0.5), Dataset([[0.0]], [1]))
        >>> valuation.fit(Dataset([[0.1], [0.2], [0.9]], [1, 0, 0])).values().values
        array([ 0.5, -0.5,  0. ])
        >>> valuation.relabel({1: 1}).values
        array([0.25, 0.25, 0.  ])

    References:
        Wang, Zhu, Wang, Jia & Mittal, Threshold KNN-Shapley: a linear-time and privacy-friendly approach to data
        valuation (NeurIPS 2023).
    """

    kind = "RadiusNeighborsClassifier"
    exact_distances = True  # who is within the radius must not depend on how distances are measured
    algorithm_name = "Threshold KNN-Shapley"
    references = ("Wang, Zhu, Wang, Jia & Mittal, Threshold KNN-Shapley, NeurIPS 2023",)

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
        check_uniform(model, self.instead)
        self.chance = check_chance(chance)

    @property
    def data(self) -> Dataset:
        """The training data that the values belong to, edits included.

        Raises:
            NotFittedError: before `fit`.
        """
        return self._complete()[0]

    def relabel(self, positions: Mapping[int, Any] | Any, labels: Any = None) -> ValuationResult:
        """Values after other labels for some points; arguments as in `Dataset.relabel`.

        Raises:
            NotFittedError: before a complete `fit`.
            InputError: for a label that is missing or of another kind.
        """
        data, _ = self._complete()
        edited = data.relabel(positions, labels)
        changed = np.flatnonzero(arrays.as_numpy(edited.y) != arrays.as_numpy(data.y))
        n = len(data)
        return self._edited(Edit(edited, data, changed, np.arange(n), np.arange(n)))

    def remove(self, positions: Any) -> ValuationResult:
        """Values without the points at these positions.

        Raises:
            NotFittedError: before a complete `fit`.
            InputError: if none is left, or distances are precomputed.
        """
        data, _ = self._complete()
        self._need_features("remove")
        kept = data.drop_indices(positions)
        after = np.flatnonzero(np.isin(data.ids, kept.ids))
        gone = np.setdiff1d(np.arange(len(data)), after)
        return self._edited(Edit(kept, data, gone, np.arange(len(data)), after))

    def add(self, points: Dataset) -> ValuationResult:
        """Values with more points, after the others.

        Args:
            points: with the same columns, and ids that the training data do not have (`Dataset(x, y, ids=...)`).

        Raises:
            NotFittedError: before a complete `fit`.
            InputError: if they do not go with the training data, or distances are precomputed.
        """
        data, _ = self._complete()
        self._need_features("add")
        check_training_data(points)
        more = stacked(data, points)
        new = np.arange(len(data), len(more))
        return self._edited(Edit(more, more, new, np.arange(len(data)), np.arange(len(more))))

    def _kernel(self, data: Dataset) -> Kernel:
        refuse_groups(data, self.algorithm_name)
        codes, test_codes, classes = class_codes(data, self.test_data)
        chance = 1.0 / classes if self.chance is None else self.chance
        return RadiusKernel(codes, test_codes, float(self.model.radius), chance)

    def _job(self, data: Any, seed: int) -> KnnJob:
        job = super()._job(data, seed)
        some = job.neighbours.distances(job.order[:TRIED])
        if some.min() > self.model.radius:
            raise InputError(
                f"radius={self.model.radius:g} is too small: none of {len(some)} test points has a training point so "
                f"near. Half of them have 10 within {np.median(np.sort(some, axis=1)[:, :10][:, -1]):.4g}: choose "
                "about that."
            )
        return job

    def _options(self) -> dict[str, Any]:
        return {"chance": self.chance}

    def _need_features(self, what: str) -> None:
        if self.model.metric == "precomputed":
            raise InputError(
                f"{what} needs features, but the distances are precomputed. Make a new valuation with the test data's "
                "distances to the new training rows."
            )

    def _complete(self) -> tuple[Dataset, KnnJob]:
        """Data and job of a finished run."""
        self._refuse_while_running()
        if self._loop is None or self._fitted is None or not self.is_fitted:
            raise NotFittedError(f"{self.algorithm_name} has no values yet. Call fit(data) first, then edit.")
        job: Any = self._fitted.job
        if not job.exact(self._loop.stats):
            raise NotFittedError(
                "values can be updated once all test points were visited; this run was stopped before. Call fit(data)."
            )
        return self._fitted.data, job

    def _edited(self, edit: Edit) -> ValuationResult:
        """Run the loop on the new data from statistics that the edit changed, so that nothing is left to do."""
        old_kernel: Any = self._complete()[1].kernel
        loop, fitted = self._loop, self._fitted
        assert loop is not None
        assert fitted is not None
        seed = int(fitted.header["seed"])
        new = KnnValuation._job(self, edit.data, seed)  # noqa: SLF001 -- of our own base, without trying the radius
        new_kernel: Any = new.kernel
        if old_kernel.chance == new_kernel.chance:
            mean = np.zeros(edit.union.n_rows)
            mean[edit.before] = loop.stats["mean"]
            more, gain = change(edit, self.test_data, self.model, old_kernel, new_kernel, new.chunk)
            stats = {
                "points": np.full(1, new.n_test, np.int64),
                "mean": mean[edit.after] + more,
                "m2": np.zeros(new.n),  # of no use once all test points were seen
                "ends": loop.stats["ends"] + [0.0, gain],
            }
            receipts = _Folded(new.total_steps, stats, loop.clock.seconds)
        else:  # another number of classes: the score without neighbours is another one for all
            receipts = _Folded(0, new.initial(None), loop.clock.seconds)
        header = self._header(edit.data, new, seed, needed=False)
        after = Loop(new, self.is_done, receipts=receipts, gate=Gate())
        for _ in after.frames():
            pass
        self._loop, self._fitted = after, Fitted(edit.data, header, receipts, new)
        return self.result


class _Folded(NoReceipts):
    """Receipts of a run that begins with some steps folded."""

    def __init__(self, step: int, stats: dict[str, NDArray[Any]], seconds: float) -> None:
        self.step, self.stats, self.seconds = step, stats, seconds

    def restore(self) -> tuple[int, Any] | None:
        return self.step, self.stats
